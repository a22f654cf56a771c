from dataclasses import fields, replace

import pytest
from hypothesis import given

from gateway.model.action import Action
from gateway.model.assessment import Catalogue, FixedReply, Hint, Row
from gateway.model.device import Device
from gateway.model.identity import Identification, Trait
from gateway.model.policy import Advice, DevicePolicy, Exemption, Level, Policy, Rule, RuleRef, Schedule, Target
from gateway.policy import dump, parse
from gateway.policy.codec import digest_catalogue, rule_terms
from tests.support.policies import FILES, POLICIES, make_policy, small_policy


@given(POLICIES)
def test_every_policy_comes_back_as_it_was(policy: Policy) -> None:
    again = parse(dump(policy))
    assert again == policy
    assert dump(again) == dump(policy)


def test_what_levels_share_is_shared_again() -> None:
    again = parse(dump(small_policy()))
    first, second = (again.profiles[name].levels for name in ("careful", "observe"))
    assert first[-1] is second[-1]
    assert again.profiles["bell"].table == small_policy().profiles["bell"].table


@pytest.mark.parametrize(
    "kind, count",
    [(Policy, 10), (DevicePolicy, 11), (Advice, 5), (Device, 8), (Level, 2), (Rule, 11), (Exemption, 5), (Target, 6),
     (RuleRef, 2), (Schedule, 2), (Row, 13), (Hint, 17), (FixedReply, 7), (Catalogue, 7), (Trait, 9),
     (Identification, 5)],
)  # fmt: skip
def test_no_field_was_added_without_the_codec(kind: type, count: int) -> None:
    assert len(fields(kind)) == count


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 0}', b'{"format": 1}', b"\xff", dump(small_policy())[:-9]])
def test_what_is_no_policy(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse(data)


HOUSEHOLD = FILES["household.yaml"]


@pytest.mark.parametrize(
    "file, old, new, same",
    [
        pytest.param("household.yaml", "version: 1\n", "# a remark\nversion: 1\n", True, id="a comment moves lines"),
        pytest.param("household.yaml", "cdn: block", "cdn: drop", False, id="action"),
        pytest.param("household.yaml", "Europe/Berlin", "Europe/Lisbon", False, id="zone"),
        pytest.param("household.yaml", "203.0.113.0/24", "203.0.113.0/25", False, id="target"),
        pytest.param("household.yaml", "T18:00", "T18:01", False, id="until"),
        pytest.param("household.yaml", "[annas-phone]", "[]", False, id="owner"),
        pytest.param("profiles/bell.yaml", "never needed", "not needed", True, id="why"),
        pytest.param("profiles/bell.yaml", "No more motion", "Fewer motion", True, id="cost"),
        pytest.param("profiles/bell.yaml", "keep", "drop", False, id="mixed"),
        pytest.param("profiles/bell.yaml", "512kB/10m", "512kB/9m", False, id="budget"),
        pytest.param("profiles/bell.yaml", "02:00-05:00", "02:00-05:01", False, id="schedule"),
        pytest.param("presets/recommended.yaml", "unknown: ask", "unknown: limit", False, id="preset"),
        pytest.param("catalogue/maker.yaml", "evidence: made up", "evidence: seen", True, id="evidence"),
        pytest.param("catalogue/maker.yaml", "too wide", "very wide", True, id="why a hint does not decide"),
        pytest.param("catalogue/maker.yaml", "every: 5s", "every: 6s", False, id="beat of a hint"),
        pytest.param("profiles/bell.yaml", "family: doorbell\n", "family: doorbell\nmesh_bridge: true\n", False, id="bridge"),
        pytest.param("catalogue/maker.yaml", "[motion-event]", "[]", False, id="row"),
        pytest.param("catalogue/maker.yaml", "confidence: low", "confidence: high", False, id="confidence"),
        pytest.param("catalogue/maker.yaml", "tells: viewing", "tells: press", False, id="what a name tells"),
        pytest.param("catalogue/maker.yaml", "path: /ok", "path: /OK", False, id="path of a reply"),
        pytest.param("catalogue/maker.yaml", "fine", "well", False, id="body of a reply"),
        pytest.param("identity/maker.yaml", "00:00:5f", "00:00:60", False, id="a sign: whose device it is rests on it"),
        pytest.param("identity/maker.yaml", "note: n", "note: m", True, id="a note beside a sign"),
        pytest.param("household.yaml", "version: 1\n", "version: 1\nnew_devices: careful\n", False, id="regime"),
        pytest.param("household.yaml", "cdn: block", "cdn: {action: block, shadow: true}", False, id="shadow"),
        pytest.param("household.yaml", "cdn: block", "cdn: {action: block, trial: 3d}", False, id="trial"),
    ],
)
def test_the_digest_is_of_what_can_change_a_decision(file: str, old: str, new: str, same: bool) -> None:
    assert old in FILES[file]
    changed = make_policy({file: FILES[file].replace(old, new)})
    assert (changed.digest == small_policy().digest) is same
    assert len(changed.digest) == 16 and int(changed.digest, 16) >= 0


def test_a_rule_is_the_same_wherever_it_stands() -> None:
    rule = Rule(action=Action.BLOCK, ref=RuleRef(file="a.yaml", line=4), trial_s=60.0)
    assert rule_terms(rule) == rule_terms(replace(rule, ref=RuleRef(file="b.yaml", line=5)))
    assert len({rule_terms(other) for other in (rule, replace(rule, trial_s=61.0), replace(rule, action=Action.DROP))}) == 3


def test_the_order_of_rules_means_nothing_but_that_of_rows_does() -> None:
    swapped = FILES["presets/recommended.yaml"].replace(
        "advertising: block, mesh-sharing: block", "mesh-sharing: block, advertising: block"
    )
    assert make_policy({"presets/recommended.yaml": swapped}).digest == small_policy().digest
    rows = tuple(row for found in small_policy().catalogue.names.values() for row in found)
    rows = (*rows, replace(rows[0], match="b.example.com"))
    assert digest_catalogue(rows) != digest_catalogue(reversed(rows))
