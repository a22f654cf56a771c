"""How devices take a no best: what a profile says of it, who inherits it, and what goes against it."""

from dataclasses import replace

import pytest

from gateway.model.action import Action
from gateway.model.policy import Advice
from gateway.model.purpose import Purpose
from gateway.policy.advice import goes_against, tell, warnings
from gateway.policy.decide import decide
from tests.support.policies import FILES, NOON, make_policy, make_subject

ANSWER = Advice(how="answer", why="Clocks froze.", evidence="a log", confidence="high")
SPARED = replace(ANSWER, never_silence=True)
REFUSE = replace(ANSWER, how="refuse")
_HEAD, _, _TAIL = FILES["profiles/bell.yaml"].partition("advice:\n")
BELL = f"{_HEAD}costs:{_TAIL.partition('costs:')[2]}"
"""Without what it says itself."""
SAID = (
    "advice:\n  time: {how: answer, en: Clocks froze., evidence: a log, confidence: high}\n"
    "  telemetry: {how: answer, never: silence, en: It stopped., evidence: a thread, confidence: low}\n"
)


@pytest.mark.parametrize(
    ("advice", "text"),
    [
        (None, "not known"),
        (ANSWER, "by an answer: Clocks froze (a log; high)"),
        (SPARED, "by an answer, never by silence: Clocks froze (a log; high)"),
        (REFUSE, "by a refusal: Clocks froze (a log; high)"),
    ],
)
def test_it_is_told_with_its_evidence(advice: Advice | None, text: str) -> None:
    assert tell(advice) == text


@pytest.mark.parametrize(
    ("advice", "purpose", "action", "against"),
    [
        (None, Purpose.TIME, Action.BLOCK, False),
        (ANSWER, Purpose.TIME, Action.BLOCK, True),
        (ANSWER, Purpose.CONNECTIVITY_CHECK, Action.ASK, True),
        (ANSWER, Purpose.DNS_ESCAPE, Action.ANSWER, False),
        (ANSWER, Purpose.DNS_ESCAPE, Action.ALLOW, False),
        (ANSWER, Purpose.TELEMETRY, Action.BLOCK, False),  # there is nothing that could be said
        (SPARED, Purpose.TELEMETRY, Action.DROP, True),
        (REFUSE, Purpose.TELEMETRY, Action.DROP, True),
        (REFUSE, Purpose.TELEMETRY, Action.BLOCK, False),
    ],
)
def test_what_goes_against_it(advice: Advice | None, purpose: Purpose, action: Action, against: bool) -> None:
    assert goes_against(advice, purpose, action) is against


def test_it_comes_from_the_profile_and_from_what_is_known_of_every_device() -> None:
    careful = "version: 1\nprofile: careful\ntitle: {en: Careful}\nfamily: other\n"
    everybody = "advice:\n  time: {how: refuse, en: X., evidence: y, confidence: low}\n" + (
        "  dns-escape: {how: answer, en: No internet., evidence: threads, confidence: high}\n"
    )
    policy = make_policy({"profiles/bell.yaml": BELL + SAID, "profiles/careful.yaml": careful + everybody})
    assert {purpose: said.how for purpose, said in policy.profiles["bell"].advice.items()} == {
        Purpose.TIME: "answer", Purpose.TELEMETRY: "answer", Purpose.DNS_ESCAPE: "answer",
    }  # fmt: skip
    assert policy.profiles["careful"].advice[Purpose.TIME].how == "refuse"


def test_a_decision_carries_it() -> None:
    policy = make_policy({"profiles/bell.yaml": BELL + SAID})
    for purpose, known in (("telemetry", True), ("motion-event", False)):
        subject = make_subject(purpose=purpose, policy=policy)
        advice = decide(policy, subject, NOON).advice
        assert (advice is not None and advice.never_silence) is known


def test_rules_that_go_against_it_are_warned_of_at_their_line() -> None:
    rules = FILES["household.yaml"].replace("media-streaming: allow", "telemetry: drop, time: block")
    policy = make_policy({"profiles/bell.yaml": BELL + SAID, "household.yaml": rules})
    told = {fault.value: fault for fault in warnings(policy) if fault.file == "household.yaml"}
    assert "time of bell is better told no by an answer: Clocks froze (a log; high)" in told["block"].message
    assert "telemetry of bell is better told no by an answer, never by silence" in told["drop"].message
    assert not list(warnings(make_policy({"profiles/bell.yaml": BELL, "household.yaml": rules})))


def test_only_what_could_be_silent_changes_the_digest() -> None:
    plain, said, spared = (
        make_policy({"profiles/bell.yaml": BELL + text}) for text in ("", SAID.replace("never: silence, ", ""), SAID)
    )
    assert plain.digest == said.digest != spared.digest
