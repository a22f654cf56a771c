import pytest

from gateway.engine.recorded import (
    GADGET,
    OWNER,
    TRUSTED,
    Circumstance,
    assessment_of,
    circumstances_of,
    is_question,
    judged_then,
    moment_of,
)
from gateway.model.name import Name, NameSource
from gateway.model.packet import UDP
from gateway.model.purpose import Purpose
from tests.support.records import GADGET_AT, make_record

QUESTION = {"app_proto": "dns", "dport": 53, "proto": UDP, "name_source": "dns"}
AT_HOME = {"dst": GADGET_AT[:3] + b"\x09"}


MIXED = {"also": ("motion-event",), "mixed": True}


@pytest.mark.parametrize(
    ("record", "main", "decided"),
    [
        pytest.param(make_record(), "control", "control", id="one purpose"),
        pytest.param(make_record(**MIXED), "control", "control", id="several, kept"),
        pytest.param(
            make_record("motion-event", main="control", **MIXED), "control", "motion-event", id="several, the strictest"
        ),
        pytest.param(make_record("motion-event", **MIXED), None, "motion-event", id="of an earlier version"),
    ],
)
def test_what_was_decided(record, main: str | None, decided: str) -> None:
    then = judged_then(record)
    assert then is not None
    assert (then.purpose, then.decided, then.action, then.effect) == (main, decided, "limit", "pass")


@pytest.mark.parametrize("field", ["purpose", "action", "effect"])
def test_words_that_nobody_knows(field: str) -> None:
    assert judged_then(make_record(**{field: "brewing"})) is None


def test_purposes_of_another_time_are_left_out() -> None:
    then = judged_then(make_record(also=("brewing", "update")))
    assert then is not None and then.also == (Purpose.UPDATE,)


def test_what_it_was_for() -> None:
    record = make_record("motion-event", confidence=0.7, also=("update",), main="control")
    then = judged_then(record)
    assert then is not None and then.purpose is not None
    assessment = assessment_of(record, then.purpose, then, match="bell.example.com")
    assert (assessment.purpose, assessment.also, assessment.confidence) == (Purpose.CONTROL, (Purpose.UPDATE,), 0.7)
    assert (assessment.name, assessment.match) == (Name("bell.example.com", NameSource.SNI), "bell.example.com")
    assert assessment_of(make_record(name=""), Purpose.CDN, then).name is None


QUESTIONS = {
    "a name that was asked for": (QUESTION, True),
    "a resolver of its own choice": ({**QUESTION, "purpose": "dns-escape", "action": "answer", "effect": "redirect"}, False),
    "names that carry a letter": ({**QUESTION, "purpose": "dns-escape", "action": "block", "effect": "drop"}, True),
    "no name": ({**QUESTION, "name": ""}, False),
    "another port": ({**QUESTION, "dport": 5_353}, False),
    "a flow": ({}, False),
    "a name that was asked for, and says so": ({"lookup": True, "app_proto": "unknown"}, True),
}


@pytest.mark.parametrize(("given", "wanted"), QUESTIONS.values(), ids=QUESTIONS)
def test_questions(given: dict[str, object], wanted: bool) -> None:
    assert is_question(make_record(**given)) is wanted


@pytest.mark.parametrize(
    ("action", "effect", "viewed"),
    [
        pytest.param("owner-only", "pass", True, id="it passed by one"),
        pytest.param("owner-only", "refuse", False, id="nobody was viewing"),
        pytest.param("allow", "pass", False, id="it needed none"),
    ],
)
def test_viewings(action: str, effect: str, viewed: bool) -> None:
    record = make_record("video", effect, action=action, started=12.5)
    then = judged_then(record)
    assert then is not None
    moment = moment_of(record, then)
    assert (moment.wall, [grant.kind for grant in moment.grants]) == (12.5, ["viewing"] if viewed else [])


INBOUND = {Circumstance(TRUSTED, inbound=True), Circumstance(OWNER, inbound=True)}
WITHIN = {Circumstance(GADGET), Circumstance(TRUSTED), Circumstance(OWNER), *INBOUND}
CIRCUMSTANCES = {
    "to the internet": (make_record(), False, {Circumstance()}),
    "a question": (make_record(**QUESTION), False, {Circumstance(dns=True)}),
    "within the home": (make_record("local", **AT_HOME), False, WITHIN),
    "within the home, of a phone": (make_record("local", **AT_HOME), True, {Circumstance(TRUSTED), Circumstance(OWNER)}),
    "within the home, as it was written down": (make_record("video", local=True), False, WITHIN),
    "pictures to the internet": (make_record("video"), False, {Circumstance()}),
    "pictures to the home or the old network": (make_record("video", **AT_HOME), False, {Circumstance(), *WITHIN}),
    "a name at a private address": (make_record("telemetry", **AT_HOME), False, {Circumstance()}),
}


@pytest.mark.parametrize(("record", "trusted", "wanted"), CIRCUMSTANCES.values(), ids=CIRCUMSTANCES)
def test_how_it_may_have_been(record, trusted: bool, wanted: set[Circumstance]) -> None:
    assert set(circumstances_of(record, Purpose(record.purpose), trusted=trusted)) == wanted
