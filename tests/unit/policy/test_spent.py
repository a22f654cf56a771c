"""What a spent budget makes of a decision."""

from dataclasses import replace

import pytest

from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment
from gateway.model.decision import Subject
from gateway.model.moment import Moment
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.policy import decide, refuse_spent, rule_of
from gateway.policy.value import Budget, format_budget
from tests.support.home import policy
from tests.support.packets import BELL


def test_spent_unknown_is_refused_and_asked_about() -> None:
    known: Policy = policy()
    device = known.devices[BELL].device
    subject = Subject(device=device, assessment=Assessment(purpose=Purpose.UNKNOWN))
    passing = decide(known, subject, Moment(wall=0.0))
    spent = refuse_spent(known, device, passing)
    assert (passing.effect, spent.effect) == (Effect.PASS, Effect.REFUSE)
    assert spent.question and spent.rule == passing.rule and spent.action is Action.LIMIT
    assert "64 kB in 1 hour" in spent.reason and "room again" in spent.would_pass_if


def test_rule_of_a_device_that_no_file_knows_is_the_last_resort() -> None:
    known = replace(policy(), profiles={}, devices={})
    device = policy().devices[BELL].device
    assert rule_of(known, device, Purpose.CONTROL).ref.file == "built-in"


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        (Budget(512_000, 600), "512 kB in 10 minutes"),
        (Budget(64_000, 3_600), "64 kB in 1 hour"),
        (Budget(1_000_000, 86_400), "1 MB in 1 day"),
        (Budget(1_500, 90), "1500 B in 90 seconds"),
        (Budget(64_000), "64 kB in one flow"),
    ],
    ids=lambda value: str(value),
)
def test_budget_as_people_say_it(budget: Budget, text: str) -> None:
    assert format_budget(budget) == text
