"""Everything a gadget speaks that has no fast parser, as Scapy reads it: ``OtherReader``, one per flow.

A byte or two, a length or a port make a protocol plausible; only then is Scapy paid (0.2 to 0.7 ms a packet), and only
what Scapy then dissects without contradiction is reported. ``other_service`` knows protocols by port, ``other_media``,
``other_text`` and ``other_mqtt`` by their bytes.
"""

from gateway.model.facts import Facts
from gateway.model.packet import ICMP, ICMPV6, TCP, UDP, Packet

from . import other_media as media
from .dissector import dissect, layer_class
from .other_mqtt import PORT as MQTT_PORT
from .other_mqtt import may_become_mqtt, read_mqtt
from .other_remark import remark
from .other_service import BY_PORT
from .other_text import may_become_text, read_text

MAX_PACKETS = 8
"""Packets with payload looked at in one flow."""
MAX_BYTES = 4096
"""Bytes of a stream's beginning kept in each direction."""
MAX_DATAGRAM_BYTES = 2048
"""What Scapy gets of one datagram: its time grows with its input."""

UNKNOWN = Facts()
_DNS_PORT = 53
_IGMP = 2
_IGMP_KINDS = frozenset({0x11, 0x12, 0x16, 0x17, 0x22, 0x30, 0x31, 0x32})
_ICMP_KINDS = {
    (ICMP, 0): "echo reply", (ICMP, 3): "destination unreachable", (ICMP, 5): "redirect", (ICMP, 8): "echo request",
    (ICMP, 11): "time exceeded", (ICMPV6, 1): "destination unreachable", (ICMPV6, 2): "packet too big",
    (ICMPV6, 3): "time exceeded", (ICMPV6, 128): "echo request", (ICMPV6, 129): "echo reply",
    (ICMPV6, 130): "listener query", (ICMPV6, 131): "listener report", (ICMPV6, 133): "router solicitation",
    (ICMPV6, 134): "router advertisement", (ICMPV6, 135): "neighbour solicitation",
    (ICMPV6, 136): "neighbour advertisement", (ICMPV6, 143): "listener report",
}  # fmt: skip


