"""How devices give themselves away: the rows of ``identity/`` -> ``Identification``, and as JSON."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..model.identity import Confidence, Identification, Signal, Trait
from .part import IdentityPart, ProfilePart

_SIGNALS = {signal.value: signal for signal in Signal}
_CONFIDENCES = {confidence.value: confidence for confidence in Confidence}


def build_identification(parts: Iterable[IdentityPart], profiles: Mapping[str, ProfilePart]) -> Identification:
    """The rows of all files, and which profile suits which kind of device."""
    parts = tuple(parts)
    return Identification(
        traits=tuple(trait for part in parts for trait in part.traits),
        brands={brand: part.vendor for part in parts for brand in part.brands},
        houses={part.vendor: part.house for part in parts if part.house},
        platforms=frozenset(part.vendor for part in parts if part.platform),
        profiles={
            (part.vendor, kind): profile
            for part in parts
            for kind, family in part.kinds.items()
            if (profile := suiting_profile(part.vendor, kind, family, profiles))
        },
    )


def suiting_profile(vendor: str, kind: str, family: str, profiles: Mapping[str, ProfilePart]) -> str:
    """The profile of that very kind (``echo`` for ``echo-dot``); else the only one of its vendor and family; else the family's;
    else none."""
    own = [part for part in profiles.values() if part.vendor == vendor]
    if named := [part.id for part in own if kind == part.id or kind.startswith(f"{part.id}-")]:
        return max(named, key=len)
    if family == "other":
        return ""
    alike = [part.id for part in own if part.family == family]
    if len(alike) == 1:
        return alike[0]
    return family if family in profiles else ""


# As JSON.


def identification_plain(known: Identification) -> dict[str, Any]:
    return {
        "traits": traits_plain(known.traits),
        "brands": dict(known.brands),
        "houses": dict(known.houses),
        "platforms": sorted(known.platforms),
        "profiles": [[*key, profile] for key, profile in known.profiles.items()],
    }


def judged_identification(known: Identification) -> list[Any]:
    """What can change a guess: evidence, notes and places do not."""
    rows = [
        [trait.vendor, trait.signal, trait.values, trait.device, trait.confidence, trait.alone] for trait in known.traits
    ]
    tables = [sorted(table.items()) for table in (known.brands, known.houses, known.profiles)]
    return [rows, *tables, sorted(known.platforms)]


def identification_from(plain: dict[str, Any]) -> Identification:
    return Identification(
        traits=tuple(traits_from(plain["traits"])),
        brands=plain["brands"],
        houses=plain["houses"],
        platforms=frozenset(plain["platforms"]),
        profiles={(vendor, kind): profile for vendor, kind, profile in plain["profiles"]},
    )


def identity_plain(part: IdentityPart) -> list[Any]:
    return [
        part.file, part.vendor, part.house, part.platform, list(part.brands), dict(part.kinds), traits_plain(part.traits),
    ]  # fmt: skip


def identity_from(plain: list[Any]) -> IdentityPart:
    file, vendor, house, platform, brands, kinds, traits = plain
    return IdentityPart(
        file=file, vendor=vendor, house=house, platform=platform, brands=tuple(brands), kinds=kinds,
        traits=tuple(traits_from(traits)),
    )  # fmt: skip


def traits_plain(traits: Iterable[Trait]) -> list[Any]:
    return [
        [
            trait.vendor, trait.signal, trait.values, trait.device, trait.confidence, trait.evidence, trait.note, trait.alone,
            trait.source,
        ]
        for trait in traits
    ]  # fmt: skip


def traits_from(plain: list[Any]) -> Iterator[Trait]:
    for vendor, signal, values, device, confidence, evidence, note, alone, source in plain:
        yield Trait(
            vendor=vendor,
            signal=_SIGNALS[signal],
            values=tuple(values),
            device=device,
            confidence=_CONFIDENCES[confidence],
            evidence=evidence,
            note=note,
            alone=alone,
            source=source,
        )
