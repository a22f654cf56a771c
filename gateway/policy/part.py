"""What one policy file says, compiled: the parts of which a policy is put together. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.action import Action
from ..model.assessment import FixedReply, Hint, Row
from ..model.device import Mac
from ..model.identity import Trait
from ..model.policy import Level, Regime, Rule, RuleRef
from ..model.purpose import Purpose

BUILT_IN = RuleRef(file="built-in")
SHIPPED_FOLDERS = ("catalogue", "identity", "presets", "profiles")


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePart:
    """A file of ``catalogue/``."""

    file: str
    rows: tuple[Row, ...]
    hints: tuple[Hint, ...] = ()
    replies: tuple[FixedReply, ...] = ()
    digest: str = ""
    """Of everything in it that can change a judgement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPart:
    """A file of ``identity/``."""

    file: str
    vendor: str
    house: str = ""
    platform: bool = False
    brands: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Kind of device -> its family."""
    traits: tuple[Trait, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedChoice:
    """One line of ``mixed:``."""

    choice: str
    """``keep`` or ``drop``."""
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What stops working without a purpose, and how we know."""

    texts: Mapping[str, str]
    """Language -> sentence; ``en`` is always there."""
    evidence: str = ""
    confidence: str = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """How a kind of device takes a no about a purpose best, and how we know."""

    how: str
    never: str = ""
    """``silence``, where it suffers from that."""
    texts: Mapping[str, str]
    """Language -> sentence; ``en`` is always there."""
    evidence: str = ""
    confidence: str = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePart:
    """A file of ``profiles/``."""

    file: str
    id: str
    line: int = 1
    titles: Mapping[str, str] = field(default_factory=dict)
    vendor: str = ""
    family: str = "other"
    like: str = ""
    """Another profile, whose rules, mixed choices and costs hold where this one has none of its own."""
    level: Level = Level()
    mixed: Mapping[str, MixedChoice] = field(default_factory=dict)
    costs: Mapping[Purpose, Cost] = field(default_factory=dict)
    advice: Mapping[Purpose, Advised] = field(default_factory=dict)
    on_fault_open: bool = False
    mesh_bridge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetPart:
    """A file of ``presets/``."""

    file: str
    id: str
    level: Level = Level()
    families: Mapping[str, Level] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePart:
    """An entry of ``devices:``."""

    id: str
    mac: Mac
    ref: RuleRef
    profile: str = ""
    trusted: bool = False
    confirmed: bool = False
    level: Level = Level()
    mixed: Mapping[str, MixedChoice] = field(default_factory=dict)
    on_fault_open: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerPart:
    """An entry of ``owners:``."""

    id: str
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdPart:
    """``household.yaml``, or a file of ``devices.d/`` (which has devices and owners only)."""

    file: str
    timezone: str = "UTC"
    preset: str = ""
    new_devices: Regime = Regime.GUIDED
    defaults: Level = Level()
    devices: tuple[DevicePart, ...] = ()
    owners: tuple[OwnerPart, ...] = ()


Part = CataloguePart | IdentityPart | ProfilePart | PresetPart | HouseholdPart


def _everything(action: Action, **others: Action) -> Level:
    by_name = {purpose: others.get(purpose.name.lower(), action) for purpose in Purpose}
    return Level(rules={purpose: Rule(action=chosen, ref=BUILT_IN) for purpose, chosen in by_name.items()})


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
