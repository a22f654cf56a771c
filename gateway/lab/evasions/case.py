"""What a case is, and what it is given to play with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..attacker import Attacker
from ..stub import resolve
from .place import PLACES, Place, place

GOOD, BAD, RELAY = "good.rogue.example", "bad.rogue.example", "relay.rogue.example"
"""What the rogue may speak to over TLS, what it may not, and what it may over UDP (``RELAY_PORT``)."""
RELAY_PORT = 36000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One case, being played."""

    attacker: Attacker
    token: bytes
    """Eight bytes that nobody else sends. Whatever the case tries to get out carries them."""
    number: int
    """Of its places: addresses of the internet that only this case speaks to."""
    known: Mapping[str, tuple[str, str]]
    """Name -> (IPv4, IPv6) addresses."""
    resolver: str
    named: bool = False
    """Each of its places is asked for under an allowed name before it is used: then only what is said there refuses it."""
    _variants: Iterator[int] = field(default_factory=lambda: iter(range(1, PLACES)), repr=False)

    @property
    def first(self) -> Place:
        """The first of its places."""
        return place(self.number, 0)

    @property
    def target4(self) -> str:
        """That one's address."""
        return self.first.four

    @property
    def target6(self) -> str:
        """The same over IPv6."""
        return self.first.six

    @property
    def targets(self) -> tuple[str, str]:
        """Both."""
        return self.first.addresses

    def begin(self) -> None:
        """Before it is played."""
        if self.named:
            self._ask_for(self.first)

    def fresh(self) -> Place:
        """A place where nobody was yet."""
        found = place(self.number, next(self._variants))
        if self.named:
            self._ask_for(found)
        return found

    def shared(self, *, counted: bool = True) -> Place:
        """One to which an allowed name led, whatever else it serves. ``counted``: all that goes there has no business outside;
        else only what carries the token."""
        found = place(self.number, next(self._variants) + (0 if counted else PLACES))
        self._ask_for(found)
        return found

    def _ask_for(self, wanted: Place) -> None:
        for family in (4, 6):
            resolve(wanted.allowed, server=self.resolver, family=family)

    def payload(self, size: int = 64) -> bytes:
        """That many bytes of the token."""
        return (self.token * (size // len(self.token) + 1))[:size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way around."""

    id: str
    text: str
    """What the gadget does, as a sentence."""
    play: Callable[[Attempt], str | None]
    """May say what it saw."""
    allowance_bytes: int = 0
    """What may leave all the same, and why:"""
    reason: str = ""
    passes: bool = False
    """This is no evasion but an oddity that must work: ``play`` raises where it does not."""
    stays: str = ""
    """Why no plain router lets it out either: then it proves that the curtain adds no way, and no more than that."""
    shown: str = ""
    """It says a refused name, or hides it so that nothing can be read: the name, or words of the reason, that the gateway's own
    record of it must show where an allowed name led to the same address and nameless flows may pass."""
