"""What packets give away of their sender: ``ClueReader`` turns those of one link into clues for ``identity``.

Requests for an address (DHCP), names asked for (DNS), services offered and looked for (mDNS), announcements (SSDP) and the
hellos of TLS. What a sender says *of others* is no clue: replies, searches over SSDP, and the names that a router asks for on
behalf of those behind it.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import NamedTuple

from gateway.model.device import Mac
from gateway.model.identity import Clue, Signal
from gateway.model.packet import SYN, TCP, UDP, FlowKey, Packet, key_of

from . import dhcp, mdns, ssdp
from .dns import parse_dns
from .ja4 import ja4
from .link import LINKS
from .maker import registered_maker
from .tcp import HalfStream
from .tls import ClientHello, parse_client_hello, starts_hello

MAX_HELLOS = 64
"""TLS hellos read at one time; the oldest gives way."""
MAX_HELLO_BYTES = 16_384
MAX_HELLO_PACKETS = 16
MAX_ROUTERS = 1_024
MAX_TEXT = 255
_DNS_PORT = 53
_NO_MAC = Mac("00:00:00:00:00:00")
_HOME = tuple(
    (int(network.network_address), int(network.netmask))
    for network in map(
        IPv4Network, ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
    )
)
"""Addresses that a device of a home may have (RFC 1918, 3927, 6598), and none at all."""


class Sign(NamedTuple):
    """A clue, and whose it is."""

    device: Mac
    clue: Clue


def address_clues(mac: Mac, at: float = 0.0) -> Iterator[Clue]:
    """What a hardware address says: itself, and who its prefix is registered to."""
    yield Clue(Signal.OUI, mac, at)
    if maker := registered_maker(mac):
        yield Clue(Signal.MAKER, maker, at)


def sender_of(data: bytes, link_type: int) -> Mac | None:
    """Who sent a frame, whatever is in it; None where the link has no addresses."""
    opener = LINKS.get(link_type)
    layer = opener(data) if opener is not None else None
    mac = layer.macs[0] if layer is not None else None
    return None if mac is None or mac == _NO_MAC or int(mac[:2], 16) & 1 else mac


class ClueReader:
    """Reads the packets of one link, in their order. Bounded: ``MAX_HELLOS`` hellos of ``MAX_HELLO_BYTES`` at one time."""

    def __init__(self) -> None:
        self._hellos: dict[FlowKey, _Hello] = {}
        self._routers: set[Mac] = set()

    def read(self, sender: Mac, packet: Packet, at: float = 0.0) -> Iterator[Sign]:
        """The clues in one packet. Whatever its bytes, nothing is raised."""
        if packet.fragment is not None:
            return
        self._note_router(sender, packet)
        if packet.proto == UDP:
            yield from self._read_datagram(sender, packet, at)
        elif packet.proto == TCP and sender not in self._routers:
            hello = self._read_segment(packet)
            if hello is not None:
                yield Sign(sender, Clue(Signal.JA4, ja4(hello), at))

    def _note_router(self, sender: Mac, packet: Packet) -> None:
        """Who sends under an IPv4 address that no home has forwards what others say."""
        if packet.version == 4 and sender not in self._routers and len(self._routers) < MAX_ROUTERS:
            address = int.from_bytes(packet.src)
            if all(address & mask != network for network, mask in _HOME):
                self._routers.add(sender)

    def _read_datagram(self, sender: Mac, packet: Packet, at: float) -> Iterator[Sign]:
        data = packet.payload
        if packet.dport == dhcp.SERVER_PORT:
            request = dhcp.parse_dhcp(data)
            if request is not None:
                for signal, value in _dhcp_values(request):
                    yield Sign(request.client, Clue(signal, value, at))
        elif packet.dport == _DNS_PORT and sender not in self._routers:
            message = parse_dns(data)
            if message is not None and not message.is_response and message.question is not None and message.question.name:
                yield Sign(sender, Clue(Signal.DNS, message.question.name[:MAX_TEXT], at))
        elif packet.sport == mdns.PORT:
            for value in _mdns_values(mdns.parse_mdns(data)):
                yield Sign(sender, Clue(Signal.MDNS, value[:MAX_TEXT], at))
        elif ssdp.PORT in (packet.sport, packet.dport):
            for value in _ssdp_values(ssdp.parse_ssdp(data)):
                yield Sign(sender, Clue(Signal.SSDP, value[:MAX_TEXT], at))

    def _read_segment(self, packet: Packet) -> ClientHello | None:
        """The hello that this segment completes."""
        key = key_of(packet)
        hello = self._hellos.get(key)
        if hello is None:
            if not (packet.flags & SYN or packet.payload and starts_hello(packet.payload)):
                return None
            if len(self._hellos) >= MAX_HELLOS:
                del self._hellos[next(iter(self._hellos))]
            hello = self._hellos[key] = _Hello()
        try:
            found = hello.feed(packet)
        except ValueError:
            del self._hellos[key]
            return None
        if found is not None or hello.spent:
            del self._hellos[key]
        return found


class _Hello:
    """One direction of a connection, until its hello is whole."""

    __slots__ = ("_packets", "_stream")

    def __init__(self) -> None:
        self._stream = HalfStream(MAX_HELLO_BYTES)
        self._packets = 0

    @property
    def spent(self) -> bool:
        return self._packets >= MAX_HELLO_PACKETS or self._stream.overflow

    def feed(self, packet: Packet) -> ClientHello | None:
        """The hello, or None where more is needed; ValueError: there is none."""
        self._packets += 1
        grew = self._stream.add(packet.seq, packet.payload, syn=bool(packet.flags & SYN))
        return parse_client_hello(bytes(self._stream.data)) if grew else None


def _dhcp_values(request: dhcp.DhcpRequest) -> Iterator[tuple[Signal, str]]:
    if name := _text(request.host_name):
        yield Signal.HOSTNAME, name
    if vendor_class := _text(request.vendor_class):
        yield Signal.VENDOR_CLASS, vendor_class
    if request.parameters:
        yield Signal.PARAM_LIST, ",".join(map(str, request.parameters))[:MAX_TEXT]


def _mdns_values(message: mdns.MdnsMessage | None) -> Iterator[str]:
    """A service, then what is said of it; what is asked for is marked so."""
    for kind in message.asked if message else ():
        yield f"{kind} (asked for)"
    for service in message.offered if message else ():
        yield service.type
        if service.name:
            yield f"{service.type} with name {service.name}"
        for key, value in service.txt:
            if key in TELLING_KEYS and value:
                yield f"{service.type} with {key}={value}"


TELLING_KEYS = frozenset(("md", "model", "manufacturer", "am", "mdl", "systype", "ty", "usb_mfg", "vendor", "brand"))
"""Keys of TXT records that say what a device is: the others are states, numbers and names that people gave."""


def _ssdp_values(notice: ssdp.SsdpNotice | None) -> Iterator[str]:
    if notice is not None:
        if ":" in notice.target and not notice.target.startswith(("uuid:", "upnp:")):
            yield f"ST {notice.target}"
        if notice.server:
            yield f"SERVER {notice.server}"


def _text(raw: bytes) -> str:
    """Printable text of what a client wrote, without blanks at its ends."""
    return "".join(char for char in raw[:MAX_TEXT].decode("utf-8", "replace") if char.isprintable()).strip()
