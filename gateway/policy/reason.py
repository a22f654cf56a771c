"""Why: one plain sentence for a decision, and the smallest change that would let a refused flow pass."""

from ..model.action import Action, Effect
from ..model.decision import Decision, Subject
from ..model.device import Device
from ..model.moment import Grant
from ..model.purpose import Purpose
from .ruling import Ruling
from .value import format_schedule

HTTPS_PORT = 443
_EXCEPTION_VERBS = {
    Action.ALLOW: "allows", Action.LIMIT: "limits", Action.OWNER_ONLY: "keeps for the owner", Action.ASK: "asks about",
    Action.ANSWER: "answers", Action.BLOCK: "blocks", Action.DROP: "drops",
}  # fmt: skip
_PARTICIPLES = {Action.BLOCK: "blocked", Action.DROP: "dropped", Action.ASK: "asked about", Action.ANSWER: "answered here"}


def explain_ruling(ruling: Ruling, effect: Effect, subject: Subject, *, viewed: bool = False, because: str = "") -> str:
    """``telemetry is blocked for front-door (profiles/ring-doorbell.yaml:14)``. ``because``: what opened the viewing."""
    viewing = ", and a viewing is open" + (f": {because}" if because else "") if viewed else ""
    said = _said(ruling, effect, subject, viewing=viewing)
    if not ruling.mixed:
        return f"{said} ({ruling.ref})"
    place = _name(subject) or ruling.purpose
    if ruling.dropped:
        return f"{said}, and {place} serves it among other things ({ruling.ref})"
    return f"{said}; {place} also serves {_others(subject)}, which could not be told apart ({ruling.ref})"


def _said(ruling: Ruling, effect: Effect, subject: Subject, *, viewing: str) -> str:
    name, purpose, action = label(subject.device), ruling.purpose.value, ruling.action
    if ruling.exemption is not None:
        to = ", ".join(target.text for target in ruling.exemption.to)
        return f"an exception {_EXCEPTION_VERBS[action]} {to} for {name}"
    if ruling.closed:
        return f"{purpose} of {name} passes only at {format_schedule(ruling.rule.when)}" if ruling.rule.when else ""
    if action is Action.ALLOW:
        return f"{purpose} is allowed for {name}"
    if action is Action.BLOCK:
        return f"{purpose} is blocked for {name}"
    if action is Action.DROP:
        return f"{purpose} is dropped for {name}"
    if action is Action.LIMIT:
        return f"{purpose} is limited for {name}: let through within its budget"
    if action is Action.OWNER_ONLY:
        nobody = ", and nobody is viewing" if effect is Effect.REFUSE else ""
        return f"{purpose} of {name} is for its owner only{viewing or nobody}"
    if action is Action.ASK:
        return f"{purpose} of {name} waits for the household's answer"
    return _answered(ruling.purpose, effect, subject)


def _answered(purpose: Purpose, effect: Effect, subject: Subject) -> str:
    name = label(subject.device)
    if effect is Effect.REDIRECT:
        return f"{purpose} of {name} is answered by the gateway itself"
    if effect is Effect.REFUSE:
        return f"{purpose} of {name} is to be answered by the gateway, which has no answer for it: refused"
    if subject.dns:
        return f"{purpose} of {name} is answered here where that is possible, so the name resolves"
    if purpose is Purpose.TIME:
        return f"{purpose} of {name} is let through: the gateway's clock speaks NTP, not HTTP"
    why = "encrypted, so nobody can answer it in its place" if subject.port == HTTPS_PORT else "what is said there is not known"
    return f"{purpose} of {name} is let through: {why}"


def explain_refusal(ruling: Ruling, subject: Subject) -> str:
    """The smallest change: what follows "would pass if"."""
    name, purpose = label(_gadget(subject)), ruling.purpose.value
    hour = f"for an hour with `netcurtain allow {name} {purpose} --for 1h`"
    if ruling.exemption is not None:
        return f"the exception at {ruling.ref} were removed, or {hour}"
    if subject.peer is not None and ruling.purpose in (Purpose.VIDEO, Purpose.VOICE):
        other = subject.device if subject.device.trusted else subject.peer
        return f"{label(other)} were an owner's device (owners: in household.yaml), or {hour}"
    if ruling.closed and ruling.rule.when:
        return f"it were {format_schedule(ruling.rule.when)}, or {hour}"
    if ruling.dropped:
        return f"`mixed: {{{subject.assessment.match or _name(subject)}: keep}}` stood with {name}, or {hour}"
    if ruling.action is Action.OWNER_ONLY:
        return f"a viewing were open: `netcurtain view {name} --for 15m`"
    if ruling.action is Action.ASK:
        return f"the household said yes, or {hour}"
    return f"{purpose} were allowed for {name}, or {hour}"


def explain_grant(grant: Grant, ruling: Ruling, subject: Subject) -> str:
    """What a pause or an allowance suspended."""
    done = "not in its hours" if ruling.closed else _PARTICIPLES.get(ruling.action, "the owner's only")
    kind = "a pause" if grant.kind == "pause" else "an allowance"
    return f"{kind} lets {ruling.purpose} of {label(_gadget(subject))} pass, which is else {done} ({ruling.ref})"


def explain_home(ruling: Ruling, device: Device, peer: Device, *, passes: bool) -> str:
    """Between two devices of the home."""
    verb = "may" if passes else "may not"
    if ruling.exemption is not None or ruling.purpose not in (Purpose.VIDEO, Purpose.VOICE):
        return f"{label(device)} {verb} reach {label(peer)} in the home ({ruling.ref})"
    if device.owner or peer.owner:
        return f"{ruling.purpose} between {label(device)} and {label(peer)} stays with its owner in the home ({ruling.ref})"
    return f"{ruling.purpose} {verb} go between {label(device)} and {label(peer)}: neither is an owner's ({ruling.ref})"


def explain_shadow(foreseen: Decision) -> str:
    """What a rule that only watches would have done."""
    done = "answered it here" if foreseen.effect is Effect.REDIRECT else "stopped it"
    return f"a rule in shadow would have {done} ({foreseen.action}, {foreseen.rule})"


def label(device: Device) -> str:
    """What people call it."""
    return device.id or device.mac or "the device"


def _gadget(subject: Subject) -> Device:
    return subject.peer if subject.peer is not None and subject.device.trusted else subject.device


def _name(subject: Subject) -> str:
    name = subject.assessment.name
    return name.text if name else ""


def _others(subject: Subject) -> str:
    return ", ".join(purpose for purpose in subject.assessment.also if purpose is not subject.assessment.purpose)
