"""The whole chain of a decision: device -> purpose -> name -> address -> rule, and what would let it pass."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any

from ..model.action import Effect
from ..model.decision import Decision, Subject
from ..model.policy import DevicePolicy, Policy
from ..model.record import PROTO_NAMES
from .advice import tell
from .reason import label
from .ruling import entry_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything in words."""

    device: str
    mac: str
    profile: str
    purpose: str
    also: tuple[str, ...]
    possible: str
    """What a refused flow of unknown purpose may have been for."""
    confidence: float
    evidence: tuple[str, ...]
    """Why this purpose, strongest first."""
    name: str
    name_source: str
    match: str
    source: str
    """``file:line`` of the catalogue's row."""
    address: str
    action: str
    effect: str
    rule: str
    grant: str
    would: str
    """What a rule in shadow would have done, and where it stands."""
    overruled: tuple[str, ...]
    """What levels further away say of the purpose."""
    reason: str
    would_pass_if: str
    advice: str
    """How its device takes a no about that best, or that this is not known; empty where it passes."""
    cost: str
    """What stops working where the purpose is refused, if the profile states it."""

    def json(self) -> dict[str, Any]:
        """As a plain mapping."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        also = f", also {', '.join(self.also)}" if self.also else ""
        name = f"{self.name} ({self.name_source})" if self.name else "none"
        found = f", matched by {self.match}" + (f" ({self.source})" if self.source else "") if self.match else ""
        rows = [
            ("device", f"{self.device} ({self.profile})"),
            ("purpose", f"{self.purpose}{also}, confidence {self.confidence:.2f}"),
            ("", f"possibly {self.possible}" if self.possible else ""),
            *(("", line) for line in self.evidence),
            ("name", name + found),
            ("address", self.address or "any"),
            ("rule", f"{self.action} ({self.rule})"),
            *(("", f"instead of {line}") for line in self.overruled),
            ("effect", self.effect + (f", by a {self.grant}" if self.grant else "")),
            ("in shadow", self.would),
            ("why", self.reason),
            ("passes if", self.would_pass_if),
            ("best told", self.advice),
            ("costs", self.cost),
        ]
        return [f"{title:<11}{text}".rstrip() for title, text in rows if text]


def explain(policy: Policy, subject: Subject, decision: Decision) -> Explanation:
    """The chain of a decision that ``decide`` made."""
    entry, assessment, device = entry_for(policy, subject.device), subject.assessment, subject.device
    name = assessment.name
    return Explanation(
        device=label(device),
        mac=device.mac,
        profile=entry.device.profile or device.profile,
        purpose=decision.purpose,
        also=tuple(purpose for purpose in (assessment.purpose, *assessment.also) if purpose is not decision.purpose),
        possible=decision.possible or "",
        confidence=assessment.confidence,
        evidence=assessment.reasons,
        name=name.text if name else "",
        name_source=name.source if name else "",
        match=assessment.match,
        source=assessment.source,
        address=_address(subject),
        action=decision.action,
        effect=decision.effect,
        rule=str(decision.rule),
        grant=decision.grant,
        would=f"{decision.would} ({decision.would_rule})" if decision.would else "",
        overruled=tuple(_overruled(entry, decision)),
        reason=decision.reason,
        would_pass_if=decision.would_pass_if,
        advice="" if decision.effect is Effect.PASS else tell(decision.advice),
        cost=entry.costs.get(decision.purpose, ""),
    )


def _address(subject: Subject) -> str:
    try:
        host = str(ip_address(subject.address)) if subject.address else ""
    except ValueError:
        host = subject.address.hex()
    if not subject.port:
        return host
    proto = PROTO_NAMES.get(subject.proto, str(subject.proto)).lower()
    if not host:
        return f"port {subject.port}/{proto}"
    return f"{f'[{host}]' if ':' in host else host}:{subject.port}/{proto}"


def _overruled(entry: DevicePolicy, decision: Decision) -> Iterator[str]:
    for level in entry.levels:
        rule = level.rules.get(decision.purpose)
        if rule is not None and rule.ref != decision.rule and not rule.shadow:
            yield f"{rule.action} ({rule.ref})"
