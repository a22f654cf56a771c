"""The order in which evidence counts, and that every evidence has an answer."""

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.assessment import Assessment, Evidence, Extent
from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP, UDP
from gateway.model.purpose import Purpose
from gateway.purpose import Context, Habits, Seen, classify, classify_next, read_line
from gateway.purpose.context import NOTHING_BEFORE
from tests.support.evidence import CAREFUL, DOORBELL, ECHO, LIGHT, make_catalogue, make_evidence, make_row

TABLE = make_catalogue(
    make_row("fw.ring.com", "control", "ring-doorbell", vendor="ring", also=["motion-event"], confidence="medium"),
    make_row("*.prod.rms.ring.devices.a2z.com", "video", "ring-camera", vendor="ring"),
    make_row("*.compute-1.amazonaws.com", "video", "ring-camera", vendor="ring", confidence="low"),
    make_row("es.ring.com", "telemetry", "ring-camera", vendor="ring"),
    make_row("tcp/9998", "control", "ring-doorbell", vendor="ring"),
    make_row("files.example.net", "cdn", "any"),
    make_row("events-us-east-1-prod.s3.amazonaws.com", "mesh-sharing", "any", vendor="amazon"),
    make_row("*.iot.*.amazonaws.com", "control", "any", vendor="aws"),
    make_row("tcp/443", "control", "any", vendor="aws", alpn="x-amzn-mqtt-ca"),
    make_row("dns.google", "dns-escape", "any"),
    make_row("udp/123", "time", "any"),
)

ORDER = [
    pytest.param(make_evidence("fw.ring.com", **DOORBELL), "control", id="name"),
    pytest.param(make_evidence("x9.a7.prod.rms.ring.devices.a2z.com", **DOORBELL), "video", id="name-by-pattern"),
    pytest.param(make_evidence("events-us-east-1-prod.s3.amazonaws.com", **LIGHT), "mesh-sharing", id="name-for-everybody"),
    pytest.param(make_evidence("xy.ring.com", **DOORBELL), "unknown", id="sibling"),
    pytest.param(make_evidence("ec2-1.compute-1.amazonaws.com", **CAREFUL), "unknown", id="somebody-elses-cloud"),
    pytest.param(make_evidence("ec2-1.compute-1.amazonaws.com", **DOORBELL), "video", id="cloud-of-the-vendor"),
    pytest.param(make_evidence("a1.iot.eu-west-1.amazonaws.com", **CAREFUL), "control", id="cloud-service-for-everybody"),
    pytest.param(make_evidence(**DOORBELL), "direct-address", id="nothing"),
    pytest.param(make_evidence("fw.ring.com", **DOORBELL, local=True), "local", id="inside-before-names"),
    pytest.param(make_evidence("fw.ring.com", **DOORBELL, port=53, proto=UDP), "dns-escape", id="resolver-before-names"),
    pytest.param(make_evidence("fw.ring.com", **DOORBELL, port=853), "dns-escape", id="dot-before-names"),
    pytest.param(make_evidence("fw.ring.com", **DOORBELL, port=123, proto=UDP), "time", id="clock-before-names"),
    pytest.param(make_evidence("dns.google", **LIGHT), "dns-escape", id="known-doh"),
    pytest.param(make_evidence("es.ring.com", **DOORBELL, app="mqtt"), "telemetry", id="names-before-protocols"),
    pytest.param(make_evidence("es.ring.com", **DOORBELL, port=9998), "telemetry", id="names-before-ports"),
    pytest.param(make_evidence("es.ring.com", **DOORBELL, alpn=("mqtt",)), "telemetry", id="names-before-alpn"),
    pytest.param(make_evidence("xy.ring.com", **DOORBELL, port=9998), "control", id="port-where-the-name-is-silent"),
    pytest.param(
        make_evidence("broker.example.org", **LIGHT, app="mqtt", port=1883), "control", id="protocol-where-it-is-silent"
    ),
    pytest.param(
        make_evidence("broker.example.org", **LIGHT, alpn=("x-amzn-mqtt-ca",)), "control", id="alpn-where-it-is-silent"
    ),
    pytest.param(make_evidence(**DOORBELL, app="rtp", port=9998), "video", id="protocol-before-port"),
    pytest.param(make_evidence(**DOORBELL, app="stun", port=41000, proto=UDP), "video", id="media-without-a-name"),
    pytest.param(make_evidence(**ECHO, app="stun", port=3478, proto=UDP), "voice", id="calls-without-a-name"),
    pytest.param(make_evidence(**LIGHT, app="stun", port=3478, proto=UDP), "direct-address", id="media-of-what-has-none"),
    pytest.param(
        make_evidence("turn.example.org", **LIGHT, app="turn", port=443), "unknown", id="media-of-what-has-none-named"
    ),
    pytest.param(make_evidence(**DOORBELL, resolver=True, port=53, proto=UDP), "local", id="our-resolver"),
]


