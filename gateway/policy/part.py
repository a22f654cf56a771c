"""What one policy file says, compiled: the parts of which a policy is put together. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.assessment import Row
from ..model.device import Mac
from ..model.policy import Level, RuleRef
from ..model.purpose import Purpose
from .fault import Fault

SHIPPED_FOLDERS = ("catalogue", "presets", "profiles")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something that names something else was written, for the fault if there is no such thing."""

    line: int
    column: int
    path: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePart:
    """A file of ``catalogue/``."""

    file: str
    rows: tuple[Row, ...]
    digest: str
    """Of everything in it that can change a judgement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedChoice:
    """One line of ``mixed:``."""

    choice: str
    """``keep`` or ``drop``."""
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePart:
    """A file of ``profiles/``."""

    file: str
    id: str
    line: int = 1
    titles: Mapping[str, str] = field(default_factory=dict)
    vendor: str = ""
    family: str = "other"
    level: Level = Level()
    mixed: Mapping[str, MixedChoice] = field(default_factory=dict)
    costs: Mapping[Purpose, str] = field(default_factory=dict)
    on_fault_open: bool = False


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
    place: Place
    profile: Place | None = None
    trusted: bool = False
    confirmed: bool = False
    level: Level = Level()
    mixed: Mapping[str, MixedChoice] = field(default_factory=dict)
    on_fault_open: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerPart:
    """An entry of ``owners:``."""

    id: str
    devices: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdPart:
    """``household.yaml``, or a file of ``devices.d/`` (which has devices and owners only)."""

    file: str
    timezone: str = "UTC"
    preset: Place | None = None
    new_devices: str = "guided"
    defaults: Level = Level()
    devices: tuple[DevicePart, ...] = ()
    owners: tuple[OwnerPart, ...] = ()

    def fault(self, place: Place, message: str, choices: tuple[str, ...] = ()) -> Fault:
        """About something written in this file."""
        return Fault(
            file=self.file, line=place.line, column=place.column, path=place.path,
            value=place.value, message=message, choices=choices,
        )  # fmt: skip


Part = CataloguePart | ProfilePart | PresetPart | HouseholdPart
