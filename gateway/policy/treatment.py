"""How a policy treats a flow: what becomes of it, and within which bounds. So two policies can be compared."""

from typing import NamedTuple

from ..model.action import Action, Effect
from ..model.device import Device
from ..model.policy import Policy
from ..model.purpose import Purpose
from .ruling import rule_of
from .value import Budget, format_budget, format_duration, format_size

_NO_TERMS = (0, 0.0, 0, False, "", 0.0)


class Treatment(NamedTuple):
    """What one policy makes of one flow. ``rule`` says where that was written, and is no part of what a device meets."""

    purpose: Purpose
    action: Action
    effect: Effect
    rule: str = ""
    budget_bytes: int = 0
    budget_window_s: float = 0.0
    """0: the budget is for one flow."""
    rate_bytes_s: int = 0
    then_ask: bool = False
    viewing: str = ""
    viewing_s: float = 0.0

    @property
    def passes(self) -> bool:
        """It leaves the home."""
        return self.effect is Effect.PASS

    def met(self) -> tuple[object, ...]:
        """What the device meets, whatever rule says so."""
        return self[:3] + self[4:]

    def __str__(self) -> str:
        """``limit to 512 kB in 10 minutes, then ask``."""
        bounds = []
        if self.budget_bytes:
            bounds.append(format_budget(Budget(self.budget_bytes, self.budget_window_s)))
        if self.rate_bytes_s:
            bounds.append(f"{format_size(self.rate_bytes_s)} a second")
        if self.action is Action.OWNER_ONLY and self.viewing:
            return f"{self.action} ({', '.join((f'viewing {self.viewing}', format_duration(self.viewing_s), *bounds))})"
        said = f"{self.action} to {' and '.join(bounds)}" if bounds else str(self.action)
        return f"{said}, then ask" if self.then_ask else said


def treat(
    policy: Policy, device: Device, *, purpose: Purpose, action: Action, effect: Effect, rule: str, bounded: bool = True
) -> Treatment:
    """The treatment that a decision comes to. ``bounded``: False within the home, where no budget is kept."""
    terms = _terms(policy, device, purpose, action, rule) if bounded else _NO_TERMS
    return Treatment(purpose, action, effect, rule, *terms)


def _terms(
    policy: Policy, device: Device, purpose: Purpose, action: Action, rule: str
) -> tuple[int, float, int, bool, str, float]:
    """The options of the rule that decided. None where an exception did, or the rule's schedule was not open."""
    found = rule_of(policy, device, purpose)
    if found.action is not action or str(found.ref) != rule:
        return _NO_TERMS
    if action is Action.LIMIT:
        return found.budget_bytes, found.budget_window_s, found.rate_bytes_s, found.then_ask, "", 0.0
    if action is Action.OWNER_ONLY:
        return found.budget_bytes, found.budget_window_s, 0, False, found.viewing, found.viewing_s
    return _NO_TERMS
