"""What a device was seen to need, by purpose, and the rules that hold it to that: observations -> ``Baseline``.

A purpose that passed keeps passing, within a budget from what was seen. One that was never used is blocked, and what nobody has
shown the purpose of is asked about. Nothing is let pass that the present policy stops, and no budget grows.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..model.action import Action
from ..model.device import Device
from ..model.policy import DevicePolicy, Exemption, Policy, Rule, RuleRef
from ..model.purpose import Purpose
from .assembly import LAST_RESORT
from .decide import MEDIA
from .observed import Observed, Seen
from .part import DevicePart
from .ruling import PASSING, entry_for, rule_of
from .value import format_count, format_duration
from .what_if import UNEXPLAINED

MARGIN = 2
"""A budget is so many times the most that was sent within any of its windows."""
LEAST_BYTES = 16_000
"""No budget is smaller: a few connections more than were seen, with their hellos (a hello is 0.5 to 2 kB)."""
WINDOW_S = 3_600.0
"""Of a budget where the present policy has none."""
WEEK_S = 7 * 86_400.0
NEARLY_S = 3_600.0
"""A week that lacks no more than this is a week."""
FEW_FLOWS = 50
DOUBTFUL = 0.5
"""Below this confidence a name is told as thinly evidenced."""
HERE = RuleRef(file="baseline")
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What is to hold for one purpose."""

    purpose: Purpose
    rule: Rule | None
    """None: nothing is said, so that what holds now goes on."""
    was: Action
    """Of the present rule."""
    why: str
    seen: Seen | None = None
    """None: it was never used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Everything that a device's entry is to say."""

    device: Device
    ref: RuleRef | None
    """Its present entry; None where no file names it."""
    locks: tuple[Lock, ...]
    exemptions: tuple[Exemption, ...]
    mixed: Mapping[str, str]
    on_fault_open: bool | None
    """None: as its profile says."""
    warnings: tuple[str, ...]
    learnt_s: float
    """From when on it was seen, within the time that was looked at."""


def draw(policy: Policy, device: Device, observed: Observed, *, since: float, known_since: float, now: float) -> Baseline:
    """The baseline of one device. ``known_since``: when the ledger first tells of it, before ``since`` or after."""
    entry = entry_for(policy, device)
    is_named = device.mac in policy.devices
    profile = policy.profiles.get(entry.device.profile)
    shared = dict(profile.mixed) if profile else {}
    own = {match: choice for match, choice in entry.mixed.items() if is_named and shared.get(match) != choice}
    locks = tuple(_lock(purpose, rule_of(policy, device, purpose), entry, observed) for purpose in Purpose)
    learnt_s = max(0.0, now - max(since, known_since))
    return Baseline(
        device=device,
        ref=entry.ref if is_named else None,
        locks=locks,
        exemptions=(*(entry.levels[0].exemptions if is_named and entry.levels else ()), *observed.carried()),
        mixed=own,
        on_fault_open=entry.on_fault_open if is_named and profile and profile.on_fault_open != entry.on_fault_open else None,
        warnings=tuple(_warnings(locks, observed, learnt_s=learnt_s, now=now)),
        learnt_s=learnt_s,
    )


def apply(policy: Policy, part: DevicePart) -> Policy:
    """The policy with one device's entry in the place of the present one, or of what a device gets that no file names."""
    entry = policy.devices.get(part.mac)
    if entry is not None:
        device, below = replace(entry.device, id=part.id), entry.levels[1:]
    else:
        entry = policy.profiles.get(part.profile) or entry_for(policy, Device(mac=part.mac, id=part.id, profile=part.profile))
        device, below = replace(entry.device, mac=part.mac, id=part.id, confirmed=part.confirmed), entry.levels
    mixed = {**entry.mixed, **{match: choice.choice for match, choice in part.mixed.items()}}
    locked = replace(entry, device=device, levels=(part.level, *below), mixed=mixed, ref=part.ref)
    return replace(policy, devices={**policy.devices, part.mac: locked})


# One purpose.


def _lock(purpose: Purpose, present: Rule, entry: DevicePolicy, observed: Observed) -> Lock:
    seen = observed.purposes.get(purpose)
    if seen is None:
        rule, why = _unused(purpose, present, entry, observed)
    elif purpose is Purpose.LOCAL:
        rule, why = None, "no rule here: what holds within the home goes on"
    elif purpose in UNEXPLAINED:
        rule, why = _unexplained(purpose, present, seen, entry, observed)
    elif present.action is Action.ASK and not seen.passed:
        rule, why = _refuse(), "asked about, and never passed"
    elif present.action not in PASSING or not seen.passed:
        rule, why = present, _kept(present, seen)
    elif seen.passed_at_home and purpose in MEDIA and present.action is Action.ALLOW:
        rule, why = present, "stays: within the home it passes by this word only"
    elif seen.passed_nameless and present.action is Action.ALLOW:
        rule, why = present, "stays: what carries no name, such as ICMP, passes by this word only"
    else:
        rule, why = _bounded(present, seen)
    return Lock(purpose=purpose, rule=rule, was=present.action, why=why, seen=seen)


