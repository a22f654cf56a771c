"""Sums of what happened, and those of hours that are over, packed: a week of a busy home in one megabyte."""

import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.edge.ledger_reader import LedgerTotal

FIELDS = 5
MAX_KEPT = 4


@dataclass(slots=True)
class Sum:
    """Of anything."""

    passed: int = 0
    """Flows that left."""
    stopped: int = 0
    """Tries that did not."""
    bytes_out: int = 0
    bytes_in: int = 0
    held_bytes: int = 0
    """Payload that was kept at home."""

    def add(self, total: LedgerTotal) -> None:
        """Count a line of the ledger."""
        if total.effect == "pass":
            self.passed += total.flows
        else:
            self.stopped += total.attempts
            self.held_bytes += total.held_bytes
        self.bytes_out += total.bytes_out
        self.bytes_in += total.bytes_in

    def merge(self, other: "Sum") -> None:
        """Count another sum."""
        self.passed += other.passed
        self.stopped += other.stopped
        self.bytes_out += other.bytes_out
        self.bytes_in += other.bytes_in
        self.held_bytes += other.held_bytes

    def numbers(self) -> tuple[int, int, int, int, int]:
        """All of them, in their order."""
        return self.passed, self.stopped, self.bytes_out, self.bytes_in, self.held_bytes


Sums = dict[tuple[str, str], Sum]
"""(device's MAC, purpose) -> sum."""


def total_of(sums: Sums, *, device: str | None = None) -> Sum:
    """Of all, or of one device."""
    whole = Sum()
    for (mac, _), one in sums.items():
        if device in (None, mac):
            whole.merge(one)
    return whole


def by_device(sums: Sums) -> dict[str, dict[str, Sum]]:
    """Device's MAC -> purpose -> sum."""
    found: dict[str, dict[str, Sum]] = {}
    for (mac, purpose), one in sums.items():
        found.setdefault(mac, {})[purpose] = one
    return found


class _Hour(NamedTuple):
    """An hour that is over."""

    places: "array[int]"
    """Of its keys."""
    packed: bytes
    """``FIELDS`` numbers for each: most of them are small, so zlib makes a third of them."""

    @classmethod
    def of(cls, places: Iterable[int], sums: Iterable[Sum]) -> "_Hour":
        numbers = array("q", (number for one in sums for number in one.numbers()))
        return cls(array("I", places), zlib.compress(numbers.tobytes(), 1))

    def lines(self) -> Iterator[tuple[int, Sequence[int]]]:
        """(place of a key, its numbers)."""
        numbers = array("q", zlib.decompress(self.packed))
        for at, place in enumerate(self.places):
            yield place, numbers[at * FIELDS : (at + 1) * FIELDS]


class Shelf:
    """Hours that are over. Callers see to it that one thread uses it at a time."""

    def __init__(self) -> None:
        self._keys: list[tuple[str, str]] = []
        self._places: dict[tuple[str, str], int] = {}
        self._hours: dict[int, _Hour] = {}
        self._known: dict[int, Sums] = {}
        """First hour -> sums from it on, until an hour comes or goes."""

    def put(self, hour: int, sums: Sums) -> None:
        """An hour that is over."""
        self._hours[hour] = _Hour.of(map(self._place, sums), sums.values())
        self._known.clear()

    def forget(self, before: int) -> None:
        """Hours before one."""
        for hour in [hour for hour in self._hours if hour < before]:
            del self._hours[hour]
            self._known.clear()

    def since(self, first: int) -> Sums:
        """From an hour on; the caller's own."""
        if first not in self._known:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            self._known[first] = self._sum(hour for hour in self._hours if hour >= first)
        return {key: Sum(*one.numbers()) for key, one in self._known[first].items()}

    def of(self, hour: int, device: str) -> Sum:
        """One device's hour."""
        whole = Sum()
        for place, numbers in self._hours[hour].lines() if hour in self._hours else ():
            if self._keys[place][0] == device:
                whole.merge(Sum(*numbers))
        return whole

    def _sum(self, hours: Iterable[int]) -> Sums:
        found: dict[int, list[int]] = {}
        for hour in hours:
            for place, numbers in self._hours[hour].lines():
                line = found.setdefault(place, [0] * FIELDS)
                for field in range(FIELDS):
                    line[field] += numbers[field]
        return {self._keys[place]: Sum(*line) for place, line in found.items()}

    def _place(self, key: tuple[str, str]) -> int:
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._keys)
            self._keys.append(key)
        return place
