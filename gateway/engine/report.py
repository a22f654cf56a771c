"""A flow as its record: the one shape that ledger, ``inspect``, ``flows`` and events show."""

from gateway.model.record import FlowRecord

from .flow import Flow

STATES_APP = {1: "icmp", 58: "icmpv6"}


def record(flow: Flow, *, capture: str = "") -> FlowRecord:
    """The flow as it stands now."""
    assessment, decision = flow.assessment, flow.decision
    own = flow.facts.names
    name = own[0] if own else (assessment.name if assessment else None)
    known = (*own, *((name,) if name else ()), *flow.candidates)
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
        app_proto=_app_proto(flow),
        server_name=name.text if name else None,
        name_source=str(name.source) if name else None,
        names=tuple(dict.fromkeys(candidate.text for candidate in known)),
        dissector=flow.facts.dissector,
        purpose=str(decision.purpose if decision else assessment.purpose if assessment else "unknown"),
        also=_also(flow),
        confidence=round(assessment.confidence, 2) if assessment else 0.0,
        action=str(decision.action) if decision else "",
        effect=str(decision.effect) if decision else "",
        rule=str(decision.rule) if decision else "",
        reason=_reason(flow),
        mixed=decision.mixed if decision else False,
        bytes_toserver=flow.bytes_out,
        bytes_toclient=flow.bytes_in,
        pkts_toserver=flow.pkts_out,
        pkts_toclient=flow.pkts_in,
        held_bytes=flow.refused_bytes,
        attempts=flow.attempts,
        capture=capture,
    )


def _also(flow: Flow) -> tuple[str, ...]:
    """What its name serves besides, and what it may be although nobody can show it."""
    also = flow.assessment.also if flow.assessment else ()
    possible = flow.decision.possible if flow.decision else None
    return tuple(str(purpose) for purpose in (*also, *((possible,) if possible else ())))


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
