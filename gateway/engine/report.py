"""A flow as its record: the one shape that ledger, ``inspect``, ``flows`` and events show."""

from gateway.model.assessment import Evidence
from gateway.model.record import FlowRecord
from gateway.purpose import has_medium

from .flow import Flow

NOTHING = Evidence()
STATES_APP = {1: "icmp", 58: "icmpv6"}


def record(flow: Flow, *, capture: str = "") -> FlowRecord:
    """The flow as it stands now."""
    assessment, decision, evidence = flow.assessment, flow.decision, flow.evidence or NOTHING
    own, facts = flow.facts.names, evidence.facts
    name = own[0] if own else (assessment.name if assessment else None)
    known = (*own, *((name,) if name else ()), *flow.candidates)
    part = _is_part(flow, evidence)
    return FlowRecord(
        flow_id=flow.id,
        started=flow.started_wall,
        proto=flow.key.proto,
        src=flow.key.src,
        sport=flow.key.sport,
        dst=flow.key.dst,
        dport=flow.key.dport,
        device=flow.device.mac,
        device_id=flow.device.id,
        profile=flow.device.profile,
        vendor=evidence.vendor,
        family=evidence.family,
        app_proto=_app_proto(flow),
        alpn=facts.alpn,
        ech=facts.ech,
        server_name=name.text if name else None,
        name_source=str(name.source) if name else None,
        names=tuple(dict.fromkeys([candidate.text for candidate in known])),
        weighed=_weighed(flow, evidence),
        dissector=flow.facts.dissector,
        local=evidence.local,
        lookup=not evidence.proto and bool(evidence.names),
        media_bytes=evidence.media_bytes,
        settled=evidence.settled or "",
        purpose=str(decision.purpose if decision else assessment.purpose if assessment else "unknown"),
        main=str(assessment.purpose) if decision and assessment and assessment.purpose is not decision.purpose else "",
        also=_also(flow),
        confidence=round(assessment.confidence, 2) if assessment else 0.0,
        action=str(decision.action) if decision else "",
        effect=str(decision.effect) if decision else "",
        rule=str(decision.rule) if decision else "",
        reason=_reason(flow),
        mixed=decision.mixed if decision else False,
        grant=decision.grant if decision else "",
        would=str(decision.would or "") if decision else "",
        would_rule=str(decision.would_rule or "") if decision else "",
        bytes_toserver=flow.bytes_out,
        bytes_toclient=flow.bytes_in,
        pkts_toserver=flow.pkts_out,
        pkts_toclient=flow.pkts_in,
        judged_toserver=evidence.bytes_out if part else None,
        judged_toclient=evidence.bytes_in if part else None,
        held_bytes=flow.refused_bytes,
        attempts=flow.attempts,
        capture=capture,
    )


def _also(flow: Flow) -> tuple[str, ...]:
    """What its name serves besides, and what it may be although nobody can show it."""
    also = flow.assessment.also if flow.assessment else ()
    possible = flow.decision.possible if flow.decision else None
    return tuple(map(str, (*also, possible) if possible else also))


def _weighed(flow: Flow, evidence: Evidence) -> tuple[str, ...]:
    """Names of its own count before those that it was judged by instead."""
    others = evidence.names[:1] != flow.candidates[:1] and bool(flow.candidates)
    return tuple(name.text for name in evidence.names) if others else ()


def _is_part(flow: Flow, evidence: Evidence) -> bool:
    """It does not rest on all that was counted by now, and may be something else by that."""
    return has_medium(evidence.family) and (evidence.bytes_out, evidence.bytes_in) != (flow.bytes_out, flow.bytes_in)


def _app_proto(flow: Flow) -> str:
    if flow.facts.app_proto == "unknown":
        return STATES_APP.get(flow.key.proto, "unknown")
    return flow.facts.app_proto


def _reason(flow: Flow) -> str:
    parts = []
    if flow.assessment and flow.assessment.reasons:
        parts.append(flow.assessment.reasons[0])
    if flow.decision:
        parts.append(flow.decision.reason)
    return "; ".join(parts)