@pytest.mark.parametrize(("evidence", "wanted"), ORDER)
def test_order(evidence: Evidence, wanted: str) -> None:
    found = classify(TABLE, evidence)
    assert found.purpose == wanted
    assert found.reasons
    assert 0 < found.confidence <= 1


def test_where_the_name_is_silent_it_is_still_told() -> None:
    found = classify(TABLE, make_evidence("broker.example.org", **LIGHT, app="mqtt", port=1883))
    assert found.name == Name("broker.example.org", NameSource.SNI)
    assert found.reasons[1:] == ("broker.example.org is in no catalogue: nobody has shown what it is for",)


@pytest.mark.parametrize("port", [53, 123, 853])
def test_a_name_that_decided_nothing_is_still_there(port: int) -> None:
    found = classify(TABLE, make_evidence("far.example.org", **LIGHT, port=port, proto=UDP))
    assert found.name == Name("far.example.org", NameSource.SNI)


def test_media_of_what_has_none_is_remarked() -> None:
    found = classify(TABLE, make_evidence(**LIGHT, app="rtp", proto=UDP, port=41000))
    assert found.reasons[-1] == "rtp of a light that is not known for calls or pictures"


def test_a_cover_name_is_worth_less() -> None:
    plain, covered = (classify(TABLE, make_evidence("x.example", **LIGHT, app="mqtt", ech=ech)) for ech in (False, True))
    assert covered.confidence == pytest.approx(plain.confidence / 2)


def test_purposes_of_other_names_stay_told() -> None:
    names = ("unheard.example", "es.ring.com")
    assert classify(TABLE, make_evidence(*names, source="dns", **CAREFUL)).also == (Purpose.TELEMETRY,)
    assert classify(TABLE, make_evidence(*names, source="dns", **CAREFUL, app="mqtt")).also == (Purpose.TELEMETRY,)


CAMERA: dict[str, Any] = {"profile": "camera", "vendor": "", "family": "camera"}
PLUG: dict[str, Any] = {"profile": "plug", "vendor": "", "family": "plug"}
OFTEN = Context(destination="xy.example", calls=20, device_calls=30)
EXTENTS = [
    pytest.param(
        Extent.SO_FAR, {"family": "plug", "bytes_out": 400, "bytes_in": 300}, OFTEN, "unknown", id="so-far-habits-are-no-pass"
    ),
    pytest.param(Extent.BURST, {"family": "plug", "bytes_out": 400, "bytes_in": 300}, NOTHING_BEFORE, "control", id="burst"),
    pytest.param(Extent.MOMENT, {"family": "plug"}, OFTEN, "control", id="moment"),
    pytest.param(Extent.ENDED, {"family": "plug", "bytes_out": 400, "bytes_in": 300}, OFTEN, "unknown", id="ended"),
    pytest.param(Extent.ENDED, {"family": "plug"}, replace(OFTEN, beat_s=60.0), "control", id="beat"),
    pytest.param(Extent.BURST, {"family": "plug", "local": True}, OFTEN, "local", id="inside"),
    pytest.param(Extent.BURST, {"family": "plug", "resolver": True}, OFTEN, "local", id="our-resolver"),
]


@pytest.mark.parametrize(("extent", "more", "context", "wanted"), EXTENTS)
def test_what_is_over_says_more(extent: Extent, more: dict[str, Any], context: Context, wanted: str) -> None:
    assert classify(TABLE, make_evidence("xy.example", extent=extent, **more), context).purpose == wanted


SETTLED = [
    pytest.param(make_evidence("fw.ring.com", **DOORBELL, settled=Purpose.UPDATE), "update", id="before-names"),
    pytest.param(make_evidence(**DOORBELL, settled=Purpose.UNKNOWN, local=True), "unknown", id="before-all-else"),
    pytest.param(make_evidence(**DOORBELL, settled=Purpose.UNKNOWN, bytes_out=70_000), "video", id="volume-speaks-against-it"),
]


@pytest.mark.parametrize(("evidence", "wanted"), SETTLED)
def test_what_was_settled_otherwise(evidence: Evidence, wanted: str) -> None:
    found = classify(TABLE, evidence)
    assert found.purpose == wanted
    assert found.reasons[-1] == f"{evidence.settled}: settled by what is not seen here"
    assert found.name == (evidence.names[0] if evidence.names else None)


def test_neither_name_nor_address() -> None:
    found = classify(TABLE, make_evidence(**LIGHT, address=b""))
    assert (found.purpose, found.reasons) == (Purpose.UNKNOWN, ("neither name nor address is known",))


