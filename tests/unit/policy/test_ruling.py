from dataclasses import replace

import pytest

from gateway.model.action import Action
from gateway.model.device import Device, Mac
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.policy.ruling import NOBODY, entry_for, mixed_choice, rule_for, rule_on
from tests.support.policies import BELL, NOON, make_policy, make_subject, small_policy

STRANGER = Mac("02:00:00:00:00:99")


@pytest.mark.parametrize(
    "mac, profile, wanted",
    [(BELL, "careful", "bell"), (STRANGER, "bell", "bell"), (STRANGER, "nothing", "careful"), (STRANGER, "observe", "observe")],
)
def test_whose_rules(mac: Mac, profile: str, wanted: str) -> None:
    assert entry_for(small_policy(), Device(mac=mac, id="", profile=profile)).device.profile == wanted


def test_an_empty_policy_has_rules_for_nobody() -> None:
    assert entry_for(Policy(digest=""), Device(mac=STRANGER, id="", profile="x")) is NOBODY


@pytest.mark.parametrize(
    "match, name, wanted", [("m", "", "drop"), ("", "n.example.com", "drop"), ("other", "", "keep"), ("", "", "keep")]
)
def test_mixed_is_asked_by_match_and_by_name(match: str, name: str, wanted: str) -> None:
    entry = replace(NOBODY, mixed={"m": "drop", "n.example.com": "drop"})
    assert mixed_choice(entry, make_subject(match=match, name=name)) == wanted


def test_an_exception_judges_every_purpose_of_a_name() -> None:
    policy = small_policy()
    subject = make_subject(name="api.example.com", also=("motion-event",), match="bell.example.com")
    ruling = rule_on(policy, policy.devices[BELL], subject, NOON)
    assert (ruling.action, ruling.mixed) == (Action.ALLOW, False)


def test_a_purpose_without_any_rule_meets_the_last_resort() -> None:
    ruling = rule_for(Purpose.CDN, Policy(digest=""), replace(NOBODY, levels=()), subject=make_subject(), moment=NOON)
    assert (ruling.action, str(ruling.ref)) == (Action.LIMIT, "built-in")


def test_exceptions_of_the_last_level_hold_for_a_purpose_without_a_rule() -> None:
    policy = make_policy({"household.yaml": None})
    entry = replace(policy.profiles["bell"], levels=policy.profiles["bell"].levels[:1])
    subject = make_subject(purpose="voice", name="a.partner.example.org")
    assert rule_for(Purpose.VOICE, policy, entry, subject=subject, moment=NOON).action is Action.BLOCK
