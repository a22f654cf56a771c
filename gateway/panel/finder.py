"""Finds a device's or a purpose's flows in the ledger without reading all others: which of them stand where, kept in memory.

The ledger has no index but its ids, because an index would wear the card. So its flows are gone through once, and for each text
(all flows that were judged alike share one) a bit is kept for every stretch of ``STRETCH`` ids in which it occurs: about half a
kilobyte a text and week. The newest flows are looked through as they are. One that was judged anew long after it began is
found under its new purpose when the bits are made again, within minutes.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from gateway.edge.ledger_reader import LedgerReader
from gateway.model.record import FlowRecord

SHIFT = 8
STRETCH = 1 << SHIFT
NEWEST = 4_096
"""Ids that are looked through as they are: what is revised is mostly there."""
MAX_STRETCHES = 1 << 18
"""Of 67 million ids, some years' worth. Where they lie further apart something is odd, and nothing is skipped."""
RUN = 16
"""Stretches beside each other are read together."""
AGAIN_S = 600.0


class Finder:
    """Over one ledger."""

    def __init__(self, *, mono: Callable[[], float] = time.monotonic) -> None:
        self._mono = mono
        self._lock = threading.Lock()
        self._bits: dict[int, bytearray] = {}
        self._base = 0
        """The first stretch that has a bit."""
        self._seen = 0
        """The last id that was gone through."""
        self._made_at = float("-inf")
        self._making = 0
        """Which ledger it was (``LedgerReader.making``)."""

    @property
    def is_made(self) -> bool:
        """They were made once."""
        return self._made_at > float("-inf")

    @property
    def is_old(self) -> bool:
        """The bits are to be made again, at leisure."""
        return self._mono() - self._made_at >= AGAIN_S

    def make(self, reader: LedgerReader) -> None:
        """Go through all flows. Readers go by the old bits meanwhile."""
        fresh = Finder(mono=self._mono)
        fresh._learn(reader)
        with self._lock:
            self._bits, self._base, self._seen = fresh._bits, fresh._base, fresh._seen
            self._made_at, self._making = self._mono(), fresh._making

    def flows(
        self, reader: LedgerReader, judgements: Sequence[int], *, before: int, floor: int, limit: int
    ) -> list[FlowRecord]:
        """Flows with these texts and ids from ``floor`` to below ``before`` (0: all): the last ``limit``, newest first."""
        if not judgements:
            return []
        with self._lock:
            self._learn(reader)
            bits = self._together(judgements)
        top = min(before or self._seen + 1, self._seen + 1)
        found = reader.judged(judgements, max(floor, top - NEWEST), top, limit)
        for first, end in self._runs(bits, top - NEWEST):
            if len(found) >= limit or end <= floor:
                break
            found += reader.judged(judgements, max(first, floor), end, limit - len(found))
        return found

    def occurs(self, judgements: Sequence[int], floor: int) -> set[int]:
        """Those of the texts that some flow from an id on has; a stretch more or less."""
        with self._lock:
            place = max(0, (floor >> SHIFT) - self._base)
            return {one for one in judgements if int.from_bytes(self._bits.get(one, b""), "little") >> place}

    def learn(self, reader: LedgerReader) -> None:
        """Go through what was written since."""
        with self._lock:
            self._learn(reader)

    def _learn(self, reader: LedgerReader) -> None:
        lowest, highest = reader.span()
        if highest < self._seen or reader.making() != self._making or not self._bits:  # another ledger, or the first time
            self._bits, self._seen, self._base = {}, lowest - 1, lowest >> SHIFT
            self._making = reader.making()
            self._made_at = self._mono()
        if (highest >> SHIFT) - self._base >= MAX_STRETCHES:
            self._seen = highest
            return
        for number, judgement in reader.judged_by(self._seen):
            place = (number >> SHIFT) - self._base
            marks = self._bits.get(judgement)
            if marks is None:
                marks = self._bits[judgement] = bytearray()
            if place >> 3 >= len(marks):
                marks.extend(bytes((place >> 3) - len(marks) + 1))
            marks[place >> 3] |= 1 << (place & 7)
            self._seen = number

    def _together(self, judgements: Sequence[int]) -> int:
        """Stretches in which any of them occurs, as a number's bits; all of them where nothing is known."""
        if not self._bits:
            return -1
        found = 0
        for one in judgements:
            found |= int.from_bytes(self._bits.get(one, b""), "little")
        return found

    def _runs(self, bits: int, top: int) -> Iterator[tuple[int, int]]:
        """(first id, id behind the last) of stretches that have a bit, newest first, all below ``top``."""
        if bits < 0:
            if top > 0:
                yield 0, top
            return
        place = max(0, (top - 1 >> SHIFT) - self._base + 1)
        bits &= (1 << place) - 1
        while bits:
            end = start = bits.bit_length()
            while start and end - start < RUN and bits >> start - 1 & 1:
                start -= 1
            bits &= (1 << start) - 1
            yield (start + self._base) << SHIFT, min(top, (end + self._base) << SHIFT)
