"""Parts -> ``Policy``: who gets which levels."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from ..model.action import Action
from ..model.device import Device, Mac
from ..model.policy import Advice, DevicePolicy, Level, Policy, Regime, Rule, RuleRef
from ..model.purpose import Purpose
from .catalogue import build_catalogue
from .codec import digest_policy
from .identification import build_identification
from .part import (
    BUILT_IN,
    BUILT_IN_PROFILES,
    Advised,
    CataloguePart,
    Cost,
    DevicePart,
    HouseholdPart,
    IdentityPart,
    MixedChoice,
    Part,
    PresetPart,
    ProfilePart,
)

LAST_RESORT = Rule(action=Action.LIMIT, ref=BUILT_IN, budget_bytes=64_000, budget_window_s=3600.0, then_ask=True)
"""What holds for a purpose that no level speaks of."""
NEWCOMER = {
    Regime.GUIDED: "careful",
    Regime.CAREFUL: "careful",
    Regime.QUARANTINE: "quarantine",
    Regime.OBSERVE: "observe",
}
"""The profile of whom nobody has recognised."""
DEFAULT_PRESET = "recommended"
EVERYBODY = "careful"
"""The profile whose ``advice`` is that for every device."""


LAST_LEVEL = Level(rules={purpose: LAST_RESORT for purpose in Purpose})


def assemble(parts: Iterable[Part]) -> Policy:
    """The policy, where every name in it exists. Without ``household.yaml`` the recommended preset holds for everybody."""
    parts = tuple(parts)
    files = [part for part in parts if isinstance(part, CataloguePart)]
    profiles = {**BUILT_IN_PROFILES, **{part.id: part for part in parts if isinstance(part, ProfilePart)}}
    presets = {part.id: part for part in parts if isinstance(part, PresetPart)}
    households = [part for part in parts if isinstance(part, HouseholdPart)]
    main = next((part for part in households if part.file == "household.yaml"), HouseholdPart(file="household.yaml"))
    base = _Base(main, presets.get(main.preset or DEFAULT_PRESET), profiles)
    newcomer = NEWCOMER[main.new_devices]
    policy = Policy(
        digest="",
        timezone=main.timezone,
        devices=dict(_devices(households, profiles, base, newcomer)),
        profiles={name: _for_profile(profile, base) for name, profile in profiles.items()},
        newcomer_profile=newcomer,
        new_devices=main.new_devices,
        catalogue=build_catalogue(
            (row for part in files for row in part.rows),
            (reply for part in files for reply in part.replies),
            (hint for part in files for hint in part.hints),
        ),
        identity=build_identification((part for part in parts if isinstance(part, IdentityPart)), profiles),
    )
    return replace(policy, digest=digest_policy(policy, (part.digest for part in files)))


class _Base(NamedTuple):
    """What lies below every profile."""

    household: HouseholdPart
    preset: PresetPart | None
    profiles: Mapping[str, ProfilePart]

    def levels(self, profile: ProfilePart) -> tuple[Level, ...]:
        preset, family = self.preset, self.model_of(profile)
        found = (
            family.level if family else None,
            self.household.defaults,
            preset.families.get(profile.family) if preset else None,
            preset.level if preset else None,
        )
        return (profile.level, *(level for level in found if level and level != Level()), LAST_LEVEL)

    def model_of(self, profile: ProfilePart) -> ProfilePart | None:
        """The profile that it is ``like``."""
        return self.profiles.get(profile.like)

    def mixed(self, profile: ProfilePart) -> dict[str, MixedChoice]:
        model = self.model_of(profile)
        return {**(model.mixed if model else {}), **profile.mixed}

    def costs(self, profile: ProfilePart) -> dict[Purpose, str]:
        return {purpose: cost.texts["en"] for purpose, cost in costs_of(profile, self.profiles).items()}

    def advice(self, profile: ProfilePart) -> dict[Purpose, Advice]:
        return {
            purpose: Advice(
                how=said.how,
                never_silence=said.never == "silence",
                why=said.texts["en"],
                evidence=said.evidence,
                confidence=said.confidence,
            )
            for purpose, said in advice_of(profile, self.profiles).items()
        }


def costs_of(profile: ProfilePart, profiles: Mapping[str, ProfilePart]) -> dict[Purpose, Cost]:
    """What a profile states, and besides it what the one states that it is ``like``."""
    model = profiles.get(profile.like)
    return {**(model.costs if model else {}), **profile.costs}


def advice_of(profile: ProfilePart, profiles: Mapping[str, ProfilePart]) -> dict[Purpose, Advised]:
    """How it is best told no: what it says itself, what the one says that it is ``like``, and what is known of all devices."""
    nearest_last = (profiles.get(EVERYBODY), profiles.get(profile.like), profile)
    return {purpose: said for part in nearest_last if part is not None for purpose, said in part.advice.items()}


def _for_profile(profile: ProfilePart, base: _Base) -> DevicePolicy:
    return DevicePolicy(
        device=Device(mac=Mac(""), id="", profile=profile.id, vendor=profile.vendor, family=profile.family),
        levels=base.levels(profile),
        mixed={match: entry.choice for match, entry in base.mixed(profile).items()},
        costs=base.costs(profile),
        advice=base.advice(profile),
        on_fault_open=profile.on_fault_open,
        mesh_bridge=profile.mesh_bridge,
        ref=RuleRef(file=profile.file, line=profile.line),
    )


def _devices(
    households: list[HouseholdPart], profiles: Mapping[str, ProfilePart], base: _Base, newcomer: str
) -> Iterator[tuple[Mac, DevicePolicy]]:
    owners = {device: owner.id for part in households for owner in part.owners for device in owner.devices}
    for part in households:
        for entry in part.devices:
            profile = profiles[entry.profile or newcomer]
            yield entry.mac, _for_device(entry, profile, base, owners.get(entry.id, ""))


def _for_device(entry: DevicePart, profile: ProfilePart, base: _Base, owner: str) -> DevicePolicy:
    mixed = {**base.mixed(profile), **entry.mixed}
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
        levels=(entry.level, *base.levels(profile)),
        mixed={match: choice.choice for match, choice in mixed.items()},
        costs=base.costs(profile),
        advice=base.advice(profile),
        mesh_bridge=profile.mesh_bridge,
        on_fault_open=profile.on_fault_open if entry.on_fault_open is None else entry.on_fault_open,
        ref=entry.ref,
    )