class OtherReader:
    """One flow that no fast parser knew. Holds at most ``MAX_BYTES`` a direction (streams) or a few integers (datagrams)."""

    __slots__ = ("done", "_proto", "_ports", "_seen", "_told", "_trails", "_streams")

    def __init__(self, proto: int, sport: int, dport: int) -> None:
        self.done = False
        self._proto = proto
        self._ports = (dport, sport)
        self._seen = 0
        self._told = False
        self._trails: list[media.MediaTrail | None] = [None, None]
        self._streams: list[_Stream | None] = [None, None]

    def feed(self, packet: Packet, direction: int) -> Facts | None:
        """What the flow speaks; ``unknown``: none of these; None: the packet must wait for more.

        ``direction`` is 0 or 1. After ``unknown`` the flow may be judged; as long as it is not ``done``, a later packet may
        still tell (voice that starts after a few datagrams of somebody's own making).
        """
        if self.done or packet.fragment is not None or not packet.payload and packet.proto in (TCP, UDP):
            return UNKNOWN if self.done or self._told else None
        self._seen += 1
        try:
            facts = self._read(packet, 1 if direction else 0)
        except Exception:
            # Where bytes are odd, Scapy's fields hold values of any type, and some dissect only when they are looked at:
            # whatever that raises means "not this". `dissect` is the other half of this boundary.
            facts = UNKNOWN
        found = facts is not None and facts is not UNKNOWN
        self.done = found or self._seen >= MAX_PACKETS
        self._told = self._told or self.done or facts is UNKNOWN
        return facts if found else UNKNOWN if self._told else None

    def _read(self, packet: Packet, direction: int) -> Facts | None:
        if self._proto == UDP:
            return self._read_datagram(packet.payload, direction)
        if self._proto == TCP:
            return self._read_stream(packet, direction)
        if self._proto in (ICMP, ICMPV6):
            kind = _ICMP_KINDS.get((packet.proto, packet.sport), f"type {packet.sport}")
            return Facts(app_proto="icmp" if packet.proto == ICMP else "icmpv6", dissector="fast", detail=kind)
        return _read_igmp(packet.payload) if self._proto == _IGMP else UNKNOWN

    def _read_datagram(self, data: bytes, direction: int) -> Facts | None:
        service = BY_PORT.get(self._ports[0]) or BY_PORT.get(self._ports[1])
        if service is not None and _DNS_PORT not in self._ports:
            found = service.read(data[:MAX_DATAGRAM_BYTES])
            if found is not None:
                return _facts(service.app_proto, found)
        first = data[0]
        if first < 0x40:
            return _facts_or_unknown("stun", media.read_stun(data[:MAX_DATAGRAM_BYTES], port_known=self._on_stun_port))
        if first & 0xC0 == 0x80:
            return self._read_media(data, direction)
        if first & 0xF0 == 0x40 and self._on_stun_port:
            return _facts_or_unknown("stun", media.read_channel_data(data[:MAX_DATAGRAM_BYTES]))
        if 0x41 <= first <= 0x5A:
            text = read_text(data[:MAX_DATAGRAM_BYTES], datagram=True)
            return _facts(*text) if text is not None else UNKNOWN
        return UNKNOWN

    def _read_media(self, data: bytes, direction: int) -> Facts | None:
        trail = self._trails[direction]
        if trail is None:
            trail = self._trails[direction] = media.MediaTrail()
        control = media.read_rtcp(data[:MAX_DATAGRAM_BYTES], trail)
        if control is not None:
            return _facts("rtcp", control)
        if not media.plausible_rtp(data):
            return UNKNOWN
        trail.follow(data)
        return _facts_or_unknown("rtp", media.read_rtp(data[:MAX_DATAGRAM_BYTES])) if trail.sure else None

    def _read_stream(self, packet: Packet, direction: int) -> Facts | None:
        stream = self._streams[direction]
        if stream is None:
            stream = self._streams[direction] = _Stream(packet.seq)
        data = stream.take(packet)
        on_mqtt_port = MQTT_PORT in self._ports
        found = read_mqtt(data, port_known=on_mqtt_port)
        if found is not None:
            return _facts("mqtt", found)
        text = read_text(data, datagram=False) if 0x41 <= data[0] <= 0x5A else None
        if text is not None:
            return _facts(*text)
        spoken = media.read_stun_stream(data, port_known=self._on_stun_port)
        if spoken is not None:
            return _facts("stun", spoken)
        more = may_become_text(data) or may_become_mqtt(data)
        return None if more and len(data) < MAX_BYTES else UNKNOWN

    @property
    def _on_stun_port(self) -> bool:
        return not media.STUN_PORTS.isdisjoint(self._ports)


class _Stream:
    """The beginning of one direction of a TCP connection; segments that do not come in order are left out."""

    __slots__ = ("_data", "_next")

    def __init__(self, sequence: int) -> None:
        self._data = b""
        self._next = sequence

    def take(self, packet: Packet) -> bytes:
        """What is known of the stream's beginning, with this segment."""
        if packet.seq == self._next and len(self._data) < MAX_BYTES:
            self._data = (self._data + packet.payload)[:MAX_BYTES]
            self._next = packet.seq + packet.payload_length & 0xFFFFFFFF
        return self._data


def _facts(app_proto: str, detail: str) -> Facts:
    return Facts(app_proto=app_proto, dissector="scapy", detail=detail)


def _facts_or_unknown(app_proto: str, detail: str | None) -> Facts:
    return _facts(app_proto, detail) if detail is not None else UNKNOWN


def _read_igmp(data: bytes) -> Facts:
    """RFC 2236, 3376."""
    layer = layer_class("scapy.layers.igmp", "IGMP") or layer_class("scapy.contrib.igmp", "IGMP")  # its place before 2.8
    known = len(data) >= 8 and data[0] in _IGMP_KINDS
    packet = dissect(layer, data[:MAX_DATAGRAM_BYTES]) if known else None
    return _facts("igmp", remark(packet.sprintf("%type%"))) if packet is not None else UNKNOWN
