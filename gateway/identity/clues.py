"""What one device has said so far. Bounded however much it says: what no row knows is counted, not kept."""

from dataclasses import replace

from ..model.identity import Clue, Guess, Signal
from .guess import guess
from .index import Index
from .notation import is_randomised, observed
from .standing import Heard, Sighting

MAX_SIGHTINGS = 32
"""Kept of each signal."""
MAX_NAMES = 128
"""Different names remembered of those asked for; later ones are not looked at."""
FIRST_NAMES = 6
MADE_UP = "its address is made up by itself: it names no maker, and may change"
COMMON = ("pool.ntp.org", "nist.gov", "in-addr.arpa", "ip6.arpa", "lan", "local", "home", "localdomain")
"""Names below these say nothing of who asks: clocks, reverse look-ups and the home's own names."""
CLOCKS = ("ntp", "time")


class Clues:
    """One device. ``add`` what is seen of it; ``guess`` says who it is by then."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._sightings: dict[Signal, dict[str, Sighting]] = {}
        self._names: dict[str, None] = {}
        self._guess: Guess | None = None
        self.randomised = False
        """Its address was made up by itself: it says nothing, and may change."""

    def add(self, clue: Clue) -> bool:
        """Take a clue; True where it may change the guess."""
        if clue.signal is Signal.OUI and is_randomised(clue.value):
            self.randomised, self._guess = True, None
        spelt = observed(clue.signal, clue.value)
        kept = self._sightings.setdefault(clue.signal, {})
        if not spelt or spelt[0] in kept or len(kept) >= MAX_SIGHTINGS:
            return False
        if clue.signal is Signal.DNS and (spelt[0] in self._names or len(self._names) >= MAX_NAMES):
            return False
        traits = self._index.find(clue)
        counts = clue.signal is Signal.DNS and (bool(traits) or self._tells(spelt[0]))
        if traits:
            kept[spelt[0]] = Sighting(spelt[0] if clue.signal is Signal.DNS else clue.value, traits)
        if counts:
            self._names[spelt[0]] = None
        if traits or counts:
            self._guess = None
        return bool(traits) or counts

    def guess(self) -> Guess:
        """Who it is, as far as it has said."""
        if self._guess is None:
            found = guess(self.heard, self._index.known)
            self._guess = replace(found, reasons=(*found.reasons, MADE_UP)) if self.randomised else found
        return self._guess

    @property
    def heard(self) -> Heard:
        """What the guess rests on."""
        sightings = tuple(sighting for kept in self._sightings.values() for sighting in kept.values())
        return Heard(sightings, len(self._names), frozenset(list(self._names)[:FIRST_NAMES]))

    def _tells(self, name: str) -> bool:
        """Whether a name that no row knows tells gadgets from phones: not one asked again with a search domain behind it."""
        return not is_common(name) and name.rpartition(".")[0] not in self._names


def is_common(name: str) -> bool:
    """Whether everybody asks for it: a clock, a reverse look-up, a name of the home's own."""
    first = name.partition(".")[0].rstrip("0123456789")
    return "." not in name or first in CLOCKS or any(name == common or name.endswith(f".{common}") for common in COMMON)