def test_the_order_is_told_of_pictures() -> None:
    before = (Seen("socket.example", 8.5, TCP, (Purpose.CONTROL,)),)
    evidence = make_evidence("xy.example", **CAMERA, bytes_out=70_000)
    found = classify(TABLE, evidence, Context(destination="xy.example", at=9.0, before=before))
    assert (found.purpose, found.confidence) == (Purpose.VIDEO, pytest.approx(0.5))
    assert found.reasons[-1] == "socket.example was heard 0.5 s before: a viewer may have begun"


def test_rows_remember_what_came_before_them() -> None:
    habits = Habits()
    rows = [
        {"id": str(n), "device": "a", "kind": "plug", "transport": "tcp", "domain": "xy.example", "t": str(n * 20)}
        for n in range(10)
    ]
    said = [classify_next(TABLE, read_line(row), habits).purpose for row in rows]
    assert said[0] == Purpose.UNKNOWN
    assert said[-1] == Purpose.CONTROL


def test_rows_of_the_home_are_no_habits() -> None:
    habits = Habits()
    for number in range(10):
        classify_next(TABLE, read_line({"id": "1", "device": "a", "scope": "lan", "domain": "xy", "t": str(number)}), habits)
    assert habits.before("a", Seen("xy", 99.0, TCP)).device_calls == 0


texts = st.one_of(
    st.sampled_from(
        ["fw.ring.com", "a.b.ring.com", "ec2.compute-1.amazonaws.com", "dns.google", "x.example", "ring", "echo", ""]
    ),
    st.text(max_size=300),
)
words = st.sampled_from(["unknown", "tls", "quic", "dns", "stun", "rtp", "rtsp", "mqtt", "coap", "ntp", "sip", "doq", "%"])
evidences = st.builds(
    Evidence,
    profile=texts,
    vendor=texts,
    family=st.sampled_from(["camera", "doorbell", "speaker", "light", "chime", "", "?"]),
    facts=st.builds(Facts, app_proto=words, alpn=st.lists(texts, max_size=3).map(tuple), ech=st.booleans()),
    names=st.lists(st.builds(Name, texts, st.sampled_from(NameSource)), max_size=30).map(tuple),
    address=st.binary(max_size=16),
    port=st.one_of(st.sampled_from([53, 123, 443, 554, 853, 9998]), st.integers(-1, 70_000)),
    proto=st.sampled_from([TCP, UDP, 1, 58, 0, 300]),
    local=st.booleans(),
    resolver=st.booleans(),
    extent=st.sampled_from(Extent),
    pkts_out=st.integers(0, 10**9),
    pkts_in=st.integers(0, 10**9),
    bytes_out=st.one_of(st.integers(0, 10**5), st.integers(0, 10**12)),
    bytes_in=st.one_of(st.integers(0, 10**5), st.integers(0, 10**12)),
    media_bytes=st.sampled_from([0, 64_000]),
    settled=st.sampled_from([None, None, *Purpose]),
)
purposes = st.lists(st.sampled_from(Purpose), min_size=1, max_size=3).map(tuple)
contexts = st.builds(
    Context,
    destination=texts,
    at=st.just(100.0),
    before=st.lists(st.builds(Seen, texts, st.floats(70, 100), st.sampled_from([TCP, UDP]), purposes), max_size=4).map(tuple),
    calls=st.integers(0, 100),
    device_calls=st.integers(0, 100),
    device_udp_calls=st.integers(0, 100),
    beat_s=st.sampled_from([0.0, 60.0, 91.0, 300.0, 2_460.0, 180_000.0]),
)


@given(evidences, contexts)
def test_total(evidence: Evidence, context: Context) -> None:
    found = classify(TABLE, evidence, context)
    assert isinstance(found, Assessment)
    assert isinstance(found.purpose, Purpose)
    assert all(isinstance(purpose, Purpose) for purpose in found.also)
    assert 0.0 <= found.confidence <= 1.0
    assert found.reasons and all(found.reasons)
    assert found == classify(TABLE, evidence, context)


@given(evidences, contexts)
def test_a_live_flow_gains_nothing_by_habits(evidence: Evidence, context: Context) -> None:
    live = evidence._replace(extent=Extent.SO_FAR)
    assert classify(TABLE, live, context).purpose == classify(TABLE, live).purpose


@given(evidences)
def test_an_empty_catalogue_is_enough(evidence: Evidence) -> None:
    assert classify(make_catalogue(), evidence).reasons


def test_cost() -> None:
    """Some microseconds: the bound is wide, since tests run on busy machines."""
    flows = [make_evidence("fw.ring.com", **DOORBELL), make_evidence("xy.ring.com", **DOORBELL), make_evidence(**DOORBELL)]
    best = 1.0
    for _ in range(10):
        began = time.perf_counter()
        for evidence in flows * 100:
            classify(TABLE, evidence)
        best = min(best, time.perf_counter() - began)
    assert best / 300 < 40e-6
