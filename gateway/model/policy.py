"""What people decided, compiled from YAML to values that cannot be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .action import Action
from .assessment import Catalogue
from .device import Device, Mac
from .identity import Identification
from .purpose import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRef:
    """Where a rule was written."""

    file: str
    """Relative to the policy directory: ``profiles/ring-doorbell.yaml``; ``built-in`` for the last resort."""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A daily span of wall time in the household's zone; ``start > end`` passes midnight."""

    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One purpose, one action, and its options."""

    action: Action
    ref: RuleRef
    when: Schedule | None = None
    """Outside it the action is ``block``."""
    budget_bytes: int = 0
    """0: no budget."""
    budget_window_s: float = 0.0
    """0: the budget is for one flow."""
    rate_bytes_s: int = 0
    then_ask: bool = False
    viewing: str = ""
    """``panel``, ``panel+home``, ``evidence`` or ``bell``."""
    viewing_s: float = 900.0
    shadow: bool = False
    """It decides nothing: what it would have stopped is counted, and a level further away has the word."""
    trial_s: float = 0.0
    """It holds for so long while its device is watched, and is taken back if the device suffers; 0: it simply holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """How a kind of device takes a no about one purpose best, as far as there is evidence."""

    how: str
    """``answer`` (in the internet's place), ``refuse`` or ``silence``."""
    never_silence: bool = False
    """It suffers where nobody answers: it is refused, in whatever manner it is met otherwise."""
    why: str = ""
    """In English."""
    evidence: str = ""
    confidence: str = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``to:`` of an exception."""

    text: str
    suffix: str = ""
    """A name that covers itself and, with ``wildcard``, only its subdomains; empty for addresses."""
    wildcard: bool = False
    network: tuple[bytes, int] | None = None
    """(packed address, prefix length)."""
    port: int = 0
    proto: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """An exception that a person wrote: it wins over every rule of the same level."""

    to: tuple[Target, ...]
    action: Action
    ref: RuleRef
    until: float | None = None
    """Wall time, seconds since 1970."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of precedence: its exceptions, then its rules."""

    exemptions: tuple[Exemption, ...] = ()
    rules: Mapping[Purpose, Rule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePolicy:
    """Everything that applies to one device, nearest level first (device, profile, defaults, preset, built-in)."""

    device: Device
    levels: tuple[Level, ...]
    mixed: Mapping[str, str] = field(default_factory=dict)
    """Catalogue match -> ``keep`` or ``drop``."""
    costs: Mapping[Purpose, str] = field(default_factory=dict)
    """What stops working, in English, where the profile states it."""
    advice: Mapping[Purpose, Advice] = field(default_factory=dict)
    """How it is best told no; what is not in here nobody has shown."""
    on_fault_open: bool = False
    mesh_bridge: bool = False
    """It can lend the home's connection to strangers' gadgets: what it sends without a known purpose is possibly that."""
    ref: RuleRef = RuleRef(file="built-in")
    """Its entry in ``household.yaml``, or its profile."""
    table: Mapping[Purpose, tuple[Rule, int]] = field(init=False, repr=False, compare=False)
    """Purpose -> (its nearest rule, the number of that rule's level): ``levels``, flattened. Rules in shadow are not in it."""

    exceptions: tuple[tuple[int, Exemption], ...] = field(init=False, repr=False, compare=False)
    """(Number of its level, exemption), nearest first."""
    trials: tuple[tuple[Purpose, Rule], ...] = field(init=False, repr=False, compare=False)
    """The rules of ``table`` that are on trial."""

    def __post_init__(self) -> None:
        flat: dict[Purpose, tuple[Rule, int]] = {}
        for number, level in enumerate(self.levels):
            for purpose, rule in level.rules.items():
                if not rule.shadow:
                    flat.setdefault(purpose, (rule, number))
        object.__setattr__(self, "table", flat)
        object.__setattr__(self, "trials", tuple((purpose, rule) for purpose, (rule, _) in flat.items() if rule.trial_s))
        found = tuple((number, exemption) for number, level in enumerate(self.levels) for exemption in level.exemptions)
        object.__setattr__(self, "exceptions", found)


class Regime(StrEnum):
    """What becomes of devices that no file names (``new_devices:``)."""

    GUIDED = "guided"
    """A time to be set up in, then the profile that it probably has, or ``careful``."""
    CAREFUL = "careful"
    """The same without that time."""
    QUARANTINE = "quarantine"
    """An address, our resolver and the time, nothing else."""
    OBSERVE = "observe"
    """Everything, counted."""


SET_UP = "set-up"
"""The profile of a device's first minutes, where the regime gives it some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One compiled generation of the household's policy."""

    digest: str
    """Hex, 16 characters: of everything that can change a decision."""
    timezone: str = "UTC"
    devices: Mapping[Mac, DevicePolicy] = field(default_factory=dict)
    """Those that ``household.yaml`` names; trusted ones included."""
    profiles: Mapping[str, DevicePolicy] = field(default_factory=dict)
    """By profile id, with a nameless ``Device``: what a device gets that only has a guessed profile."""
    newcomer_profile: str = "careful"
    """What a device gets that no file names and nobody has recognised; ``observe`` and ``quarantine`` are built-in profiles."""
    new_devices: Regime = Regime.CAREFUL
    catalogue: Catalogue = field(default_factory=Catalogue)
    identity: Identification = Identification()
    """How devices give themselves away: the profile of those that no file names rests on it."""
    taken_back: Mapping[Mac, DevicePolicy] = field(default_factory=dict)
    """What holds for devices that suffered from a rule on trial. No file says it, and no process hands it to another."""
    strict: "Policy | None" = field(init=False, repr=False, compare=False)
    """The same with every rule in shadow in force; None where there is none."""

    def __post_init__(self) -> None:
        tables = (self.devices, self.profiles, self.taken_back)
        shadowed = any(_is_shadowed(entry) for table in tables for entry in table.values())
        object.__setattr__(self, "strict", _enforced(self) if shadowed else None)


def _is_shadowed(entry: DevicePolicy) -> bool:
    return any(rule.shadow for level in entry.levels for rule in level.rules.values())


def _enforced(policy: Policy) -> Policy:
    return replace(
        policy,
        devices={mac: _enforced_entry(entry) for mac, entry in policy.devices.items()},
        profiles={name: _enforced_entry(entry) for name, entry in policy.profiles.items()},
        taken_back={mac: _enforced_entry(entry) for mac, entry in policy.taken_back.items()},
    )


def _enforced_entry(entry: DevicePolicy) -> DevicePolicy:
    return replace(entry, levels=tuple(map(_enforced_level, entry.levels)))


def _enforced_level(level: Level) -> Level:
    return replace(level, rules={purpose: replace(rule, shadow=False) for purpose, rule in level.rules.items()})
