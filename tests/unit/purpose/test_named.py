"""What the names of a flow say: whose they are, where they were read, and what speaks against them."""

import pytest

from gateway.model.assessment import Evidence
from gateway.model.purpose import Purpose
from gateway.purpose.named import NAMELESS, judge_names, list_purposes
from tests.support.evidence import CAREFUL, DOORBELL, ECHO, LIGHT, make_catalogue, make_evidence, make_row

TABLE = make_catalogue(
    make_row("fw.ring.com", "control", "ring-doorbell", vendor="ring", also=["motion-event"], confidence="medium"),
    make_row("es.ring.com", "telemetry", "ring-camera", vendor="ring"),
    make_row("wu.ring.com", "unknown", "ring-doorbell", vendor="ring"),
    make_row("*.compute-1.amazonaws.com", "video", "ring-camera", vendor="ring", confidence="low"),
    make_row("cdn.example.net", "cdn", "any"),
    make_row("ads.example.net", "advertising", "any"),
    make_row("both.example.net", "control", "any", source="catalogue/a.yaml:3"),
    make_row("both.example.net", "telemetry", "any", confidence="low", source="catalogue/b.yaml:9"),
)


def test_a_name_of_this_device() -> None:
    said = judge_names(TABLE, make_evidence("fw.ring.com", **DOORBELL)).assessment
    assert said is not None
    assert (said.purpose, said.also, said.confidence) == (Purpose.CONTROL, (Purpose.MOTION_EVENT,), 0.6)
    assert (said.match, said.source) == ("fw.ring.com", "catalogue/ring.yaml:1")
    assert said.name is not None and said.name.text == "fw.ring.com"
    assert said.reasons == ("fw.ring.com serves control and motion-event (catalogue/ring.yaml:1)",)


WORTH = [
    pytest.param(make_evidence("fw.ring.com", **DOORBELL), 0.6, id="own-profile"),
    pytest.param(make_evidence("es.ring.com", **DOORBELL), 0.9 * 0.9, id="sister"),
    pytest.param(make_evidence("es.ring.com", **ECHO), 0.9 * 0.75, id="same-house"),
    pytest.param(make_evidence("es.ring.com", **LIGHT), 0.9 * 0.5, id="stranger"),
    pytest.param(make_evidence("cdn.example.net", **CAREFUL), 0.9, id="everybody"),
    pytest.param(make_evidence("cdn.example.net", source="dns", **CAREFUL), 0.9 * 0.9, id="bound-by-dns"),
    pytest.param(make_evidence("cdn.example.net", ech=True, **CAREFUL), 0.9 * 0.5, id="beside-an-encrypted-hello"),
    pytest.param(
        make_evidence("cdn.example.net", "ads.example.net", source="dns", **CAREFUL), 0.9 * 0.7 * 0.9, id="names-disagree"
    ),
]


@pytest.mark.parametrize(("evidence", "wanted"), WORTH)
def test_confidence_falls_with_the_distance(evidence: Evidence, wanted: float) -> None:
    said = judge_names(TABLE, evidence).assessment
    assert said is not None
    assert said.confidence == pytest.approx(wanted)
    assert len(said.reasons) >= 1


def test_the_name_in_the_flow_decides_alone() -> None:
    said = judge_names(TABLE, make_evidence("cdn.example.net", "ads.example.net", **CAREFUL)).assessment
    assert said is not None
    assert (said.purpose, said.also) == (Purpose.CDN, ())


def test_of_bound_names_the_latest_decides_and_the_others_are_told() -> None:
    names = ("cdn.example.net", "ads.example.net", "es.ring.com", "ads.example.net", "cdn.example.net", "unheard.example")
    said = judge_names(TABLE, make_evidence(*names, source="dns", **CAREFUL)).assessment
    assert said is not None
    assert said.purpose is Purpose.CDN
    assert said.also == (Purpose.ADVERTISING, Purpose.TELEMETRY)
    assert said.reasons[1] == "the address also answers to names for advertising and telemetry"


def test_bound_names_that_agree_are_one() -> None:
    said = judge_names(TABLE, make_evidence("cdn.example.net", "a.cdn.example.net", source="dns", **CAREFUL)).assessment
    assert said is not None
    assert (said.also, said.confidence) == ((), pytest.approx(0.81))


def test_a_known_name_of_unknown_purpose() -> None:
    said = judge_names(TABLE, make_evidence("wu.ring.com", **DOORBELL)).assessment
    assert said is not None
    assert said.purpose is Purpose.UNKNOWN
    assert said.reasons == ("wu.ring.com is known, but not its purpose (catalogue/ring.yaml:1)",)


def test_who_it_was_evidenced_for_is_told() -> None:
    said = judge_names(TABLE, make_evidence("es.ring.com", **DOORBELL)).assessment
    assert said is not None
    assert said.reasons == ("es.ring.com serves telemetry, evidenced for another device: ring-camera (catalogue/ring.yaml:1)",)


def test_a_contradiction_is_told() -> None:
    said = judge_names(TABLE, make_evidence("both.example.net", **CAREFUL)).assessment
    assert said is not None
    assert (said.purpose, said.also) == (Purpose.CONTROL, ())
    assert said.reasons[1] == "catalogue/b.yaml:9 says telemetry instead"


def test_a_sibling_lends_nothing() -> None:
    named = judge_names(TABLE, make_evidence("xy.ring.com", **DOORBELL))
    assert named.assessment is None
    assert named.remark == "xy.ring.com is in no catalogue: nobody has shown what it is for"


def test_a_rented_name_says_nothing_of_strangers() -> None:
    named = judge_names(TABLE, make_evidence("ec2-1-2-3-4.compute-1.amazonaws.com", **CAREFUL))
    assert named.assessment is None
    assert "everybody shares" in named.remark


def test_where_the_latest_name_is_not_evidenced_the_others_are_still_told() -> None:
    named = judge_names(TABLE, make_evidence("unheard.example", "ads.example.net", source="dns", **CAREFUL))
    assert (named.assessment, named.also) == (None, (Purpose.ADVERTISING,))


def test_no_names() -> None:
    assert judge_names(TABLE, make_evidence(**CAREFUL)) == NAMELESS


def test_list_purposes() -> None:
    assert list_purposes((Purpose.VIDEO,)) == "video"
    assert list_purposes((Purpose.CONTROL, Purpose.VIDEO, Purpose.VOICE)) == "control, video and voice"
