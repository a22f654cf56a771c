"""The rows, each where a clue finds it: exact values by look-up, names by their suffix, patterns one after another."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from ..model.identity import Clue, Confidence, Identification, Signal, Trait
from .notation import observed, words, written

BRANDED = (Signal.HOSTNAME, Signal.VENDOR_CLASS, Signal.MDNS, Signal.SSDP)
"""Where devices call themselves by their brand."""
SELF_SAID = "it says so itself"
_WILD = frozenset("*?[")
_FREE = re.compile(r"\[[^]]*\]|[*?]")
"""What a pattern leaves open."""
_HEAD = re.compile(r"[^*?[]*")


class Pattern(NamedTuple):
    """A spelling that leaves something open."""

    letters: int
    """That it fixes: those that fix the most go first."""
    head: str
    """What it begins with; cheaper to compare than the whole, and nearly always enough to say no."""
    spelling: str
    trait: Trait


class Index:
    """Built once from the table; shared by all devices."""

    def __init__(self, known: Identification) -> None:
        self.known = known
        self._exact: dict[tuple[Signal, str], list[Trait]] = {}
        self._patterns: dict[Signal, list[Pattern]] = {}
        for trait in known.traits:
            for spelling in (spelling for value in trait.values for spelling in written(trait.signal, value)):
                if _is_exact(trait.signal, spelling):
                    self._exact.setdefault((trait.signal, spelling), []).append(trait)
                else:
                    self._patterns.setdefault(trait.signal, []).append(_pattern(spelling, trait))
        for found in self._patterns.values():
            found.sort(key=lambda entry: -entry.letters)
        self._brands = [(words(brand), brand, vendor) for brand, vendor in known.brands.items()]

    def find(self, clue: Clue) -> tuple[Trait, ...]:
        """The rows that this clue shows: those that fit it most exactly."""
        for value in observed(clue.signal, clue.value):
            if found := tuple(self._fitting(clue.signal, value)):
                decided = any(trait.alone and trait.vendor not in self.known.platforms for trait in found)
                return found if decided else (*found, *self._named(clue))
        return tuple(self._named(clue))

    def _fitting(self, signal: Signal, value: str) -> Iterator[Trait]:
        """Exact rows; else those of the longest suffix; else the patterns that fix the most letters."""
        for name in _names(value) if signal is Signal.DNS else (value,):
            if found := self._exact.get((signal, name)):
                yield from found
                return
        most = 0
        for letters, head, spelling, trait in self._patterns.get(signal, ()):
            if letters < most:
                return
            if value.startswith(head) and fnmatchcase(value, spelling):
                most = letters
                yield trait

    def _named(self, clue: Clue) -> Iterator[Trait]:
        """A text that says a brand, where no row that stands alone knows more of it."""
        if clue.signal not in BRANDED or clue.value.endswith("(asked for)"):
            return
        text = words(clue.value)
        for word, brand, vendor in self._brands:
            if word in text:
                said = (brand,)
                yield Trait(vendor=vendor, signal=clue.signal, values=said, confidence=Confidence.MEDIUM, evidence=SELF_SAID)


def _pattern(spelling: str, trait: Trait) -> Pattern:
    head = _HEAD.match(spelling)
    return Pattern(len(_FREE.sub("", spelling)), head[0] if head else "", spelling, trait)


def _is_exact(signal: Signal, value: str) -> bool:
    rest = value.removeprefix("*.") if signal is Signal.DNS else value
    return _WILD.isdisjoint(rest)


def _names(name: str) -> Iterator[str]:
    """A name, then the suffixes that rows may be written for."""
    yield name
    while "." in name:
        yield f"*.{name}"
        name = name.partition(".")[2]
