"""Where cases send to: addresses that nobody else speaks to, many for each case, since what is refused thrice at one address is
remembered, and what comes after that is not judged any more."""

from typing import NamedTuple

ALLOWED, REFUSED = "{}-{}.at.good.rogue.example", "{}-{}.at.bad.rogue.example"
ADDRESS4, ADDRESS6 = "198.19.{}.{}", "2001:db8:cafe::bad:{:x}:{:x}"
"""As the zone has them (``internet.yaml``, ``numbered``)."""
PLACES = 48
"""Of one case."""


class Place(NamedTuple):
    """A server of the internet with two tenants."""

    four: str
    six: str
    allowed: str
    """The name of it that the rogue may speak to,"""
    refused: str
    """and the one that it may not."""

    @property
    def addresses(self) -> tuple[str, str]:
        """In either family."""
        return self.four, self.six


def place(number: int, variant: int) -> Place:
    """One of a case's places."""
    return Place(*(pattern.format(number, variant) for pattern in (ADDRESS4, ADDRESS6, ALLOWED, REFUSED)))


def addresses(number: int, *, counted: bool = True) -> tuple[str, ...]:
    """Of all places of a case; ``counted``: only those where nothing is sent but what has no business outside."""
    variants = range(PLACES if counted else 2 * PLACES)
    return tuple(address for variant in variants for address in place(number, variant).addresses)