def _unused(purpose: Purpose, present: Rule, entry: DevicePolicy, observed: Observed) -> tuple[Rule, str]:
    if present.action in (Action.BLOCK, Action.DROP):
        return present, "never used"
    if _would_drop(purpose, entry, observed):
        return present, "never used alone, but names that passed serve it too: stays"
    return _refuse(), f"never used; {present.action} so far"


def _unexplained(purpose: Purpose, present: Rule, seen: Seen, entry: DevicePolicy, observed: Observed) -> tuple[Rule, str]:
    """Never let pass for having been seen."""
    if present.action not in (*PASSING, Action.ASK) or _would_drop(purpose, entry, observed):
        return present, _kept(present, seen)
    return Rule(action=Action.ASK, ref=HERE), "nobody has shown what this is for: you are asked about each name"


def _bounded(present: Rule, seen: Seen) -> tuple[Rule, str]:
    """Within a budget from what was seen, in the present budget's own window; it never grows."""
    budget = present.budget_bytes if present.action is Action.LIMIT else 0
    window_s = present.budget_window_s if budget else WINDOW_S
    most = seen.highest.most_bytes if window_s else seen.largest_bytes
    wanted = round_up(max(LEAST_BYTES, MARGIN * most))
    if budget and wanted >= budget:
        return present, f"{_most(most, window_s)}; the present budget stays"
    why = "the least budget there is" if wanted == LEAST_BYTES else f"times {MARGIN}"
    bounded = replace(present, budget_bytes=wanted, budget_window_s=window_s, then_ask=True)
    return replace(bounded, action=Action.LIMIT, ref=HERE), f"{_most(most, window_s)}, {why}"


def window_of(rule: Rule) -> float:
    """The window in which a purpose's bytes are watched for a budget, seconds."""
    return (rule.budget_window_s if rule.action is Action.LIMIT and rule.budget_bytes else 0.0) or WINDOW_S


def round_up(size_bytes: int) -> int:
    """To two figures, so that a person can read it."""
    step = int(10 ** max(3, len(str(size_bytes)) - 2))
    return -(-size_bytes // step) * step


def _would_drop(purpose: Purpose, entry: DevicePolicy, observed: Observed) -> bool:
    """A stricter word for this purpose could stop names that passed: ``mixed:`` says drop for some."""
    return purpose in observed.beside and "drop" in entry.mixed.values()


def _refuse() -> Rule:
    return Rule(action=Action.BLOCK, ref=HERE)


def _kept(present: Rule, seen: Seen) -> str:
    if present == LAST_RESORT or present.action in PASSING:
        return "it never passed: the present rule stays"
    return "stays" + (", though it passed then" if seen.passed and present.action in (Action.BLOCK, Action.DROP) else "")


def _most(most: int, window_s: float) -> str:
    where = f"within {format_duration(window_s)}" if window_s else "in one flow"
    return f"at most {most:,} bytes up {where}"


# What a person has to know.


_UNEXPLAINED = {
    Purpose.UNKNOWN: ("name that nobody has shown the purpose of", "names that nobody has shown the purpose of"),
    Purpose.DIRECT_ADDRESS: ("address without a name", "addresses without a name"),
}


def _warnings(locks: tuple[Lock, ...], observed: Observed, *, learnt_s: float, now: float) -> Iterator[str]:
    days = learnt_s / _DAY_S
    if learnt_s < WEEK_S - NEARLY_S:
        yield f"it was watched for {days:.1f} days only: what it does once a week was not seen"
    silent = math.ceil(days) - len(observed.days)
    if silent > 1:
        yield f"on {silent} of {math.ceil(days)} days nothing was seen of it"
    if observed.last and now - observed.last > _DAY_S:
        yield f"it was last seen {(now - observed.last) / _DAY_S:.1f} days ago"
    if observed.flows < FEW_FLOWS:
        yield f"only {format_count(observed.flows, 'flow')} in all: too few to know what it needs"
    for lock in locks:
        yield from _warn_of(lock)
    doubtful = observed.doubtful(DOUBTFUL)
    if doubtful:
        yield f"of {_list(doubtful)} it is only thinly evidenced what they are for"


def _warn_of(lock: Lock) -> Iterator[str]:
    seen, purpose = lock.seen, lock.purpose
    if seen is None:
        if purpose is Purpose.UPDATE and lock.was in PASSING:
            yield "no update was seen, so none will come: allow it where you want new firmware"
        return
    if purpose in UNEXPLAINED and seen.names:
        places = format_count(len(seen.names), *_UNEXPLAINED[purpose])
        yield f"it spoke to {places}: listed as comments, not allowed"
    if seen.spent:
        spent = format_count(seen.spent, "flow")
        yield f"a budget was spent for {spent} of {purpose}: what would have been sent is not known"


def _list(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
