"""What happens to a flow, by which rule, and why.

Pure and total: the same arguments give the same decision, and any arguments give one.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from ..model.action import Action, Effect
from ..model.decision import Decision, Subject
from ..model.device import Device
from ..model.moment import Grant, Moment
from ..model.packet import TCP, UDP
from ..model.policy import Advice, DevicePolicy, Policy
from ..model.purpose import Purpose
from .assembly import LAST_RESORT
from .reason import explain_grant, explain_home, explain_refusal, explain_ruling, explain_shadow
from .ruling import PASSING, Ruling, entry_for, rule_for, rule_on

DNS_PORT = 53
MEDIA = frozenset({Purpose.VIDEO, Purpose.VOICE})
UNEXPLAINED = frozenset({Purpose.UNKNOWN, Purpose.DIRECT_ADDRESS})
POSSIBLE_MESH = "possible mesh sharing: it can lend this connection to strangers' gadgets, and nobody has shown what this is"
HTTP_PORT, NTP_PORT = 80, 123
WEB_PORTS = frozenset({HTTP_PORT, 443})
_REFUSALS = frozenset({Effect.REFUSE, Effect.DROP})


class Outcome(NamedTuple):
    """What a rule does to the packets."""

    effect: Effect
    question: bool = False
    grant: str = ""
    because: str = ""
    """What opened that."""


_PASS = Outcome(Effect.PASS)
_REFUSE = Outcome(Effect.REFUSE)
_DROP = Outcome(Effect.DROP)
_ASK = Outcome(Effect.REFUSE, True)
_REDIRECT = Outcome(Effect.REDIRECT)
_ALWAYS = {Action.ALLOW: _PASS, Action.LIMIT: _PASS, Action.BLOCK: _REFUSE, Action.DROP: _DROP}


def decide(policy: Policy, subject: Subject, moment: Moment) -> Decision:
    """The decision about one flow (or one DNS query) at one moment."""
    decision = _decide(policy, subject, moment)
    if policy.strict is None or decision.effect is not Effect.PASS:
        return decision
    foreseen = _decide(policy.strict, subject, moment)
    if foreseen.effect is Effect.PASS:
        return decision
    reason = f"{decision.reason}; {explain_shadow(foreseen)}"
    return replace(decision, would=foreseen.action, would_rule=foreseen.rule, reason=reason)


def _decide(policy: Policy, subject: Subject, moment: Moment) -> Decision:
    if subject.peer is not None:
        return _at_home(policy, subject, subject.peer, moment)
    device = subject.device
    entry = entry_for(policy, device)
    if device.trusted:
        return _free(entry, subject)
    ruling = rule_on(policy, entry, subject, moment)
    outcome = _ALWAYS.get(ruling.action) or _outcome(ruling, subject, moment, replies=policy.catalogue.replies)
    if (moment.grants and outcome.effect is not Effect.PASS) and (grant := _grant(ruling, outcome, device, moment)):
        return _granted(grant, ruling, subject)
    decision = _decision(ruling, outcome, subject, entry.advice.get(ruling.purpose))
    if entry.mesh_bridge and ruling.purpose in UNEXPLAINED and outcome.effect in _REFUSALS:
        return replace(decision, possible=Purpose.MESH_SHARING, reason=f"{decision.reason}; {POSSIBLE_MESH}")
    return decision


def _outcome(ruling: Ruling, subject: Subject, moment: Moment, *, replies: Mapping[str, object]) -> Outcome:
    """For the actions that mean different things for different flows."""
    if ruling.action is Action.OWNER_ONLY:
        for grant in moment.grants:
            if grant.kind == "viewing" and grant.mac == subject.device.mac:
                return Outcome(Effect.PASS, False, "viewing", grant.because)
        return _PASS if subject.dns else _REFUSE
    if ruling.action is Action.ASK:
        return _PASS if subject.dns else _ASK
    return _answer(ruling.purpose, subject, replies)


def _answer(purpose: Purpose, subject: Subject, replies: Mapping[str, object]) -> Outcome:
    """What the gateway can say in the internet's place; names resolve where it can say something, or must let through."""
    name = subject.assessment.name
    known = name is not None and name.text in replies
    if subject.dns:
        return _PASS if known or purpose in (Purpose.TIME, Purpose.CONNECTIVITY_CHECK) else _REFUSE
    if known and (subject.proto, subject.port) == (TCP, HTTP_PORT):
        return _REDIRECT
    if purpose is Purpose.DNS_ESCAPE:
        return _REDIRECT if subject.port == DNS_PORT else _REFUSE
    if purpose is Purpose.TIME:
        if (subject.proto, subject.port) == (UDP, NTP_PORT):
            return _REDIRECT
        # Clocks over HTTP say more than a fixed reply can; authenticated ones (NTS) fall back to plain ones.
        return _PASS if subject.port in WEB_PORTS else _REFUSE
    return _PASS if purpose is Purpose.CONNECTIVITY_CHECK else _REFUSE


