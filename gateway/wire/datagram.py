"""Whole IP packets of our own making: UDP over IPv4 or IPv6, with their checksums."""

import struct

from gateway.model.packet import UDP

HOP_LIMIT = 64
_DONT_FRAGMENT = 0x4000


def build_datagram(source: tuple[bytes, int], target: tuple[bytes, int], payload: bytes) -> bytes:
    """The raw packet that carries ``payload`` between two (packed address, port). ValueError: families differ, or too long."""
    (src, sport), (dst, dport) = source, target
    size = 8 + len(payload)
    if len(src) != len(dst) or len(src) not in (4, 16) or size > 0xFFFF - 20:
        raise ValueError("no such datagram")
    pseudo = src + dst + struct.pack("!HH", UDP, size)
    head = struct.pack("!HHH", sport, dport, size)
    # An all-zero checksum would say "none": it is sent as its other form (RFC 768).
    total = checksum(pseudo + head + b"\0\0" + payload) or 0xFFFF
    return (_ipv4(src, dst, size) if len(src) == 4 else _ipv6(src, dst, size)) + head + total.to_bytes(2) + payload


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    # 65536 is 1 modulo 65535, so the whole number modulo 65535 is the one's complement sum of its words.
    number = int.from_bytes(data)
    return 0xFFFF - (number % 0xFFFF or 0xFFFF) if number else 0xFFFF


def _ipv4(src: bytes, dst: bytes, size: int) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + size, 0, _DONT_FRAGMENT, HOP_LIMIT, UDP, 0) + src + dst
    return head[:10] + checksum(head).to_bytes(2) + head[12:]


def _ipv6(src: bytes, dst: bytes, size: int) -> bytes:
    return struct.pack("!IHBB", 0x60000000, size, UDP, HOP_LIMIT) + src + dst
