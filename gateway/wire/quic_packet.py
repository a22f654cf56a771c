"""QUIC's long headers: the packets of a datagram, and the CRYPTO frames of an Initial (RFC 9000 17.2, 19)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .quic_crypto import VERSIONS, Version

INITIAL, ZERO_RTT, HANDSHAKE, RETRY, NEGOTIATION, OTHER_VERSION = range(6)
"""Packet types as v1 numbers them, then those that only the version field tells."""

MAX_ID_BYTES = 20
MIN_CLIENT_DATAGRAM = 1200
MAX_PACKETS = 64
"""In one datagram, or in several that the kernel handed over as one: a client sends three at most in each."""
MAX_FRAMES = 512
"""In one packet. Browsers shuffle a hello into some dozens."""

_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO, _CLOSE = 0x00, 0x01, 0x02, 0x03, 0x06, 0x1C
_GOOGLE_PING, _GOOGLE_CRYPTO = 0x07, 0x08
_NOT_PADDING = re.compile(rb"[^\0]").search


class LongPacket(NamedTuple):
    """One packet with a long header; its bytes are ``data[start:end]`` of the datagram."""

    kind: int
    version: bytes
    to: bytes
    """Destination connection id."""
    sender: bytes
    """Source connection id."""
    number_at: int
    """Where the packet number is, from the start of the packet; 0 where there is none."""
    start: int
    end: int


def split_datagram(data: bytes) -> Iterator[LongPacket]:
    """The packets with long headers at the start of a datagram (or of several that the kernel handed over as one).

    Ends without a word at a short header, at bytes that are no packet, or after ``MAX_PACKETS``.
    """
    at = 0
    for _ in range(MAX_PACKETS):
        packet = _read_packet(data, at) if len(data) - at > 7 and data[at] & 0x80 else None
        if packet is None:
            return
        yield packet
        at = packet.end


def is_reserved(version: bytes) -> bool:
    """A version that exists to be refused (RFC 9000 15: 0x?a?a?a?a), or a draft whose salt we lack."""
    return int.from_bytes(version) & 0x0F0F0F0F == 0x0A0A0A0A or version[:3] == b"\xff\0\0"


def _read_packet(data: bytes, at: int) -> LongPacket | None:
    version, first = data[at + 1 : at + 5], data[at]
    to_end = at + 6 + data[at + 5]
    sender_end = to_end + 1 + data[to_end] if to_end < len(data) else len(data) + 1
    if sender_end > len(data) or data[at + 5] > MAX_ID_BYTES or data[to_end] > MAX_ID_BYTES:
        return None
    ids = data[at + 6 : to_end], data[to_end + 1 : sender_end]
    known = VERSIONS.get(version)
    if known is None:
        return _read_unknown(data, at, version, ids, sender_end)
    kind = ((first >> 4) - known.shift) & 0x03
    if kind == RETRY:
        return LongPacket(RETRY, version, *ids, 0, at, len(data))
    try:
        token, body = 0, sender_end
        if kind == INITIAL:
            token, body = read_varint(data, body)
        size, number_at = read_varint(data, body + token)
    except ValueError:
        return None
    end = number_at + size
    return LongPacket(kind, version, *ids, number_at - at, at, end) if end <= len(data) and size else None


def _read_unknown(data: bytes, at: int, version: bytes, ids: tuple[bytes, bytes], body: int) -> LongPacket | None:
    size = len(data)
    if version == b"\0\0\0\0":
        # A list of versions is all the rest of it (RFC 9000 17.2.1).
        return LongPacket(NEGOTIATION, version, *ids, 0, at, size) if size > body and (size - body) % 4 == 0 else None
    if is_reserved(version) and data[at] & 0x40 and len(ids[0]) >= 8 and size >= MIN_CLIENT_DATAGRAM:
        return LongPacket(OTHER_VERSION, version, *ids, 0, at, size)
    return None


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer (RFC 9000 16) and the offset after it. ValueError: the data ends first."""
    if at >= len(data):
        raise ValueError("varint ends early")
    first = data[at]
    if first < 0x40:
        return first, at + 1
    end = at + (1 << (first >> 6))
    if end > len(data):
        raise ValueError("varint ends early")
    return int.from_bytes(data[at:end]) & (1 << 8 * (end - at) - 2) - 1, end


def crypto_frames(frames: bytes, version: Version) -> Iterator[tuple[int, bytes]]:
    """(offset, data) of the CRYPTO frames of an Initial. ValueError where a frame is cut or does not belong there."""
    crypto, ping = (_GOOGLE_CRYPTO, _GOOGLE_PING) if version.google_frames else (_CRYPTO, _PING)
    at = 0
    for _ in range(MAX_FRAMES):
        found = _NOT_PADDING(frames, at)
        if found is None:
            return
        at = found.end()
        kind = frames[at - 1]
        if kind == crypto:
            offset, at = read_varint(frames, at)
            size, at = read_varint(frames, at)
            at += size
            if at > len(frames):
                raise ValueError("CRYPTO frame ends early")
            yield offset, frames[at - size : at]
        elif kind != ping:
            if version.google_frames or kind == _CLOSE:
                return
            at = _skip_ack(frames, at, ecn=kind == _ACK_ECN) if kind in (_ACK, _ACK_ECN) else _refuse(kind)
    raise ValueError("too many frames")


def _skip_ack(frames: bytes, at: int, *, ecn: bool) -> int:
    _, at = read_varint(frames, at)
    _, at = read_varint(frames, at)
    ranges, at = read_varint(frames, at)
    # Every range takes two bytes at least, so a count beyond the data ends at the data.
    for _ in range(min(1 + 2 * ranges + 3 * ecn, len(frames) + 1)):
        _, at = read_varint(frames, at)
    return at


def _refuse(kind: int) -> int:
    raise ValueError(f"frame type {kind:#x} in an Initial")
