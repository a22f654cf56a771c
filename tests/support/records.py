"""Records as the ledger keeps them: made by hand, or of flows that a policy has judged; and a real ledger of them."""

from collections.abc import Iterable
from ipaddress import ip_address
from math import inf
from pathlib import Path
from typing import Any

from gateway.edge.ledger import Ledger
from gateway.engine.judge import judge
from gateway.engine.look import media_bytes_of
from gateway.model.assessment import Assessment, Evidence
from gateway.model.decision import Decision
from gateway.model.device import Device, Mac
from gateway.model.facts import Facts
from gateway.model.moment import Grant, Moment
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from tests.support.policies import BELL, NOON

CLOUD = ip_address("198.51.100.77").packed
GADGET_AT = ip_address("192.168.50.4").packed


def make_record(purpose: str = "control", effect: str = "pass", *, action: str = "limit", **more: Any) -> FlowRecord:
    """A flow of the bell to TCP port 443 of the cloud, at noon."""
    name = more.pop("name", "bell.example.com")
    given = {
        "flow_id": 1, "started": NOON.wall, "proto": TCP, "src": GADGET_AT, "sport": 40_000, "dst": CLOUD, "dport": 443,
        "device": BELL, "device_id": "front-door", "profile": "bell", "app_proto": "tls", "server_name": name or None,
        "name_source": "sni" if name else None, "names": (name,) if name else (), "confidence": 0.9,
    }  # fmt: skip
    return FlowRecord(**{**given, "purpose": purpose, "effect": effect, "action": action, **more})


def judged_record(policy: Policy, evidence: Evidence, *, device: Device, at: float, viewing: bool = False) -> FlowRecord:
    """A flow as the gateway would have written it down, had it been judged by this policy then."""
    grant = Grant(kind="viewing", mac=device.mac, purpose=Purpose.VIDEO, until=inf)
    moment = Moment(wall=at, grants=(grant,) if viewing else ())
    found = evidence._replace(profile=device.profile, vendor=device.vendor, family=device.family)
    found = found._replace(media_bytes=media_bytes_of(policy, device))
    return _record(*judge(policy, device=device, evidence=found, moment=moment), found, device, at)


def _record(assessment: Assessment, decision: Decision, evidence: Evidence, device: Device, at: float) -> FlowRecord:
    name = evidence.names[0] if evidence.names else None
    purpose, main = decision.purpose, assessment.purpose
    return make_record(
        purpose,
        decision.effect,
        action=decision.action,
        device=device.mac,
        device_id=device.id,
        profile=device.profile,
        started=at,
        proto=evidence.proto,
        dst=evidence.address,
        dport=evidence.port,
        name=name.text if name else "",
        name_source=str(name.source) if name else None,
        names=tuple(dict.fromkeys(one.text for one in evidence.names)),
        app_proto=evidence.facts.app_proto,
        also=tuple(assessment.also),
        mixed=decision.mixed,
        main="" if main is purpose else str(main),
        vendor=evidence.vendor,
        family=evidence.family,
        alpn=evidence.facts.alpn,
        local=evidence.local,
        media_bytes=evidence.media_bytes,
        confidence=round(assessment.confidence, 2),
        rule=str(decision.rule),
        bytes_toserver=evidence.bytes_out,
        bytes_toclient=evidence.bytes_in,
    )


def make_flow(
    name: str = "", *, source: str = "sni", app: str = "tls", port: int = 443, proto: int = TCP, **more: Any
) -> Evidence:
    """What was known of a flow to the cloud."""
    names = (Name(name, NameSource(source)),) if name else ()
    own = names if source != "dns" else ()
    facts = Facts(app_proto=app, names=own, hello=bool(own))
    return Evidence(facts=facts, names=names, address=CLOUD, port=port, proto=proto, **more)


def write_ledger(path: Path, records: Iterable[FlowRecord], *, now: float) -> None:
    """The records in a ledger, with ids in their order."""
    ledger = Ledger(path, wall=lambda: now)
    for number, record in enumerate(records, start=1):
        ledger.put(record._replace(flow_id=number))
        if not number % 4_000:
            assert ledger.flush()
    assert ledger.flush() and not ledger.dropped
    ledger.close()


def device_of(policy: Policy, mac: Mac = BELL) -> Device:
    """One that the household's file names."""
    return policy.devices[mac].device
