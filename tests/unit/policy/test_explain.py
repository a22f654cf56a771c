import json

import pytest
from hypothesis import given

from gateway.policy import decide
from gateway.policy.explain import explain
from tests.support.policies import FILES, MOMENTS, NOON, POLICIES, SUBJECTS, make_policy, make_subject, small_policy


def explained(**flow: object):
    subject = make_subject(**flow)
    return explain(small_policy(), subject, decide(small_policy(), subject, NOON))


def test_the_chain() -> None:
    found = explained(purpose="motion-event", name="bell.example.com", match="bell.example.com", address=b"\xcb\x00\x72\x07")
    assert found.lines() == [
        "device     front-door (bell)",
        "purpose    motion-event, confidence 0.50",
        "name       bell.example.com (sni), matched by bell.example.com",
        "address    203.0.114.7:443/tcp",
        "rule       drop (profiles/bell.yaml:8)",
        "           instead of limit (built-in)",
        "effect     drop",
        "why        motion-event is dropped for front-door (profiles/bell.yaml:8)",
        "passes if  motion-event were allowed for front-door, or for an hour with "
        "`netcurtain allow front-door motion-event --for 1h`",
        "best told  not known",
        "costs      No more motion reports.",
    ]


def test_what_a_shadow_would_have_done_is_told_beside_what_holds() -> None:
    household = FILES["household.yaml"].replace("media-streaming: allow", "cdn: {action: drop, shadow: true}")
    policy = make_policy({"household.yaml": household.replace("defaults: {cdn: block}", "defaults: {cdn: allow}")})
    subject = make_subject(purpose="cdn", policy=policy)
    found = explain(policy, subject, decide(policy, subject, NOON))
    assert "in shadow  drop (household.yaml:8)" in found.lines()
    assert (found.would, found.overruled) == ("drop (household.yaml:8)", ("limit (built-in)",))


@pytest.mark.parametrize(
    "address, port, proto, text",
    [
        (b"\xcb\x00\x72\x07", 443, 6, "203.0.114.7:443/tcp"),
        (bytes(15) + b"\x01", 53, 17, "[::1]:53/udp"),
        (b"", 443, 6, "port 443/tcp"),
        (b"", 0, 0, ""),
        (b"\xcb\x00\x72\x07", 0, 1, "203.0.114.7"),
        (b"abc", 1, 99, "616263:1/99"),
    ],
)
def test_addresses(address: bytes, port: int, proto: int, text: str) -> None:
    assert explained(address=address, port=port, proto=proto).address == text


def test_overruled_levels_are_told() -> None:
    assert explained(purpose="advertising").overruled == ("block (presets/recommended.yaml:4)", "limit (built-in)")


@given(policy=POLICIES, subject=SUBJECTS, moment=MOMENTS)
def test_any_decision_can_be_explained(policy, subject, moment) -> None:
    found = explain(policy, subject, decide(policy, subject, moment))
    assert json.dumps(found.json()) and all(found.lines())


def test_what_it_may_have_been_is_told() -> None:
    policy = make_policy({"profiles/bell.yaml": FILES["profiles/bell.yaml"].replace("family:", "mesh_bridge: true\nfamily:")})
    subject = make_subject(purpose="unknown", policy=policy)
    found = explain(policy, subject, decide(policy, subject, NOON))
    assert found.possible == "mesh-sharing"
    assert "           possibly mesh-sharing" in found.lines()
