"""Frames made by hand, field by field and false where wanted: what a kernel would not send for a program.

Every builder gives bytes; the layers are put together from the inside: ``ethernet(ipv4(tcp(b"…", …), …), …)``.
"""

import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Any

from gateway.model.device import mac_to_bytes

ETH_IPV4, ETH_IPV6, ETH_ARP, ETH_VLAN, ETH_QINQ = 0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION = 0, 43, 44, 51, 60
FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
MSS = bytes.fromhex("020405b4")
BROADCAST = "ff:ff:ff:ff:ff:ff"


def packed(address: str) -> bytes:
    """An IP address as bytes."""
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def between(*, src: str, dst: str, **more: Any) -> dict[str, Any]:
    """What several layers of a packet are told alike."""
    return {"src": src, "dst": dst, **more}


def checksum(data: bytes) -> int:
    """Of the internet (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def transport_checksum(segment: bytes, *, src: str, dst: str, proto: int) -> int:
    """Over the pseudo-header of either family."""
    if ":" in dst:
        pseudo = packed(src) + packed(dst) + struct.pack("!IxxxB", len(segment), proto)
    else:
        pseudo = packed(src) + packed(dst) + struct.pack("!xBH", proto, len(segment))
    return checksum(pseudo + segment)


def ethernet(payload: bytes, *, dst: str, src: str, kind: int, tags: Iterable[tuple[int, int]] = ()) -> bytes:
    """A frame; ``tags``: (EtherType of the tag, its 16 bits), outermost first."""
    marks = b"".join(struct.pack("!HH", tag, value) for tag, value in tags)
    return mac_to_bytes(dst) + mac_to_bytes(src) + marks + kind.to_bytes(2) + payload


def ipv4(
    payload: bytes,
    *,
    src: str,
    dst: str,
    proto: int,
    ttl: int = 64,
    ident: int = 0,
    flags: int = 0,
    offset: int = 0,
    options: bytes = b"",
    length: int | None = None,
) -> bytes:
    """``flags``: 2 don't fragment, 1 more fragments; ``offset`` in bytes; ``length``: another than the true total length."""
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4
    total = words * 4 + len(payload) if length is None else length
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, total, ident, flags << 13 | offset // 8, ttl, proto, 0)
    head += packed(src) + packed(dst) + options
    return head[:10] + checksum(head).to_bytes(2) + head[12:] + payload


def ipv6(payload: bytes, *, src: str, dst: str, proto: int, ttl: int = 64, length: int | None = None) -> bytes:
    """``proto``: the first next header; ``ttl``: the hop limit."""
    size = len(payload) if length is None else length
    return struct.pack("!IHBB", 6 << 28, size, proto, ttl) + packed(src) + packed(dst) + payload


def ip(payload: bytes, *, src: str, dst: str, proto: int, ttl: int = 64) -> bytes:
    """Either family, by the addresses."""
    build = ipv6 if ":" in dst else ipv4
    return build(payload, src=src, dst=dst, proto=proto, ttl=ttl)


def options_header(proto: int, *options: tuple[int, bytes]) -> bytes:
    """An IPv6 hop-by-hop or destination options header with (type, data) of each; ``proto`` follows it."""
    body = b"".join(struct.pack("!BB", kind, len(data)) + data for kind, data in options)
    pad = -(2 + len(body)) % 8
    body += b"" if not pad else b"\0" if pad == 1 else bytes([1, pad - 2]) + b"\0" * (pad - 2)
    return bytes([proto, (len(body) + 2) // 8 - 1]) + body


def routing_header(proto: int, *, kind: int, left: int, data: bytes) -> bytes:
    """An IPv6 routing header; ``data`` is filled up to whole units."""
    data += b"\0" * (-(4 + len(data)) % 8)
    return struct.pack("!BBBB", proto, (4 + len(data)) // 8 - 1, kind, left) + data


def authentication_header(proto: int, data: bytes, *, unit: int = 4) -> bytes:
    """AH (RFC 4302) with ``data`` as its check value; ``unit``: 8 for IPv6."""
    data += b"\0" * (-(12 + len(data)) % unit)
    return struct.pack("!BBHII", proto, (12 + len(data)) // 4 - 2, 0, 0x100, 1) + data


def fragment_header(proto: int, *, offset: int, more: bool, ident: int) -> bytes:
    """IPv6."""
    return struct.pack("!BBHI", proto, 0, offset | more, ident)


def fragments(payload: bytes, size: int, *, src: str, dst: str, proto: int, ident: int) -> Iterator[bytes]:
    """A payload in pieces of ``size`` (a multiple of 8) bytes, of either family."""
    for offset in range(0, len(payload), size):
        more = offset + size < len(payload)
        yield fragment(payload[offset : offset + size], offset, more, src=src, dst=dst, proto=proto, ident=ident)


def fragment(data: bytes, offset: int, more: bool, *, src: str, dst: str, proto: int, ident: int) -> bytes:
    """One piece."""
    if ":" in dst:
        head = fragment_header(proto, offset=offset, more=more, ident=ident)
        return ipv6(head + data, src=src, dst=dst, proto=FRAGMENT)
    return ipv4(data, src=src, dst=dst, proto=proto, ident=ident, flags=int(more), offset=offset)


def tcp(
    payload: bytes,
    *,
    src: str,
    dst: str,
    sport: int,
    dport: int,
    seq: int,
    ack: int = 0,
    flags: int = ACK,
    options: bytes = b"",
    urgent: int = 0,
    bad: bool = False,
) -> bytes:
    """``bad``: with a false checksum."""
    options += b"\1" * (-len(options) % 4)
    words = 5 + len(options) // 4
    head = struct.pack("!HHIIBBHHH", sport, dport, seq % 2**32, ack % 2**32, words << 4, flags, 64240, 0, urgent)
    segment = head + options + payload
    right = transport_checksum(segment, src=src, dst=dst, proto=TCP)
    return segment[:16] + (right ^ (0x5555 if bad else 0)).to_bytes(2) + segment[18:]


def udp(
    payload: bytes, *, src: str, dst: str, sport: int, dport: int, length: int | None = None, bad: bool = False
) -> bytes:
    """``length``: another than the true one, which the checksum then covers."""
    size = 8 + len(payload) if length is None else length
    datagram = struct.pack("!HHHH", sport, dport, size, 0) + payload
    right = transport_checksum(datagram[:size], src=src, dst=dst, proto=UDP) or 0xFFFF
    return datagram[:6] + (right ^ (0x5555 if bad else 0)).to_bytes(2) + payload


def icmp(kind: int, code: int, rest: bytes, body: bytes) -> bytes:
    """ICMP; ``rest``: the four bytes of the header that depend on its type."""
    message = bytes([kind, code, 0, 0]) + rest + body
    return message[:2] + checksum(message).to_bytes(2) + message[4:]


def icmp6(kind: int, code: int, rest: bytes, body: bytes, *, src: str, dst: str) -> bytes:
    """ICMPv6."""
    message = bytes([kind, code, 0, 0]) + rest + body
    return message[:2] + transport_checksum(message, src=src, dst=dst, proto=ICMPV6).to_bytes(2) + message[4:]


def arp(*, kind: int, sender: tuple[str, str], target: tuple[str, str]) -> bytes:
    """``kind``: 1 asks, 2 answers; each end as (MAC, IPv4 address)."""
    ends = b"".join(mac_to_bytes(mac) + packed(address) for mac, address in (sender, target))
    return struct.pack("!HHBBH", 1, ETH_IPV4, 6, 4, kind) + ends
