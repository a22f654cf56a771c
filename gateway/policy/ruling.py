"""Which rule holds: the levels of a policy, nearest first. ``decide`` says what it means for the packets."""

from typing import NamedTuple

from ..model.action import Action
from ..model.decision import Subject
from ..model.device import Device, Mac
from ..model.moment import Moment
from ..model.policy import DevicePolicy, Exemption, Policy, Rule, RuleRef
from ..model.purpose import Purpose
from .assembly import LAST_LEVEL, LAST_RESORT
from .schedule import is_open, minute_of
from .target import covers

NOBODY = DevicePolicy(device=Device(mac=Mac(""), id="", profile="careful"), levels=(LAST_LEVEL,))
"""Whom no file knows."""
REFUSING = frozenset({Action.ASK, Action.ANSWER, Action.BLOCK, Action.DROP})
PASSING = frozenset({Action.ALLOW, Action.LIMIT})


class Ruling(NamedTuple):
    """The rule that holds for one purpose of one device, now."""

    purpose: Purpose
    action: Action
    """What it comes to: ``block`` outside the rule's schedule."""
    ref: RuleRef
    rule: Rule
    exemption: Exemption | None = None
    """The exception that won, if one did."""
    closed: bool = False
    """The rule's schedule is not open."""
    mixed: bool = False
    dropped: bool = False
    """A mixed name, judged by its stricter purpose because ``mixed:`` says drop."""


def entry_for(policy: Policy, device: Device) -> DevicePolicy:
    """What applies to a device, without the rules on trial that were taken back from it."""
    if policy.taken_back and (found := policy.taken_back.get(device.mac)) is not None:
        return found
    return written_for(policy, device)


def written_for(policy: Policy, device: Device) -> DevicePolicy:
    """What the files say: its own entry, else its guessed profile, else what newcomers get."""
    found = policy.devices.get(device.mac) or policy.profiles.get(device.profile)
    return found or policy.profiles.get(policy.newcomer_profile) or NOBODY


def rule_of(policy: Policy, device: Device, purpose: Purpose) -> Rule:
    """The nearest rule that a device has for a purpose, whatever its exceptions and the hour."""
    found = entry_for(policy, device).table.get(purpose)
    return found[0] if found else LAST_RESORT


def rule_on(policy: Policy, entry: DevicePolicy, subject: Subject, moment: Moment) -> Ruling:
    """The rule for the flow: of its main purpose, unless its name serves others that are judged more strictly."""
    assessment = subject.assessment
    main = rule_for(assessment.purpose, policy, entry, subject=subject, moment=moment)
    if not assessment.also:
        return main
    others = [
        rule_for(purpose, policy, entry, subject=subject, moment=moment)
        for purpose in assessment.also
        if purpose is not assessment.purpose
    ]
    strictest = max(others, key=lambda ruling: ruling.action.strictness, default=main)
    floor = max(Action.LIMIT.strictness, main.action.strictness)
    if strictest.action.strictness <= floor:
        return main
    if mixed_choice(entry, subject) == "drop":
        return strictest._replace(mixed=True, dropped=True)
    return main._replace(mixed=True)


def mixed_choice(entry: DevicePolicy, subject: Subject) -> str:
    """``keep`` or ``drop``, for the catalogue's match or the name itself."""
    name = subject.assessment.name
    found = entry.mixed.get(subject.assessment.match)
    return found or (entry.mixed.get(name.text) if name else None) or "keep"


def rule_for(purpose: Purpose, policy: Policy, entry: DevicePolicy, *, subject: Subject, moment: Moment) -> Ruling:
    """The nearest rule for one purpose, or an exception of a level at least as near."""
    rule, depth = entry.table.get(purpose) or (LAST_RESORT, len(entry.levels))
    for number, exemption in entry.exceptions:
        if number > depth:
            break
        if _applies(exemption, subject, moment):
            return Ruling(purpose, exemption.action, exemption.ref, rule, exemption)
    if rule.when is not None:
        minute = minute_of(moment.wall, policy.timezone) if moment.wall_trusted else None
        if minute is None or not is_open(rule.when, minute):
            return Ruling(purpose, Action.BLOCK, rule.ref, rule, None, True)
    return Ruling(purpose, rule.action, rule.ref, rule)


def _applies(exemption: Exemption, subject: Subject, moment: Moment) -> bool:
    refusing = exemption.action in REFUSING
    if exemption.until is not None:
        if not moment.wall_trusted and not refusing:
            return False
        if moment.wall_trusted and not moment.wall < exemption.until:
            return False
    name = subject.assessment.name
    text = name.text if name else ""
    if not subject.dns:
        return covers(exemption.to, name=text, address=subject.address, port=subject.port, proto=subject.proto)
    # A name is refused only where every flow to it would be: an exception for one port opens the name, but does not close it.
    targets = tuple(target for target in exemption.to if not target.network and not (refusing and target.port))
    return covers(targets, name=text, address=b"", port=0, proto=0)
