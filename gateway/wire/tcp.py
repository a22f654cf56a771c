"""One direction of a TCP connection, put in order from its segments (RFC 9293)."""

MAX_HELD_SEGMENTS = 256
_HALF, _WRAP = 1 << 31, 0xFFFFFFFF


class HalfStream:
    """The first bytes of one direction, in order, from segments in any order.

    Memory: at most ``limit_bytes`` in order, and as much waiting beyond a gap in ``MAX_HELD_SEGMENTS`` segments. Time per
    segment: its own bytes, and those it frees from waiting.
    """

    __slots__ = ("_anchored", "_base", "_held", "_held_bytes", "_limit", "contradiction", "data", "overflow")

    def __init__(self, limit_bytes: int = 32_768) -> None:
        self._limit = limit_bytes
        self._base: int | None = None
        self._anchored = False
        self._held: dict[int, bytes] = {}
        self._held_bytes = 0
        self.data = bytearray()
        """What is in order."""
        self.contradiction = False
        """Two segments disagreed about the same bytes: the one that was put in order first stands."""
        self.overflow = False
        """There was no room for all that came."""

    @property
    def size_bytes(self) -> int:
        """What the stream holds, in order or waiting."""
        return len(self.data) + self._held_bytes

    @property
    def anchored(self) -> bool:
        """The first byte is known: a SYN was seen, or a caller said where to start."""
        return self._anchored

    @property
    def gap(self) -> bool:
        """Segments wait for bytes before them."""
        return bool(self._held)

    def anchor(self, seq: int) -> None:
        """The stream starts at this sequence number; earlier bytes are none of its business."""
        if not self.size_bytes:
            self._base, self._anchored = seq & _WRAP, True

    def seq_at(self, offset: int) -> int:
        """The sequence number of a byte of ``data``."""
        return ((self._base or 0) + offset) & _WRAP

    def waiting(self) -> list[tuple[int, bytes]]:
        """The segments beyond a gap, as (sequence number, payload), in order."""
        return [(self.seq_at(at), self._held[at]) for at in sorted(self._held)]

    def add(self, seq: int, payload: bytes, *, syn: bool = False) -> bool:
        """Take one segment; True if there is more in order than before. A SYN takes up one number before its data."""
        if syn:
            self.anchor(seq := (seq + 1) & _WRAP)
        if not payload:
            return False
        if self._base is None:
            self._base = seq
        offset = ((seq - self._base + _HALF) & _WRAP) - _HALF
        if offset == len(self.data) and not self._held:
            room = self._limit - offset
            self.overflow = self.overflow or len(payload) > room
            self.data += payload if len(payload) <= room else payload[:room]
            return room > 0
        if offset + len(payload) > self._limit:
            self.overflow = True
        if offset < 0:
            return self._add_early(seq, payload, offset=offset)
        before = len(self.data)
        self._put(offset, payload)
        return len(self.data) > before

    def _add_early(self, seq: int, payload: bytes, *, offset: int) -> bool:
        before = len(self.data)
        if self._anchored or -offset > self._limit or (offset == -1 and len(payload) == 1):  # the last: a keep-alive probe
            if -offset < len(payload):
                self._put(0, payload[-offset:])
            return len(self.data) > before
        self._rebase(seq, by=-offset)
        self._put(0, payload)
        return True

    def _rebase(self, seq: int, *, by: int) -> None:
        """The stream began earlier than we thought: everything moves to the right."""
        held = {at + by: part for at, part in self._held.items() if at + by < self._limit}
        held[by] = bytes(self.data)
        self._base, self._held, self.data = seq, held, bytearray()
        self._held_bytes = sum(map(len, held.values()))

    def _put(self, offset: int, payload: bytes) -> None:
        if offset > len(self.data):
            self._hold(offset, payload)
            return
        self._overlay(offset, payload)
        while self._held and (at := min(self._held)) <= len(self.data):
            waiting = self._held.pop(at)
            self._held_bytes -= len(waiting)
            self._overlay(at, waiting)

    def _overlay(self, offset: int, payload: bytes) -> None:
        known = self.data[offset : offset + len(payload)]
        if known != payload[: len(known)]:
            self.contradiction = True
        self.data += payload[len(known) : max(0, self._limit - offset)]

    def _hold(self, offset: int, payload: bytes) -> None:
        payload = payload[: max(0, self._limit - offset)]
        known = self._held.get(offset, b"")
        shared = min(len(known), len(payload))
        if known[:shared] != payload[:shared]:
            self.contradiction = True
        growth = len(payload) - len(known)
        full = self.size_bytes + growth > self._limit or (not known and len(self._held) >= MAX_HELD_SEGMENTS)
        if growth > 0 and not full:
            self._held[offset] = payload
            self._held_bytes += growth
        self.overflow = self.overflow or full
