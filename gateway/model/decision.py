"""What happens to a flow, by which rule, and why."""

from dataclasses import dataclass

from .action import Action, Effect
from .assessment import Assessment
from .device import Device, Mac
from .policy import Advice, RuleRef
from .purpose import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is decided about: one flow of one device."""

    device: Device
    assessment: Assessment
    address: bytes = b""
    port: int = 0
    proto: int = 0
    peer: Device | None = None
    """The other device, for a flow within the home."""
    inbound: bool = False
    """The peer opened the flow: a phone that talks to a gadget."""
    dns: bool = False
    """A DNS query about ``assessment.name``, not the flow itself: it is refused only if every flow to that name would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The end of the chain device -> purpose -> name -> address -> rule."""

    action: Action
    effect: Effect
    purpose: Purpose
    """The purpose it was judged by: the main one, or for a mixed name the stricter one."""
    rule: RuleRef
    reason: str
    """One human sentence."""
    confidence: float = 0.0
    question: bool = False
    """The household is to be asked."""
    mixed: bool = False
    """The name serves several purposes that could not be told apart."""
    possible: Purpose | None = None
    """What a refused flow of unknown purpose may have been for, where the device is known to do such things."""
    grant: str = ""
    """``pause``, ``allowance`` or ``viewing``, where one of them made it pass."""
    would_pass_if: str = ""
    """For a refusal: the smallest change that would let it pass."""
    advice: Advice | None = None
    """How its device takes a no about that purpose best; None: nobody has shown."""
    budget_bytes: int = 0
    exempt: bool = False
    """An exception let it pass: no budget holds for it."""
    would: Action | None = None
    """What a rule in shadow would have done instead of letting it pass."""
    would_rule: RuleRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something the household is asked once."""

    mac: Mac
    purpose: Purpose
    name: str
    asked_at: float