def _grant(ruling: Ruling, outcome: Outcome, device: Device, moment: Moment) -> Grant | None:
    """A pause or an allowance for a flow that would be refused. A redirect is no refusal: it ends where it is named."""
    for grant in moment.grants:
        if grant.mac is not None and grant.mac != device.mac:
            continue
        named = grant.purpose is ruling.purpose
        if grant.kind == "pause" and (named or (grant.purpose is None and outcome.effect in _REFUSALS)):
            return grant
        if grant.kind == "allowance" and named and grant.mac is not None:
            return grant
    return None


def _free(entry: DevicePolicy, subject: Subject) -> Decision:
    device = subject.device
    return Decision(
        action=Action.ALLOW,
        effect=Effect.PASS,
        purpose=subject.assessment.purpose,
        rule=entry.ref,
        reason=f"{device.id or device.mac} is a trusted household device: what it sends is not judged ({entry.ref})",
        confidence=subject.assessment.confidence,
    )


def _granted(grant: Grant, ruling: Ruling, subject: Subject) -> Decision:
    return Decision(
        action=Action.ALLOW,
        effect=Effect.PASS,
        purpose=ruling.purpose,
        rule=ruling.ref,
        reason=explain_grant(grant, ruling, subject),
        confidence=subject.assessment.confidence,
        mixed=ruling.mixed,
        grant=grant.kind,
    )


def _decision(ruling: Ruling, outcome: Outcome, subject: Subject, advice: Advice | None) -> Decision:
    passes = outcome.effect is Effect.PASS
    return Decision(
        action=ruling.action,
        effect=outcome.effect,
        purpose=ruling.purpose,
        rule=ruling.ref,
        reason=explain_ruling(ruling, outcome.effect, subject, viewed=bool(outcome.grant), because=outcome.because),
        confidence=subject.assessment.confidence,
        question=outcome.question,
        mixed=ruling.mixed,
        grant=outcome.grant,
        would_pass_if="" if passes or outcome.effect is Effect.REDIRECT else explain_refusal(ruling, subject),
        budget_bytes=ruling.rule.budget_bytes if passes and ruling.exemption is None else 0,
        exempt=passes and ruling.exemption is not None,
        advice=advice,
    )


# Within the home.


def _at_home(policy: Policy, subject: Subject, peer: Device, moment: Moment) -> Decision:
    """A flow between two devices of the home. The rules are those of the gadget; of two gadgets, of the one that began."""
    if subject.inbound and peer.trusted and not subject.device.trusted:
        subject, peer = replace(subject, device=peer, peer=subject.device, inbound=False), subject.device
    device = subject.device
    gadget = peer if device.trusted else device
    entry = entry_for(policy, gadget)
    if gadget.trusted:
        return _free(entry_for(policy, device), subject)
    purpose = subject.assessment.purpose
    purpose = purpose if purpose in MEDIA else Purpose.LOCAL
    ruling = rule_for(purpose, policy, entry, subject=subject, moment=moment)
    passes = _passes_at_home(ruling, device, peer)
    outcome = _PASS if passes else _DROP if ruling.action is Action.DROP else _REFUSE
    if not passes and (grant := _grant(ruling, outcome, gadget, moment)):
        return _granted(grant, ruling, subject)
    return Decision(
        action=ruling.action if passes is (ruling.action in PASSING) else Action.ALLOW if passes else Action.BLOCK,
        effect=outcome.effect,
        purpose=purpose,
        rule=ruling.ref,
        reason=explain_home(ruling, device, peer, passes=passes),
        confidence=subject.assessment.confidence,
        would_pass_if="" if passes else explain_refusal(ruling, subject),
    )


def _passes_at_home(ruling: Ruling, device: Device, peer: Device) -> bool:
    spoken = ruling.exemption is not None or ruling.rule != LAST_RESORT
    allowed = spoken and ruling.action in PASSING
    if ruling.exemption is not None:
        return allowed
    if ruling.purpose in MEDIA:
        return bool(device.owner or peer.owner) or (spoken and ruling.action is Action.ALLOW)
    if device.trusted:
        return bool(device.owner) or not spoken or allowed
    return allowed or (not peer.trusted and not spoken)
