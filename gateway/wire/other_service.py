"""Protocols known by their port: each entry of ``BY_PORT`` says how to tell it cheaply, and what Scapy has to agree to.

A reader gets the whole payload of one datagram and returns a remark, or None for "not this".
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .dissector import dissect, layer_class
from .other_remark import remark, text_of

MAX_NAMES = 3
MAX_RECORDS = 200


class Service(NamedTuple):
    """One protocol on its ports."""

    app_proto: str
    read: Callable[[bytes], str | None]


def read_dhcp(data: bytes) -> str | None:
    """BOOTP with DHCP's options (RFC 2131): what the device says of itself. A capture may have cut them off."""
    if len(data) < 44 or data[0] not in (1, 2) or data[2] > 16:
        return None
    packet = dissect(layer_class("scapy.layers.dhcp", "BOOTP"), data)
    if packet is None or not packet.haslayer("DHCP options"):
        return "BOOTP" if packet is not None and data[1:3] == b"\x01\x06" else None
    options = {option[0]: option[1:] for option in packet["DHCP options"].options if isinstance(option, tuple)}
    kinds = layer_class("scapy.layers.dhcp", "DHCPTypes") or {}
    kind = _first(options, "message-type")
    name = _first(options, "hostname") or _first(options, "client_FQDN")
    wanted = ",".join(str(number) for number in (_first(options, "param_req_list") or ()))
    return remark(
        kinds.get(kind, "BOOTP"),
        hostname=name,
        vendor=_first(options, "vendor_class_id"),
        parameters=wanted,
    )


def _first(options: dict[str, tuple[Any, ...]], name: str) -> Any:
    values = options.get(name)
    return values[0] if values else None


def read_dhcpv6(data: bytes) -> str | None:
    """RFC 8415."""
    if len(data) < 4 or not 1 <= data[0] <= 13:
        return None
    packet = dissect(layer_class("scapy.layers.dhcp6", "_dhcp6_dispatcher"), data)
    if packet is None:
        return None
    fqdn = packet.getlayer("DHCP6OptClientFQDN")
    return remark(packet.name, hostname=fqdn.fqdn if fqdn is not None else b"")


def read_mdns(data: bytes) -> str | None:
    """RFC 6762: the first names asked for, or the first records told."""
    return _read_names("scapy.layers.dns", "DNS", data)


def read_llmnr(data: bytes) -> str | None:
    """RFC 4795."""
    return _read_names("scapy.layers.llmnr", "LLMNRQuery", data)


def _read_names(module: str, name: str, data: bytes) -> str | None:
    counts = [int.from_bytes(data[at : at + 2]) for at in (4, 6, 8, 10)]
    if len(data) < 17 or not 0 < sum(counts) <= MAX_RECORDS or data[2] & 0x70:
        return None
    packet = dissect(layer_class(module, name), data)
    asked = _readable(packet.qd, "qname") if packet is not None else []
    told = _readable(packet.an, "rrname") if packet is not None else []
    if bool(asked) != bool(counts[0]) or not (asked or told) and counts[1]:
        return None
    names = [_told(record) for record in told] if data[2] & 0x80 else [text_of(record.qname) for record in asked]
    return remark("answer" if data[2] & 0x80 else "query", of=" ".join(names))


def _readable(records: Any, name: str) -> list[Any]:
    """The first records that Scapy could read: the last one of a cut message has no name."""
    return [record for record in (records or ())[:MAX_NAMES] if name in record.fields]


def _told(record: Any) -> str:
    target = text_of(record.rdata) if record.type == 12 else ""  # PTR: its target is the instance or host
    return target or text_of(record.rrname)


def read_nbns(data: bytes) -> str | None:
    """RFC 1002, 4.2: NetBIOS names."""
    if len(data) < 50 or data[12] != 32 or not 0 < sum(data[5:12:2]) <= 4:
        return None
    packet = dissect(layer_class("scapy.layers.netbios", "NBNSHeader"), data)
    if packet is None or packet.payload.name == "Raw":
        return None
    name = packet.payload.fields.get("QUESTION_NAME") or packet.payload.fields.get("RR_NAME") or b""
    return remark(packet.payload.name, name=name)


def read_nbdgm(data: bytes) -> str | None:
    """RFC 1002, 4.4: NetBIOS datagrams."""
    if len(data) < 14 or not 0x10 <= data[0] <= 0x16:
        return None
    packet = dissect(layer_class("scapy.layers.netbios", "NBTDatagram"), data)
    return remark("datagram", source=packet.SourceName) if packet is not None else None


_NTP_MODES = {
    1: "symmetric active", 2: "symmetric passive", 3: "client", 4: "server", 5: "broadcast", 6: "control", 7: "private",
}  # fmt: skip


def read_ntp(data: bytes) -> str | None:
    """RFC 5905, and the control and private modes beside it."""
    version, mode = data[0] >> 3 & 7, data[0] & 7
    if not 1 <= version <= 4 or mode == 0 or len(data) < (48 if mode < 6 else 8 if mode == 7 else 12):
        return None
    packet = dissect(layer_class("scapy.layers.ntp", "NTP"), data)
    if packet is None or packet.version != version or mode < 6 and packet.stratum > 16:
        return None
    return remark(_NTP_MODES[mode], version=version)


def read_coap(data: bytes) -> str | None:
    """RFC 7252."""
    if len(data) < 4 or data[0] >> 6 != 1 or data[0] & 0x0F > 8 or data[1] >> 5 not in (0, 2, 4, 5):
        return None
    packet = dissect(layer_class("scapy.contrib.coap", "CoAP"), data)
    if packet is None or packet.ver != 1 or packet.tkl != len(packet.token or b"") or not data[1] and len(data) != 4:
        return None
    options = packet.options or []
    if any(isinstance(number, int) and number > 2053 for number, _ in options):  # beyond IANA's registry
        return None
    path = b"".join(b"/" + value for number, value in options if number == "Uri-Path")
    return remark(packet.sprintf("%CoAP.code%"), path=path)


def read_snmp(data: bytes) -> str | None:
    """RFC 1157, 1901."""
    if len(data) < 12 or data[0] != 0x30:
        return None
    packet = dissect(layer_class("scapy.layers.snmp", "SNMP"), data)
    if packet is None or packet.name != "SNMP" or getattr(packet.version, "val", 9) > 1:
        return None
    return remark(getattr(packet.PDU, "name", "message"))


def read_tftp(data: bytes) -> str | None:
    """RFC 1350: a request is what goes to its port."""
    if len(data) < 6 or data[:2] not in (b"\x00\x01", b"\x00\x02") or data[-1]:
        return None
    packet = dissect(layer_class("scapy.layers.tftp", "TFTP"), data)
    name = packet.payload.fields.get("filename") if packet is not None else None
    return remark("read" if data[1] == 1 else "write", file=name) if name else None


_MDNS = Service("mdns", read_mdns)
_DHCP, _DHCPV6 = Service("dhcp", read_dhcp), Service("dhcpv6", read_dhcpv6)
_COAP, _SNMP = Service("coap", read_coap), Service("snmp", read_snmp)
BY_PORT: dict[int, Service] = {
    67: _DHCP,
    68: _DHCP,
    69: Service("tftp", read_tftp),
    123: Service("ntp", read_ntp),
    137: Service("nbns", read_nbns),
    138: Service("nbdgm", read_nbdgm),
    161: _SNMP,
    162: _SNMP,
    546: _DHCPV6,
    547: _DHCPV6,
    5353: _MDNS,
    5355: Service("llmnr", read_llmnr),
    5683: _COAP,
}
