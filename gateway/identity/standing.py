"""What all rows together are worth, vendor by vendor: ``stand(heard)`` -> the vendors that compete, the likeliest first."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ..model.identity import Confidence, Identification, Signal, Trait
from .weight import HUNCH, KINDS, NOT_ALONE, PRIOR, VENDOR, chances, combined, of, shared

CERTAIN = 0.97
"""Nothing is surer than this."""
PREFIX, NAMES = "prefix", "names"
HOUSE_PREFIX = 23.5
"""The most that the prefix of a house with brands says for the house. (Of 32 on known devices, 31 were Amazon's own.)"""
MORE_NAMES = (0.0, 0.0, 4.0, 5.0, 6.0)
"""What a second, third … name of the same vendor adds."""
SMALL_SHARE, TINY_SHARE = 0.34, 0.12
SMALL_LOSS, TINY_LOSS = 6.0, 14.0
"""What is taken off where only so much of the names asked for are this vendor's: many apps on one phone, not one gadget."""
LATE_LOSS = 6.0
"""What is taken off where none of the first names is: a gadget asks for its maker before it asks for others."""


class Sighting(NamedTuple):
    """One clue that rows know."""

    value: str
    traits: tuple[Trait, ...]


class Heard(NamedTuple):
    """What a device has said so far."""

    sightings: tuple[Sighting, ...] = ()
    names: int = 0
    """Different names asked for that say something of who asks."""
    first_names: frozenset[str] = frozenset()
    """The first of them."""


Sign = tuple[float, str, Trait]
"""(What it is worth, what was seen, the row)."""


class Standing(NamedTuple):
    """How one vendor stands."""

    vendor: str
    confidence: float
    signs: tuple[Sign, ...]
    """Strongest first; one of each kind."""


def stand(heard: Heard, known: Identification) -> list[Standing]:
    """The vendors that anything speaks for, likeliest first."""
    signs = {vendor: _signs(vendor, heard) for vendor in _vendors(heard, known)}
    _settle_houses(signs, known.houses)
    weights = {vendor: weight for vendor, own in signs.items() if (weight := _total(own)) > 0}
    found = [
        Standing(vendor, min(CERTAIN, chance), tuple(sorted(signs[vendor].values(), key=lambda sign: -sign[0])))
        for vendor, chance in chances(weights, PRIOR).items()
    ]
    return sorted(found, key=lambda standing: (-standing.confidence, standing.vendor))


Signs = dict[str, Sign]
"""Kind of sign -> its strongest."""


def _vendors(heard: Heard, known: Identification) -> list[str]:
    return sorted({trait.vendor for sighting in heard.sightings for trait in sighting.traits} - known.platforms)


def _signs(vendor: str, heard: Heard) -> Signs:
    """The strongest sign of each kind; what does not stand alone only where it has company."""
    best: Signs = {}
    lame: Signs = {}
    for weight, seen, trait in _rows(vendor, heard.sightings):
        kind = KINDS[trait.signal]
        into = best if trait.alone else lame
        if weight > 0 and (kind not in into or weight > into[kind][0]):
            into[kind] = (weight, seen, trait)
    if NAMES in best:
        best[NAMES] = _weigh_names(vendor, heard, best[NAMES])
    for kind, sign in lame.items():
        # A prefix needs any other sign, everything else needs a prefix: so the rows' notes have it.
        company = [other for other in (*best, *lame) if other != kind and (PREFIX in (kind, other))]
        if kind not in best and company:
            best[kind] = sign
    return best


def _rows(vendor: str, sightings: Iterable[Sighting]) -> Iterator[Sign]:
    """What was seen of this vendor, each for what it is worth where others show the same."""
    for seen, traits in sightings:
        for trait in traits:
            if trait.vendor == vendor:
                others = {other.vendor for other in traits if other.alone or not trait.alone}
                weight = of(trait, VENDOR) if trait.alone else min(NOT_ALONE, of(trait, VENDOR))
                yield shared(weight, len(others)), seen, trait


def _weigh_names(vendor: str, heard: Heard, sign: Sign) -> Sign:
    """Several names of one vendor say more; few among many say less."""
    own = {
        seen.value
        for seen in heard.sightings
        for trait in seen.traits
        if trait.vendor == vendor and trait.signal is Signal.DNS
    }
    share = len(own) / max(heard.names, len(own), 1)
    loss = TINY_LOSS if share < TINY_SHARE else SMALL_LOSS if share < SMALL_SHARE else 0.0
    late = LATE_LOSS if heard.first_names and own.isdisjoint(heard.first_names) else 0.0
    more = MORE_NAMES[min(len(own), len(MORE_NAMES) - 1)]
    return (max(0.0, sign[0] + more - loss - late), *sign[1:])


def _settle_houses(signs: dict[str, Signs], houses: Mapping[str, str]) -> None:
    """A house's prefix is on its brands' devices too: where a brand's other signs are the stronger, it speaks for the brand."""
    for house in set(houses.values()) & signs.keys():
        if prefix := signs[house].get(PREFIX):
            signs[house][PREFIX] = (min(HOUSE_PREFIX, prefix[0]), *prefix[1:])
    for brand, house in houses.items():
        own, others = signs.get(brand, {}), signs.get(house, {})
        if (prefix := others.get(PREFIX)) and _without_prefix(own) > max(HUNCH, _without_prefix(others)):
            del others[PREFIX]
            own.setdefault(PREFIX, (min(NOT_ALONE, prefix[0]), *prefix[1:]))


def _without_prefix(signs: Signs) -> float:
    return combined([sign[0] for kind, sign in signs.items() if kind != PREFIX])


def _total(signs: Signs) -> float:
    weight = combined([sign[0] for sign in signs.values()])
    only_low = all(sign[2].confidence is Confidence.LOW for sign in signs.values())
    return min(weight, HUNCH) if only_low else weight
