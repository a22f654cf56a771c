"""Whose device it is, which profile suits it, and why."""

from collections.abc import Mapping
from math import floor

from ..model.identity import SURE, Guess, Identification, Signal, Trait
from .standing import Heard, Standing, stand
from .weight import DEVICE, KINDS, chances, combined, of

UNKNOWN = Guess(reasons=("nothing that it says tells whose it is",))
DEVICE_PRIOR = -6.0
"""Before anything speaks for a kind of device, it is one of five of its vendor's."""
ANY = "any"
LEAST = 0.05
"""Below this, nothing is said of a vendor."""
MAX_REASONS = 6
_SAID: Mapping[Signal, str] = {
    Signal.OUI: "its address begins with {:.8}",
    Signal.MAKER: "its address is registered to {}",
    Signal.VENDOR_CLASS: "asks for an address as “{}”",
    Signal.PARAM_LIST: "asks for the DHCP options {}",
    Signal.HOSTNAME: "calls itself “{}”",
    Signal.MDNS: "says over mDNS: {}",
    Signal.SSDP: "says over SSDP: {}",
    Signal.DNS: "asks for {}",
    Signal.JA4: "greets servers as {}",
}


def guess(heard: Heard, known: Identification) -> Guess:
    """The likeliest answer. A profile is named where naming it leaves the whole answer as sure as it has to be."""
    standings = [standing for standing in stand(heard, known) if standing.confidence >= LEAST]
    if not standings:
        return UNKNOWN
    first = standings[0]
    profile, chance = _profile(first.vendor, heard, known)
    joint = first.confidence * chance
    named = bool(profile) and (joint >= SURE or first.confidence < SURE and chance >= SURE)
    confidence = floor(100 * (joint if named else first.confidence)) / 100
    return Guess(
        vendor=first.vendor,
        profile=profile if named else "",
        confidence=confidence,
        reasons=tuple(_reasons(first, standings[1:], sure=confidence >= SURE)),
    )


def _profile(vendor: str, heard: Heard, known: Identification) -> tuple[str, float]:
    """The profile that the rows of this vendor point to, and how surely."""
    weights: dict[str, dict[str, float]] = {}
    for sighting in heard.sightings:
        for profile, trait in _pointing(vendor, sighting.traits, known):
            kinds = weights.setdefault(profile, {})
            kind = KINDS[trait.signal]
            kinds[kind] = max(kinds.get(kind, 0.0), of(trait, DEVICE))
    likely = chances({profile: combined(kinds.values()) for profile, kinds in weights.items()}, DEVICE_PRIOR)
    best = max(likely, key=lambda profile: (likely[profile], profile), default="")
    return best, likely.get(best, 0.0)


def _pointing(vendor: str, traits: tuple[Trait, ...], known: Identification) -> list[tuple[str, Trait]]:
    """Rows that speak for a kind of device, each with its profile."""
    own = [trait for trait in traits if trait.vendor == vendor and trait.device != ANY]
    return [(known.profiles.get((vendor, trait.device), ""), trait) for trait in own]


def _reasons(first: Standing, rivals: list[Standing], *, sure: bool) -> list[str]:
    reasons = [] if sure else [f"not sure: looks like {first.vendor}"]
    for _, seen, trait in first.signs[:MAX_REASONS]:
        note = f"; {trait.note}" if trait.note else ""
        of_whom = first.vendor if trait.device == ANY else f"{first.vendor} {trait.device}"
        reasons.append(f"{_SAID[trait.signal].format(seen)}: {of_whom} ({trait.evidence}{note})")
    for rival in rivals[:2]:
        _, seen, trait = rival.signs[0]
        reasons.append(f"against it: {_SAID[trait.signal].format(seen)}, as {rival.vendor} does ({trait.evidence})")
    return reasons
