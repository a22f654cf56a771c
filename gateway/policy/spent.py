"""What a spent budget makes of a flow that its rule would let pass."""

from dataclasses import replace

from ..model.action import Effect
from ..model.decision import Decision
from ..model.device import Device
from ..model.policy import Policy
from .reason import label
from .ruling import rule_of
from .value import Budget, format_budget


def refuse_spent(policy: Policy, device: Device, decision: Decision) -> Decision:
    """The same decision, with no room left: refused until there is, and asked about where the rule says ``then: ask``."""
    rule = rule_of(policy, device, decision.purpose)
    size = Budget(rule.budget_bytes, rule.budget_window_s)
    name, purpose = label(device), decision.purpose.value
    room = format_budget(size) if size.size_bytes else "its budget"
    until = f"there were room again in its {room}" if size.window_s else "it came in a new flow"
    return replace(
        decision,
        effect=Effect.REFUSE,
        reason=f"{purpose} of {name} has sent all it may: {room} ({decision.rule})",
        question=rule.then_ask,
        would_pass_if=f"{until}, or for an hour with `netcurtain allow {name} {purpose} --for 1h`",
    )
