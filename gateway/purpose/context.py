"""What a device did before: bounded, and fed by whoever sees its flows.

``Habits`` is the memory, of all devices; ``Context`` is what it says of one moment of one of them. Both know only what was told
to them, and a ``Context`` holds nothing that happened later than the moment it was asked for.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple, TypeVar

from ..model.packet import UDP
from ..model.purpose import Purpose

T = TypeVar("T")

RECENT_S = 30.0
"""So far back reaches what one thing that happened sets going."""
MAX_DEVICES, MAX_SITTINGS, MAX_RECENT, MAX_DESTINATIONS = 256, 8, 64, 128
"""Devices; stretches of time of a device; events of a stretch; destinations of a device. The least recently used leave."""
MAX_NAME_CHARACTERS = 253
FAMILIAR_CALLS = 8
"""From so many calls on a place is familiar."""
MIN_GAP_S = 1.0
"""What follows closer belongs to the same call."""
GAPS, ALIKE_GAPS, SPREAD = 6, 3, 0.1
"""A beat: of the last gaps so many are alike, to within this part of them, and at most one is not."""
NO_HABIT = frozenset({Purpose.LOCAL, Purpose.DNS_ESCAPE, Purpose.TIME})
"""What says nothing of the rest: everything looks up names and the time."""


class Seen(NamedTuple):
    """One burst or flow of a device."""

    destination: str
    """A name, else an address; empty where neither is known."""
    at: float
    """Seconds, on any clock that is the same throughout a sitting."""
    proto: int
    purposes: tuple[Purpose, ...] = ()
    """What it was taken for, then what else it could not be told from."""
    bytes_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What came before one moment of one device."""

    destination: str = ""
    at: float = 0.0
    before: tuple[Seen, ...] = ()
    """What the device did in the last half minute, latest first."""
    calls: int = 0
    """How often it was at this destination before."""
    device_calls: int = 0
    """How often it was anywhere."""
    device_udp_calls: int = 0
    beat_s: float = 0.0
    """The beat on which this destination is called, if this very call is on it; else 0."""

    @property
    def is_one_place(self) -> bool:
        """Whether the destination is known, and one: a name with a ``*`` stands for many."""
        return bool(self.destination) and "*" not in self.destination

    @property
    def familiar(self) -> bool:
        """Whether the device is at home there."""
        return self.calls >= FAMILIAR_CALLS and self.is_one_place

    def within(self, seconds: float, purpose: Purpose) -> tuple[Seen, ...]:
        """What it did so short a time ago that was, or may have been, for this purpose; latest first."""
        return tuple(seen for seen in self.before if self.at - seen.at <= seconds and purpose in seen.purposes)


NOTHING_BEFORE = Context()


class Habits:
    """What all devices did so far. A *sitting* is a stretch of time with a clock of its own; live, there is only one."""

    def __init__(self) -> None:
        self._devices: OrderedDict[str, _Device] = OrderedDict()

    def before(self, device: str, seen: Seen, *, sitting: str = "") -> Context:
        """What is known when this happens; it is not remembered by that."""
        known = self._devices.get(device)
        return Context(destination=seen.destination, at=seen.at) if known is None else known.before(seen, sitting)

    def add(self, device: str, seen: Seen, *, sitting: str = "") -> None:
        """Remember what happened."""
        if NO_HABIT.isdisjoint(seen.purposes):
            _use(self._devices, device, _Device, limit=MAX_DEVICES).add(seen, sitting)

    def forget(self, device: str) -> None:
        """It did nothing so far."""
        self._devices.pop(device, None)


class _Device:
    __slots__ = ("calls", "udp_calls", "destinations", "sittings")

    def __init__(self) -> None:
        self.calls = self.udp_calls = 0
        self.destinations: OrderedDict[str, _Destination] = OrderedDict()
        self.sittings: OrderedDict[str, deque[Seen]] = OrderedDict()

    def before(self, seen: Seen, sitting: str) -> Context:
        at, place = seen.at, self.destinations.get(seen.destination)
        recent = [one for one in self.sittings.get(sitting, ()) if 0 <= at - one.at <= RECENT_S]
        return Context(
            destination=seen.destination,
            at=at,
            before=tuple(sorted(recent, key=lambda one: one.at, reverse=True)),
            calls=place.calls if place else 0,
            device_calls=self.calls,
            device_udp_calls=self.udp_calls,
            beat_s=place.beat_s(at, sitting) if place else 0.0,
        )

    def add(self, seen: Seen, sitting: str) -> None:
        place = self._place(seen.destination)
        if place is None or place.add(seen.at, sitting):
            self.calls += 1
            self.udp_calls += seen.proto == UDP
        _use(self.sittings, sitting, _recent, limit=MAX_SITTINGS).append(seen)

    def _place(self, destination: str) -> "_Destination | None":
        if not destination or len(destination) > MAX_NAME_CHARACTERS:
            return None
        return _use(self.destinations, destination, _Destination, limit=MAX_DESTINATIONS)


class _Destination:
    __slots__ = ("calls", "sitting", "at", "gaps")

    def __init__(self) -> None:
        self.calls = 0
        self.sitting = ""
        self.at = 0.0
        self.gaps: deque[float] = deque(maxlen=GAPS)

    def add(self, at: float, sitting: str) -> bool:
        """Whether it is a call of its own."""
        gap = at - self.at
        if self.calls and sitting == self.sitting:
            if 0 <= gap < MIN_GAP_S:
                return False
            if gap > 0:
                self.gaps.append(gap)
        self.calls += 1
        self.sitting, self.at = sitting, at
        return True

    def beat_s(self, at: float, sitting: str) -> float:
        """The beat that a call now would be on; 0: none."""
        if len(self.gaps) < ALIKE_GAPS or sitting != self.sitting:
            return 0.0
        beat = median(self.gaps)
        alike = sum(abs(gap - beat) <= SPREAD * beat for gap in self.gaps)
        on_it = abs(at - self.at - beat) <= SPREAD * beat
        return beat if on_it and alike >= max(ALIKE_GAPS, len(self.gaps) - 1) else 0.0


def _recent() -> deque[Seen]:
    return deque(maxlen=MAX_RECENT)


def _use(table: OrderedDict[str, T], key: str, make: Callable[[], T], *, limit: int) -> T:
    """The entry of ``key``, made if it is not there; the least recently used one leaves for it."""
    found = table.get(key)
    if found is None:
        found = table[key] = make()
        if len(table) > limit:
            table.popitem(last=False)
    else:
        table.move_to_end(key)
    return found
