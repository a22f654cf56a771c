"""What one row is worth, in decibans: ten times the logarithm of how much likelier its sign is on that vendor's devices.

Ten decibans are ten to one, twenty a hundred to one. ``PRIOR``: before anything was said, a device is one vendor's with odds
of one to fifty.
"""

from collections.abc import Iterable, Mapping
from math import log10
from typing import NamedTuple

from ..model.identity import Confidence, Signal, Trait

PRIOR = -17.0
NOT_ALONE = 10.0
"""A row that needs company, beside it."""
HUNCH = 13.0
"""The most that rows of low confidence come to: odds of two to five."""
FURTHER = (1.0, 0.6, 0.4, 0.3, 0.2, 0.1, 0.1)
"""What the strongest kind of sign counts, the second, the third … : kinds are never quite independent."""


class Weights(NamedTuple):
    """By the confidence of the row."""

    high: float
    medium: float
    low: float


VENDOR: Mapping[Signal, Weights] = {
    Signal.OUI: Weights(26, 21, 8),
    Signal.MAKER: Weights(26, 23.5, 8),
    Signal.VENDOR_CLASS: Weights(25, 17, 5),
    Signal.PARAM_LIST: Weights(20, 13, 3),
    Signal.HOSTNAME: Weights(26, 20, 8),
    Signal.MDNS: Weights(27, 20, 8),
    Signal.SSDP: Weights(27, 20, 8),
    Signal.DNS: Weights(22, 20, 5),
    Signal.JA4: Weights(16, 12, 4),
}
"""What a row says for its vendor."""

DEVICE: Mapping[Signal, Weights] = {
    Signal.OUI: Weights(8, 5, 0),
    Signal.MAKER: Weights(8, 5, 0),
    Signal.VENDOR_CLASS: Weights(18, 12, 3),
    Signal.PARAM_LIST: Weights(16, 11, 3),
    Signal.HOSTNAME: Weights(20, 16, 5),
    Signal.MDNS: Weights(20, 14, 5),
    Signal.SSDP: Weights(20, 14, 5),
    Signal.DNS: Weights(14, 10, 2),
    Signal.JA4: Weights(12, 9, 2),
}
"""What it says for its kind of device, among those of the vendor. A prefix says little: makers spread them over all."""

KINDS: Mapping[Signal, str] = {
    Signal.OUI: "prefix",
    Signal.MAKER: "prefix",
    Signal.VENDOR_CLASS: "dhcp",
    Signal.PARAM_LIST: "dhcp",
    Signal.HOSTNAME: "host name",
    Signal.MDNS: "mdns",
    Signal.SSDP: "ssdp",
    Signal.DNS: "names",
    Signal.JA4: "tls",
}
"""Signals that say the same thing twice are one kind."""


def of(trait: Trait, table: Mapping[Signal, Weights]) -> float:
    """A row that stands by itself."""
    weights = table[trait.signal]
    return {Confidence.HIGH: weights.high, Confidence.MEDIUM: weights.medium, Confidence.LOW: weights.low}[trait.confidence]


def shared(weight: float, vendors: int) -> float:
    """What is left where several vendors show the same sign."""
    return max(0.0, weight - 10 * log10(max(1, vendors)))


def combined(weights: Iterable[float]) -> float:
    """Of one weight for each kind of sign."""
    return sum(weight * FURTHER[min(place, len(FURTHER) - 1)] for place, weight in enumerate(sorted(weights, reverse=True)))


def chances(weights: Mapping[str, float], prior: float) -> dict[str, float]:
    """Of things that exclude each other, something that nobody thought of included."""
    odds = {name: 10 ** ((prior + weight) / 10) for name, weight in weights.items()}
    whole = 1 + sum(odds.values())
    return {name: chance / whole for name, chance in odds.items()}
