import pytest

from gateway.engine.recorded import (
    GADGET,
    OWNER,
    TRUSTED,
    Circumstance,
    Standing,
    assessment_of,
    circumstances_of,
    evidence_of,
    is_question,
    judged_then,
    moment_of,
)
from gateway.model.name import Name, NameSource
from gateway.model.packet import UDP
from gateway.model.purpose import Purpose
from tests.support.records import GADGET_AT, make_record

BELL = Standing("bell", "maker", "doorbell", 64_000)
QUESTION = {"app_proto": "dns", "dport": 53, "proto": UDP, "name_source": "dns"}
AT_HOME = {"dst": GADGET_AT[:3] + b"\x09"}


@pytest.mark.parametrize(
    ("record", "dropped"),
    [
        pytest.param(make_record(), False, id="one purpose"),
        pytest.param(make_record(also=("motion-event",), mixed=True), False, id="several, kept"),
        pytest.param(make_record("motion-event", also=("motion-event",), mixed=True), True, id="several, the strictest"),
    ],
)
def test_what_was_decided(record, dropped: bool) -> None:
    then = judged_then(record)
    assert then is not None
    assert (then.purpose, then.action, then.effect, then.dropped) == (record.purpose, "limit", "pass", dropped)


@pytest.mark.parametrize("field", ["purpose", "action", "effect"])
def test_words_that_nobody_knows(field: str) -> None:
    assert judged_then(make_record(**{field: "brewing"})) is None


def test_purposes_of_another_time_are_left_out() -> None:
    then = judged_then(make_record(also=("brewing", "update")))
    assert then is not None and then.also == (Purpose.UPDATE,)


def test_the_way_back() -> None:
    record = make_record(names=("bell.example.com", "other.example.com"), bytes_toserver=5, bytes_toclient=6, confidence=0.7)
    found = evidence_of(record, BELL)
    assert found.names == (Name("bell.example.com", NameSource.SNI), Name("other.example.com", NameSource.DNS))
    assert (found.facts.app_proto, found.facts.names, found.facts.hello) == ("tls", found.names[:1], True)
    assert (found.profile, found.vendor, found.family, found.media_bytes) == BELL
    assert (found.address, found.port, found.proto, found.bytes_out, found.bytes_in) == (record.dst, 443, 6, 5, 6)
    then = judged_then(record)
    assert then is not None
    assessment = assessment_of(record, then, match="bell.example.com")
    assert (assessment.name, assessment.confidence, assessment.match) == (found.names[0], 0.7, "bell.example.com")


def test_a_bound_name_is_no_name_of_the_flow() -> None:
    found = evidence_of(make_record(name_source="dns"), BELL)
    assert (found.names[0].source, found.facts.names, found.facts.hello) == (NameSource.DNS, (), False)


def test_without_a_name_and_without_a_port() -> None:
    found = evidence_of(make_record(name="", proto=1, app_proto="icmp"), BELL)
    assert (found.names, found.facts.app_proto) == ((), "unknown")


def test_of_a_question_the_name_alone_counts() -> None:
    found = evidence_of(make_record(**QUESTION, names=("bell.example.com", "other.example.com")), BELL)
    assert (len(found.names), found.address, found.port) == (1, b"", 0)


QUESTIONS = {
    "a name that was asked for": (QUESTION, True),
    "a resolver of its own choice": ({**QUESTION, "purpose": "dns-escape", "action": "answer", "effect": "redirect"}, False),
    "names that carry a letter": ({**QUESTION, "purpose": "dns-escape", "action": "block", "effect": "drop"}, True),
    "no name": ({**QUESTION, "name": ""}, False),
    "another port": ({**QUESTION, "dport": 5_353}, False),
    "a flow": ({}, False),
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
    "pictures to the internet": (make_record("video"), False, {Circumstance()}),
    "pictures to the home or the old network": (make_record("video", **AT_HOME), False, {Circumstance(), *WITHIN}),
    "a name at a private address": (make_record("telemetry", **AT_HOME), False, {Circumstance()}),
}


@pytest.mark.parametrize(("record", "trusted", "wanted"), CIRCUMSTANCES.values(), ids=CIRCUMSTANCES)
def test_how_it_may_have_been(record, trusted: bool, wanted: set[Circumstance]) -> None:
    assert set(circumstances_of(record, Purpose(record.purpose), trusted=trusted)) == wanted
