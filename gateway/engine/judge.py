"""Evidence -> what it is for -> what happens to it: the one composition that everybody uses."""

from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.decision import Decision, Subject
from gateway.model.device import Device
from gateway.model.moment import Moment
from gateway.model.packet import TCP, UDP
from gateway.model.policy import Policy
from gateway.model.record import PROTO_NAMES
from gateway.policy import decide
from gateway.policy.part import BUILT_IN
from gateway.purpose import NOTHING_BEFORE, Context, classify


def judge(
    policy: Policy,
    *,
    device: Device,
    evidence: Evidence,
    moment: Moment,
    peer: Device | None = None,
    inbound: bool = False,
    dns: bool = False,
    context: Context = NOTHING_BEFORE,
) -> tuple[Assessment, Decision]:
    """What one flow is for, and what the policy makes of it. Pure and total."""
    assessment = classify(policy.catalogue, evidence, context)
    subject = Subject(
        device=device,
        assessment=assessment,
        address=evidence.address,
        port=evidence.port,
        proto=evidence.proto,
        peer=peer,
        inbound=inbound,
        dns=dns,
    )
    decision = judge_assessed(policy, subject, moment)
    return assessment, _refuse_opaque(evidence, decision) if evidence.facts.opaque and not device.trusted else decision


def judge_assessed(policy: Policy, subject: Subject, moment: Moment) -> Decision:
    """The decision about a flow whose purpose is known already."""
    decision = decide(policy, subject, moment)
    nameless = subject.proto not in (TCP, UDP) and not subject.dns and subject.peer is None
    return _refuse_nameless(subject.proto, decision) if nameless and decision.action is Action.LIMIT else decision


def _refuse_nameless(proto: int, decision: Decision) -> Decision:
    """No name can ever be read in ICMP, GRE, ESP …, so a mere limit does not let them out: only an allowance does."""
    protocol = PROTO_NAMES.get(proto, f"IP protocol {proto}")
    return Decision(
        action=Action.BLOCK,
        effect=Effect.REFUSE,
        purpose=decision.purpose,
        rule=decision.rule,
        reason=f"{protocol} carries no name that could be judged",
        confidence=decision.confidence,
        would_pass_if=f"an exception allowed this address, or {decision.purpose} were allowed outright",
    )


def _refuse_opaque(evidence: Evidence, decision: Decision) -> Decision:
    """Who is spoken to behind a proxy or after STARTTLS nobody reads, so the name of the address says nothing of it. Where the
    household said that this very thing may pass, it does."""
    if decision.effect is not Effect.PASS or decision.exempt or decision.grant or evidence.local:
        return decision
    return Decision(
        action=Action.BLOCK,
        effect=Effect.REFUSE,
        purpose=decision.purpose,
        rule=BUILT_IN,
        reason=f"after {evidence.facts.app_proto} of this kind anything may follow, under a name that nobody reads",
        confidence=decision.confidence,
        would_pass_if="an exception allowed this address or name",
    )
