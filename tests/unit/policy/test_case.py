from math import inf

import pytest

from gateway.model.assessment import Assessment
from gateway.model.decision import Subject
from gateway.model.moment import Grant
from gateway.model.packet import TCP, UDP
from gateway.model.purpose import Purpose
from gateway.policy import decide
from gateway.policy.case import evidence_of, find_device, run_cases, situation
from gateway.policy.compiler import compile_file
from gateway.policy.document import GivenDocument
from gateway.policy.value import parse_target
from tests.support.policies import BELL, NOON, berlin, small_policy


def judge(policy, *, device, evidence, moment, peer=None, dns=False):
    """Purpose by the first label of the name."""
    name = evidence.names[0] if evidence.names else None
    purpose = Purpose(name.text.partition(".")[0]) if name else Purpose.DIRECT_ADDRESS
    assessment = Assessment(purpose=purpose, name=name)
    subject = Subject(
        device=device,
        assessment=assessment,
        address=evidence.address,
        port=evidence.port,
        proto=evidence.proto,
        peer=peer,
        dns=dns,
    )
    return assessment, decide(policy, subject, moment)


def run(text: str) -> list[str]:
    compiled = compile_file("cases/x.yaml", text.encode())
    assert not compiled.faults, compiled.faults
    results = run_cases(small_policy(), compiled.document, compiled.source, judge=judge, now=NOON.wall)
    return ["; ".join(result.differences) for result in results]


@pytest.mark.parametrize(
    "given, expect, difference",
    [
        ("device: front-door, to: telemetry.a.de", "action: block, rule: profiles/bell.yaml, effect: refuse", ""),
        ("device: front-door, to: telemetry.a.de", "rule: 'profiles/bell.yaml:10'", ""),
        (
            "device: front-door, to: telemetry.a.de",
            "rule: 'profiles/bell.yaml:11'",
            "expected rule profiles/bell.yaml:11, was profiles/bell.yaml:10",
        ),
        (
            "device: front-door, to: telemetry.a.de",
            "action: allow, purpose: video, mixed: true",
            "expected action allow, was block; expected purpose video, was telemetry; expected mixed true, was false",
        ),
        ("device: front-door, to: telemetry.a.de", "would: drop", "expected would drop, was none"),
        ("profile: bell, to: telemetry.a.de", "action: block", ""),
        ("to: mesh-sharing.a.de", "action: block, rule: presets/recommended.yaml", ""),
        ("device: front-door, to: video.a.de, viewing: true", "effect: pass, grant: viewing", ""),
        ("device: front-door, to: telemetry.a.de, pause: all", "grant: pause", ""),
        ("device: front-door, to: telemetry.a.de, pause: video", "grant: ''", ""),
        ("device: front-door, to: telemetry.a.de, allow: telemetry", "grant: allowance", ""),
        ("device: front-door, to: update.a.de, at: 2026-11-22T03:00", "action: allow", ""),
        ("device: front-door, to: update.a.de, at: '2026-11-22T03:00:00+00:00'", "action: allow", ""),
        ("device: front-door, to: update.a.de", "action: block", ""),
        ("device: front-door, to: update.a.de, at: 2026-11-22T03:00, clock: unset", "action: block", ""),
        ("device: guests-tablet, to: video.a.de, peer: front-door", "effect: refuse", ""),
        ("device: front-door, to: video.a.de, dns: true", "effect: pass", ""),
        (
            "device: back-door, to: a.de",
            "action: block",
            'no device "back-door"; one of: annas-phone, front-door, guests-tablet, plug',
        ),
        ("profile: bel, to: a.de", "action: block", 'no profile "bel"; one of: bell, careful, observe, quarantine'),
        ("device: front-door, to: '*.a.de'", "action: block", '"*.a.de" is many destinations; name one'),
        ("device: front-door, to: 10.0.0.0/8", "action: block", '"10.0.0.0/8" is many destinations; name one'),
    ],
)
def test_cases(given: str, expect: str, difference: str) -> None:
    assert run(f"cases: [{{id: a, given: {{{given}}}, expect: {{{expect}}}}}]") == [difference]


def test_a_result_names_its_place() -> None:
    compiled = compile_file(
        "cases/x.yaml", b"- {id: a, given: {to: cdn.de}, expect: {}}\n- {id: b, given: {to: cdn.de}, expect: {action: ask}}\n"
    )
    results = list(run_cases(small_policy(), compiled.document, compiled.source, judge=judge, now=0.0))
    assert str(results[0]).startswith("cases/x.yaml:1: a: as expected – cdn is blocked for a-careful")
    assert str(results[1]).startswith("cases/x.yaml:2: b: expected action ask, was block – cdn is blocked")


@pytest.mark.parametrize(
    "to, app, proto, port, spoken, local",
    [
        ("a.de", "", TCP, 443, "tls", False),
        ("a.de:80", "", TCP, 80, "http", False),
        ("a.de:443/udp", "", UDP, 443, "quic", False),
        ("a.de:53", "", UDP, 53, "dns", False),
        ("a.de:123", "", UDP, 123, "ntp", False),
        ("a.de:3478", "stun", UDP, 3478, "stun", False),
        ("a.de:1883", "mqtt", TCP, 1883, "mqtt", False),
        ("a.de:9999", "", TCP, 9999, "unknown", False),
        ("192.168.1.2:554", "rtsp", TCP, 554, "rtsp", True),
        ("224.0.0.251:5353", "mdns", UDP, 5353, "mdns", True),
        ("203.0.113.9", "", TCP, 443, "tls", False),
        ("[fe80::1]:80", "", TCP, 80, "http", True),
    ],
)
def test_evidence(to: str, app: str, proto: int, port: int, spoken: str, local: bool) -> None:
    evidence = evidence_of(find_device(small_policy(), device="front-door"), parse_target(to), app=app, alpn="h2")
    assert (evidence.proto, evidence.port, evidence.facts.app_proto, evidence.local) == (proto, port, spoken, local)
    assert (evidence.profile, evidence.vendor, evidence.family, evidence.facts.alpn) == ("bell", "maker", "doorbell", ("h2",))
    assert bool(evidence.names) is to.startswith("a.de")


def test_situation() -> None:
    given = GivenDocument.model_validate({"device": "front-door", "to": "a.de", "at": "2026-07-01T12:00", "viewing": True})
    found = situation(small_policy(), given, now=0.0)
    assert found.moment.wall == berlin("2026-07-01T12:00")
    assert found.moment.grants == (Grant(kind="viewing", mac=BELL, purpose=Purpose.VIDEO, until=inf),)


def test_devices_are_found_by_address_too() -> None:
    assert find_device(small_policy(), device=BELL).id == "front-door"
