"""Fragmented IP datagrams of captures, put together (RFC 791, 8200). The live queue gets them whole from the kernel."""

from collections import OrderedDict

from gateway.model.packet import Packet

from .ip import decode_transport

MAX_DATAGRAM_BYTES = 65_535
_Key = tuple[int, bytes, bytes, int, int]


class _Pieces:
    """What came of one datagram so far."""

    __slots__ = ("expires", "first", "held_bytes", "parts", "size", "stated")

    def __init__(self, expires: float) -> None:
        self.expires = expires
        self.parts: dict[int, bytes] = {}
        self.stated: dict[int, int] = {}
        """How long each part was on the wire."""
        self.held_bytes = 0
        self.first: Packet | None = None
        self.size = -1
        """Of the whole payload; -1 while the last piece is missing."""


class Reassembler:
    """Puts datagrams together, and drops those whose pieces disagree where they overlap.

    Memory: ``limit_datagrams`` unfinished ones, ``limit_bytes`` in all and ``limit_pieces`` each; the oldest goes first.
    """

    def __init__(
        self, *, limit_datagrams: int = 256, limit_bytes: int = 1 << 20, limit_pieces: int = 128, patience_s: float = 30.0
    ) -> None:
        self._limit_datagrams = limit_datagrams
        self._limit_bytes = limit_bytes
        self._limit_pieces = limit_pieces
        self._patience_s = patience_s
        self._pending: OrderedDict[_Key, _Pieces] = OrderedDict()
        self.held_bytes = 0

    def add(self, packet: Packet, now: float = 0.0) -> Packet | None:
        """A packet that is whole: itself, or out of its fragments once the last has come; None until then."""
        if packet.fragment is None:
            return packet
        ident, offset, more = packet.fragment
        if offset + packet.payload_length > MAX_DATAGRAM_BYTES or (more and packet.payload_length % 8):
            return None
        key = (packet.version, packet.src, packet.dst, packet.proto if packet.version == 4 else -1, ident)
        pieces = self._pieces(key, now)
        if not self._keep(pieces, packet, offset=offset, more=more):
            self._drop(key)
            return None
        whole = _join(pieces)
        if whole is None:
            self._make_room()
            return None
        self._drop(key)
        return whole

    def _pieces(self, key: _Key, now: float) -> _Pieces:
        pieces = self._pending.get(key)
        if pieces is not None and pieces.expires < now:
            self._drop(key)
            pieces = None
        if pieces is None:
            pieces = self._pending[key] = _Pieces(now + self._patience_s)
        return pieces

    def _keep(self, pieces: _Pieces, packet: Packet, *, offset: int, more: bool) -> bool:
        """Take a piece; False if it contradicts what is there, or is one too many."""
        part = packet.payload
        end = offset + packet.payload_length
        if not more:
            if pieces.size not in (-1, end):
                return False
            pieces.size = end
        if not offset and pieces.first is None:
            pieces.first = packet
        if not all(_agree(part, at=offset, other=other, other_at=at) for at, other in pieces.parts.items()):
            return False
        pieces.stated[offset] = max(packet.payload_length, pieces.stated.get(offset, 0))
        known = pieces.parts.get(offset)
        if known is None or len(known) < len(part):
            pieces.parts[offset] = part
            growth = len(part) - len(known or b"")
            pieces.held_bytes += growth
            self.held_bytes += growth
        return len(pieces.parts) <= self._limit_pieces

    def _make_room(self) -> None:
        while len(self._pending) > self._limit_datagrams or self.held_bytes > self._limit_bytes:
            self._drop(next(iter(self._pending)))

    def _drop(self, key: _Key) -> None:
        self.held_bytes -= self._pending.pop(key).held_bytes


def _agree(part: bytes, *, at: int, other: bytes, other_at: int) -> bool:
    low, high = max(at, other_at), min(at + len(part), other_at + len(other))
    return low >= high or part[low - at : high - at] == other[low - other_at : high - other_at]


def _join(pieces: _Pieces) -> Packet | None:
    """The whole packet, or None while bytes are missing. Where the capture cut a piece short, its payload ends there."""
    first = pieces.first
    if first is None or pieces.size < 0:
        return None
    data, reached, cut = bytearray(), 0, False
    for at in sorted(pieces.parts):
        part, stated = pieces.parts[at], pieces.stated[at]
        if at > reached:
            return None
        if not cut:
            data += part[len(data) - at :] if len(data) - at < len(part) else b""
        reached = max(reached, at + stated)
        cut = cut or len(data) < reached
    length = first.length - first.payload_length + pieces.size
    whole = first._replace(payload=bytes(data[: pieces.size]), payload_length=pieces.size, length=length)
    packet = decode_transport(whole)
    return packet if packet is not None and packet.fragment is None else None
