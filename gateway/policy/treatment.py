"""How a policy treats a flow: what becomes of it, and within which bounds. So two policies can be compared."""

from typing import NamedTuple

from ..model.action import Action, Effect
from ..model.device import Device
from ..model.policy import Policy, Rule
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
    trial_s: float = 0.0
    """Its rule is on trial for so long; 0: it simply holds."""
    would: Action | None = None
    """What a rule in shadow would have done instead of letting it pass."""

    @property
    def passes(self) -> bool:
        """It leaves the home."""
        return self.effect is Effect.PASS

    def met(self) -> tuple[object, ...]:
        """What the device meets, whatever rule says so."""
        return self[:3] + self[4:]

    def __str__(self) -> str:
        """``limit to 512 kB in 10 minutes, then ask``."""
        said = self._bounded()
        if self.trial_s:
            said += f", on trial for {format_duration(self.trial_s)}"
        return f"{said}, in shadow {self.would}" if self.would else said

    def _bounded(self) -> str:
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
    policy: Policy,
    device: Device,
    *,
    purpose: Purpose,
    action: Action,
    effect: Effect,
    rule: str,
    bounded: bool = True,
    would: Action | None = None,
) -> Treatment:
    """The treatment that a decision comes to. ``bounded``: False within the home, where no budget is kept."""
    found = rule_of(policy, device, purpose)
    if str(found.ref) != rule:  # an exception decided, or who it was
        return Treatment(purpose, action, effect, rule, would=would)
    terms = _terms(found, action) if bounded else _NO_TERMS
    return Treatment(purpose, action, effect, rule, *terms, trial_s=found.trial_s, would=would)


def _terms(found: Rule, action: Action) -> tuple[int, float, int, bool, str, float]:
    """The options of a rule. None where its schedule was not open."""
    if found.action is not action:
        return _NO_TERMS
    if action is Action.LIMIT:
        return found.budget_bytes, found.budget_window_s, found.rate_bytes_s, found.then_ask, "", 0.0
    if action is Action.OWNER_ONLY:
        return found.budget_bytes, found.budget_window_s, 0, False, found.viewing, found.viewing_s
    return _NO_TERMS
