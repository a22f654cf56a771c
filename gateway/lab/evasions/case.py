"""What a case is, and what it is given to play with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..attacker import Attacker

GOOD, BAD, RELAY = "good.rogue.example", "bad.rogue.example", "relay.rogue.example"
"""What the rogue may speak to over TLS, what it may not, and what it may over UDP (``RELAY_PORT``)."""
RELAY_PORT = 36000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One case, being played."""

    attacker: Attacker
    token: bytes
    """Eight bytes that nobody else sends. Whatever the case tries to get out carries them."""
    target4: str
    """Addresses of the internet that only this case speaks to."""
    target6: str
    known: Mapping[str, tuple[str, str]]
    """Name -> (IPv4, IPv6) addresses."""
    resolver: str

    @property
    def targets(self) -> tuple[str, str]:
        """Its address of either family."""
        return self.target4, self.target6

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
