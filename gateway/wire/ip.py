"""The IP, TCP, UDP and ICMP headers of one packet, from its network layer up (RFC 791, 8200, 9293, 768).

A ``Packet`` of a *fragment* carries everything after the IP headers in its payload, transport header included: only
``fragment.Reassembler`` can say where the header ends. Its ports are 0.
"""

from struct import Struct
from typing import NamedTuple

from gateway.model.packet import ICMP, ICMPV6, SYN, TCP, UDP, Packet

MAX_EXTENSIONS = 8
"""IPv6 extension headers walked before a packet counts as garbage."""

_PLAIN_TCP4 = Struct("!BxHHHxBxx4s4sHHIxxxxBB")
_V4 = Struct("!BxHHHxBxx4s4s")
_V6 = Struct("!IHBx16s16s")
_TCP = Struct("!HHIxxxxBB")
_UDP = Struct("!HHH")
_FRAGMENT6 = Struct("!BxHI")

_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION, _MOBILITY, _HIP, _SHIM6 = 0, 43, 44, 51, 60, 135, 139, 140
_EXTENSIONS = frozenset((_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION, _MOBILITY, _HIP, _SHIM6))


def decode_ip(data: bytes) -> Packet | None:
    """The packet, or None for what is no IP, is cut before its ports, or contradicts its own lengths. Never raises.

    About 1 us for TCP over IPv4 without options; at most ``MAX_EXTENSIONS`` steps for anything else.
    """
    if len(data) < 40:
        return _decode_short(data)
    if data[0] == 0x45 and data[9] == TCP:
        _, length, _, fragment, proto, src, dst, sport, dport, seq, offset, flags = _PLAIN_TCP4.unpack_from(data)
        start = 20 + (offset >> 4 << 2)
        if not fragment & 0x3FFF and 40 <= start <= length:
            return Packet(
                4, src, dst, proto, sport, dport, flags, seq, data[start:length], length, length - start,
                None, data[40:start] if flags & SYN else b"",
            )  # fmt: skip
    return _decode_v6(data) if data[0] >> 4 == 6 else _decode_v4(data)


def decode_transport(datagram: Packet) -> Packet | None:
    """The whole packet of a reassembled datagram, whose payload still starts at its first header after the IP header."""
    data = datagram.payload
    base = datagram.length - datagram.payload_length
    head = _Head(datagram.version, datagram.src, datagram.dst, datagram.length)
    if datagram.version == 6:
        return _walk(head, data, nexthdr=datagram.proto, at=0, end=datagram.payload_length, base=base)
    return _transport(head, data, proto=datagram.proto, at=0, end=datagram.payload_length)


def _decode_short(data: bytes) -> Packet | None:
    """Fewer than 40 bytes: no IPv6, and no TCP over IPv4."""
    return _decode_v4(data) if len(data) >= 20 and data[0] >> 4 == 4 else None


class _Head(NamedTuple):
    """What the network layer says."""

    version: int
    src: bytes
    dst: bytes
    length: int


def _decode_v4(data: bytes) -> Packet | None:
    first, length, ident, fragment, proto, src, dst = _V4.unpack_from(data)
    start = (first & 0xF) << 2
    length = length or len(data)  # 0 where the network card was to cut the packet into segments
    if first >> 4 != 4 or start < 20 or length < start or len(data) < start:
        return None
    head = _Head(4, src, dst, length)
    if fragment & 0x3FFF:
        offset = (fragment & 0x1FFF) << 3
        piece = (ident, offset, bool(fragment & 0x2000))
        return _fragment(head, data, proto=proto, at=start, end=length, piece=piece)
    return _transport(head, data, proto=proto, at=start, end=length)


def _decode_v6(data: bytes) -> Packet | None:
    _, payload_length, nexthdr, src, dst = _V6.unpack_from(data)
    length = 40 + payload_length if payload_length else len(data)  # 0: a jumbogram, or segmentation as above
    return _walk(_Head(6, src, dst, length), data, nexthdr=nexthdr, at=40, end=length, base=0)


def _walk(head: _Head, data: bytes, *, nexthdr: int, at: int, end: int, base: int) -> Packet | None:
    """Walk the extension headers (RFC 8200 section 4) to the transport header."""
    for _ in range(MAX_EXTENSIONS + 1):
        if nexthdr not in _EXTENSIONS:
            return _transport(head, data, proto=nexthdr, at=at, end=end)
        if at + 8 > end or at + 8 > len(data):
            return None
        if nexthdr == _FRAGMENT:
            nexthdr, position, ident = _FRAGMENT6.unpack_from(data, at)
            at += 8
            if position & 0xFFF9:  # else an atomic fragment: whole by itself (RFC 6946)
                piece = (ident, position & 0xFFF8, bool(position & 1))
                return _fragment(head, data, proto=nexthdr, at=at, end=end, piece=piece)
            continue
        size = (data[at + 1] + 2) << 2 if nexthdr == _AUTHENTICATION else (data[at + 1] + 1) << 3
        nexthdr, at = data[at], at + size
        if at > end:
            return None
    return None


def _fragment(head: _Head, data: bytes, *, proto: int, at: int, end: int, piece: tuple[int, int, bool]) -> Packet | None:
    version, src, dst, length = head
    return Packet(version, src, dst, proto, 0, 0, 0, 0, data[at:end], length, end - at, piece)


def _transport(head: _Head, data: bytes, *, proto: int, at: int, end: int) -> Packet | None:
    version, src, dst, length = head
    if proto == TCP:
        if at + 14 > len(data):
            return None
        sport, dport, seq, offset, flags = _TCP.unpack_from(data, at)
        start = at + (offset >> 4 << 2)
        if start < at + 20 or start > end:
            return None
        options = data[at + 20 : start] if flags & SYN else b""
        return Packet(version, src, dst, TCP, sport, dport, flags, seq, data[start:end], length, end - start, None, options)
    if proto == UDP:
        if at + 8 > len(data) or at + 8 > end:
            return None
        sport, dport, size = _UDP.unpack_from(data, at)
        if size < 8:  # 0 in jumbograms (RFC 2675): what the IP header states counts
            size = end - at
        if at + size != end:  # bytes behind a datagram belong to nobody
            return None
        return Packet(version, src, dst, UDP, sport, dport, 0, 0, data[at + 8 : at + size], length, size - 8)
    if proto == ICMP or proto == ICMPV6:
        if at + 4 > len(data) or at + 8 > end:
            return None
        return Packet(version, src, dst, proto, data[at], data[at + 1], 0, 0, data[at + 8 : end], length, end - at - 8)
    return Packet(version, src, dst, proto, 0, 0, 0, 0, data[at:end], length, end - at)
