"""How far a flow may go before it is looked at again, and which budgets are spent.

The kernel counts; the judge is asked when a step is passed, and knows then that so many bytes went up. What it concludes from
that is ``purpose``'s business: pictures sent under a harmless name, a command channel that turned into an upload.
"""

from gateway.model.action import Action
from gateway.model.command import Budget
from gateway.model.decision import Decision
from gateway.model.device import Device
from gateway.model.event import Now
from gateway.model.mark import LOOKS, FlowClass
from gateway.model.packet import UDP
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.policy import rule_of

from .flow import Flow
from .roster import Member, Roster

FIRST_LOOK_BYTES = 64_000
SPENT_S = 10.0
"""As long the kernel knows by itself that a budget is spent; each packet that does not fit begins it anew."""
MEDIA = (Purpose.VIDEO, Purpose.VOICE)
MAX_WINDOW_S = 30 * 86_400


class Looks:
    """Budgets of the devices that are here, and which of them are spent."""

    def __init__(self) -> None:
        self._budgets: dict[tuple[int, int], Budget] = {}
        """(Device number, purpose number) -> what the kernel enforces."""
        self._spent: dict[tuple[int, int], float] = {}
        self._media: dict[int, int] = {}
        """Device number -> from how many bytes on it may be sending pictures or sound."""

    def plan(self, policy: Policy, roster: Roster) -> tuple[Budget, ...]:
        """The budgets of everybody, as the policy has them."""
        found = (budget for member in roster.members.values() for budget in _budgets(policy, member))
        self._budgets = {(budget.device, budget.purpose): budget for budget in found}
        self._media = {member.number: media_bytes_of(policy, member.device) for member in roster.members.values()}
        return tuple(self._budgets.values())

    def media_bytes(self, flow: Flow) -> int:
        """What goes up in more than so many bytes, the household takes for pictures or sound; 0: it never said."""
        return self._media.get(flow.number, 0)

    def next_class(self, flow: Flow, decision: Decision) -> FlowClass:
        """What the kernel is to do with a flow that may pass: let it, until so many bytes went up, or within its budget."""
        if flow.local or flow.device.trusted or decision.grant or decision.exempt:
            return FlowClass.PASS
        first = first_look_of(self.media_bytes(flow))
        for kind, size in LOOKS.items():
            if size > flow.bytes_out and size >= first:
                return kind
        if flow.key.proto == UDP:
            return FlowClass.LOOK_AGAIN
        return FlowClass.LIMIT if self._place(flow, decision) in self._budgets else FlowClass.PASS

    def spend(self, flow: Flow, decision: Decision, now: Now) -> None:
        """The kernel said that there is no room left."""
        budget = self._budgets.get(self._place(flow, decision))
        if budget is not None and budget.window_s:
            self._spent[self._place(flow, decision)] = now.mono + min(SPENT_S, float(budget.window_s))

    def is_spent(self, flow: Flow, decision: Decision, now: Now) -> bool:
        """Whether a new flow of this purpose would only be stopped at its first bytes."""
        return bool(self._spent) and self._spent.get(self._place(flow, decision), 0.0) > now.mono

    def forget(self) -> None:
        """A new epoch: the kernel's own memory of what is spent is emptied too."""
        self._spent.clear()

    @staticmethod
    def _place(flow: Flow, decision: Decision) -> tuple[int, int]:
        return flow.number, decision.purpose.number


def first_look_of(media_bytes: int) -> int:
    """From how many bytes on a flow is asked about again, where so many make pictures or sound of it (0: nobody said)."""
    return min(media_bytes or FIRST_LOOK_BYTES, FIRST_LOOK_BYTES)


def media_bytes_of(policy: Policy, device: Device) -> int:
    """What goes up in more than so many bytes, a device's rules take for pictures or sound; 0: they never say."""
    rules = (rule_of(policy, device, purpose) for purpose in MEDIA)
    return min((rule.budget_bytes for rule in rules if rule.action is Action.OWNER_ONLY and rule.budget_bytes), default=0)


def _budgets(policy: Policy, member: Member) -> list[Budget]:
    if member.device.trusted:
        return []
    found = []
    for purpose in Purpose:
        rule = rule_of(policy, member.device, purpose)
        if rule.action is Action.LIMIT and (rule.budget_bytes or rule.rate_bytes_s):
            window_s = min(MAX_WINDOW_S, int(rule.budget_window_s))
            terms = (rule.budget_bytes, window_s, rule.rate_bytes_s, member.device.mac not in policy.devices)
            found.append(Budget(member.number, purpose.number, *terms))
    return found
