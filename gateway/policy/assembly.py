"""Parts -> ``Policy``: who gets which levels, and whether everything that is named exists."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ..model.action import Action
from ..model.device import Device, Mac
from ..model.policy import DevicePolicy, Level, Policy, Rule, RuleRef
from ..model.purpose import Purpose
from .catalogue import build_catalogue, matches_of
from .codec import digest_policy
from .fault import Fault
from .part import CataloguePart, DevicePart, HouseholdPart, MixedChoice, Part, PresetPart, ProfilePart

BUILT_IN = RuleRef(file="built-in")
LAST_RESORT = Rule(action=Action.LIMIT, ref=BUILT_IN, budget_bytes=64_000, budget_window_s=3600.0, then_ask=True)
"""What holds for a purpose that no level speaks of."""
NEWCOMER = {"guided": "careful", "quarantine": "quarantine", "observe": "observe"}
DEFAULT_PRESET = "recommended"


def _everything(action: Action, **others: Action) -> Level:
    by_name = {purpose: others.get(purpose.name.lower(), action) for purpose in Purpose}
    return Level(rules={purpose: Rule(action=chosen, ref=BUILT_IN) for purpose, chosen in by_name.items()})


LAST_LEVEL = Level(rules={purpose: LAST_RESORT for purpose in Purpose})
BUILT_IN_PROFILES = {
    "careful": ProfilePart(file="built-in", id="careful", line=0),
    "observe": ProfilePart(file="built-in", id="observe", line=0, level=_everything(Action.ALLOW)),
    "quarantine": ProfilePart(
        file="built-in",
        id="quarantine",
        line=0,
        level=_everything(Action.BLOCK, time=Action.ANSWER, connectivity_check=Action.ANSWER, dns_escape=Action.ANSWER),
    ),
}
"""Profiles that are there without any file; a file of the same id replaces one."""


class Assembled(NamedTuple):
    """``policy`` is None where there are faults."""

    policy: Policy | None
    faults: tuple[Fault, ...]


class _Shelf(NamedTuple):
    """What entries may name."""

    profiles: Mapping[str, ProfilePart]
    presets: Mapping[str, PresetPart]
    matches: frozenset[str]


def assemble(parts: Iterable[Part], *, whole: bool = True) -> Assembled:
    """The policy. ``household.yaml`` may be missing: then nobody decided anything, and the recommended preset holds.

    Where a file could not be read (``whole`` False), what it may have defined cannot be missed.
    """
    parts = tuple(parts)
    files = [part for part in parts if isinstance(part, CataloguePart)]
    catalogue = build_catalogue(row for part in files for row in part.rows)
    profiles = [part for part in parts if isinstance(part, ProfilePart)]
    presets = [part for part in parts if isinstance(part, PresetPart)]
    shelf = _Shelf(
        {**BUILT_IN_PROFILES, **{part.id: part for part in profiles}},
        {part.id: part for part in presets},
        matches_of(catalogue),
    )
    households = sorted(
        (part for part in parts if isinstance(part, HouseholdPart)), key=lambda part: (part.file != "household.yaml", part.file)
    )
    faults = tuple(_faults(profiles, presets, households, shelf, whole=whole))
    if faults or not whole:
        return Assembled(None, faults)
    main = households[0] if households and households[0].file == "household.yaml" else HouseholdPart(file="household.yaml")
    base = _Base(main, shelf.presets.get(main.preset.value if main.preset else DEFAULT_PRESET))
    newcomer = NEWCOMER[main.new_devices]
    policy = Policy(
        digest="",
        timezone=main.timezone,
        devices=dict(_devices(households, shelf, base, newcomer)),
        profiles={name: _for_profile(profile, base) for name, profile in shelf.profiles.items()},
        newcomer_profile=newcomer,
        catalogue=catalogue,
    )
    digest = digest_policy(policy, (part.digest for part in files))
    return Assembled(_with_digest(policy, digest), ())


def _with_digest(policy: Policy, digest: str) -> Policy:
    return Policy(
        digest=digest, timezone=policy.timezone, devices=policy.devices, profiles=policy.profiles,
        newcomer_profile=policy.newcomer_profile, catalogue=policy.catalogue,
    )  # fmt: skip


class _Base(NamedTuple):
    """What lies below every profile."""

    household: HouseholdPart
    preset: PresetPart | None

    def levels(self, family: str) -> tuple[Level, ...]:
        preset = self.preset
        found = (self.household.defaults, preset.families.get(family) if preset else None, preset.level if preset else None)
        return (*(level for level in found if level and level.rules), LAST_LEVEL)


def _for_profile(profile: ProfilePart, base: _Base) -> DevicePolicy:
    return DevicePolicy(
        device=Device(mac=Mac(""), id="", profile=profile.id, vendor=profile.vendor, family=profile.family),
        levels=(profile.level, *base.levels(profile.family)),
        mixed={match: entry.choice for match, entry in profile.mixed.items()},
        costs=profile.costs,
        on_fault_open=profile.on_fault_open,
        ref=RuleRef(file=profile.file, line=profile.line),
    )


def _devices(
    households: Iterable[HouseholdPart], shelf: _Shelf, base: _Base, newcomer: str
) -> Iterator[tuple[Mac, DevicePolicy]]:
    households = tuple(households)
    owners = {place.value: owner.id for part in households for owner in part.owners for place in owner.devices}
    for part in households:
        for entry in part.devices:
            profile = shelf.profiles[entry.profile.value if entry.profile else newcomer]
            yield entry.mac, _for_device(entry, profile, base, owners.get(entry.id, ""))


def _for_device(entry: DevicePart, profile: ProfilePart, base: _Base, owner: str) -> DevicePolicy:
    mixed = {**profile.mixed, **entry.mixed}
    return DevicePolicy(
        device=Device(
            mac=entry.mac,
            id=entry.id,
            profile=profile.id,
            vendor=profile.vendor,
            family=profile.family,
            trusted=entry.trusted,
            owner=owner,
            confirmed=entry.confirmed,
        ),
        levels=(entry.level, profile.level, *base.levels(profile.family)),
        mixed={match: choice.choice for match, choice in mixed.items()},
        costs=profile.costs,
        on_fault_open=profile.on_fault_open if entry.on_fault_open is None else entry.on_fault_open,
        ref=entry.ref,
    )


# Faults of sense, between files.


def _faults(
    profiles: list[ProfilePart], presets: list[PresetPart], households: list[HouseholdPart], shelf: _Shelf, *, whole: bool
) -> Iterator[Fault]:
    for kind, found in (("profile", profiles), ("preset", presets)):
        yield from _twice(kind, found)
    yield from _doubles(households)
    if not whole:
        return
    for profile in profiles:
        yield from _unknown_mixed(profile.file, "mixed", profile.mixed, shelf)
    names = tuple(entry.id for part in households for entry in part.devices)
    for part in households:
        yield from _preset_faults(part, shelf)
        for entry in part.devices:
            yield from _device_faults(part, entry, shelf)
        yield from _owner_faults(part, names)


def _doubles(households: list[HouseholdPart]) -> Iterator[Fault]:
    """One name or one hardware address for two devices."""
    ids: dict[str, RuleRef] = {}
    macs: dict[Mac, DevicePart] = {}
    for part in households:
        for entry in part.devices:
            if entry.id in ids:
                message = f"is defined in {ids[entry.id]} already"
                yield Fault(file=part.file, line=entry.ref.line, path=f"devices.{entry.id}", value=entry.id, message=message)
            if entry.mac in macs:
                yield part.fault(entry.place, f"is the address of {macs[entry.mac].id} too ({macs[entry.mac].ref})")
            ids.setdefault(entry.id, entry.ref)
            macs.setdefault(entry.mac, entry)


def _twice(kind: str, found: Iterable[ProfilePart | PresetPart]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for part in found:
        if part.id in first:
            message = f"is the id of {first[part.id]} too"
            yield Fault(file=part.file, line=getattr(part, "line", 0), path=kind, value=part.id, message=message)
        first.setdefault(part.id, part.file)


def _unknown_mixed(file: str, path: str, mixed: Mapping[str, MixedChoice], shelf: _Shelf) -> Iterator[Fault]:
    for match, entry in mixed.items():
        if match not in shelf.matches:
            message = "is no match in the catalogue"
            yield Fault(file=file, line=entry.line, column=entry.column, path=f"{path}.{match}", value=match, message=message)


def _preset_faults(part: HouseholdPart, shelf: _Shelf) -> Iterator[Fault]:
    place = part.preset
    if place is None or place.value in shelf.presets:
        return
    if place.line or shelf.presets:
        yield part.fault(place, "is no preset", tuple(sorted(shelf.presets)))


def _device_faults(part: HouseholdPart, entry: DevicePart, shelf: _Shelf) -> Iterator[Fault]:
    if entry.profile and entry.profile.value not in shelf.profiles:
        yield part.fault(entry.profile, "is no profile", tuple(sorted(shelf.profiles)))
    yield from _unknown_mixed(part.file, f"devices.{entry.id}.mixed", entry.mixed, shelf)


def _owner_faults(part: HouseholdPart, names: tuple[str, ...]) -> Iterator[Fault]:
    for owner in part.owners:
        for place in owner.devices:
            if place.value not in names:
                choices = tuple(sorted(names))
                yield part.fault(place, "is no device that devices: defines" + ("" if choices else "; there are none"), choices)
