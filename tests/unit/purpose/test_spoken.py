"""What protocols, ALPN and ports say where names are silent."""

from typing import Any

import pytest

from gateway.model.assessment import Assessment, Evidence
from gateway.model.packet import TCP, UDP
from gateway.model.purpose import Purpose
from gateway.purpose.spoken import PORT_ALONE, judge_alpn, judge_clock, judge_inside, judge_port, judge_protocol, judge_resolver
from tests.support.evidence import CAREFUL, DOORBELL, ECHO, LIGHT, make_catalogue, make_evidence, make_row

TABLE = make_catalogue(
    make_row("udp/123", "time", "any"),
    make_row("tcp/9998", "control", "ring-doorbell", vendor="ring"),
    make_row("tcp,udp/3478", "voice", "echo", vendor="amazon"),
    make_row("udp/3478", "video", "camera", "doorbell"),
    make_row("tcp/443", "control", "any", vendor="aws", alpn="x-amzn-mqtt-ca"),
    make_row("app:coap", "telemetry", "any", confidence="low"),
)
NOTHING = make_catalogue()


def said(assessment: Assessment | None) -> str | None:
    return assessment.purpose.value if assessment else None


INSIDE = [
    pytest.param(make_evidence(resolver=True, port=53, proto=UDP), "local", id="our-resolver"),
    pytest.param(make_evidence(**LIGHT, local=True), "local", id="peer"),
    pytest.param(make_evidence(**DOORBELL, local=True), "local", id="cameras-too"),
    pytest.param(make_evidence(**DOORBELL, local=True, app="rtsp", port=554), "video", id="rtsp-of-a-camera"),
    pytest.param(make_evidence(**DOORBELL, local=True, app="rtp", proto=UDP), "video", id="rtp-of-a-camera"),
    pytest.param(make_evidence(**DOORBELL, local=True, app="stun", proto=UDP), "video", id="a-way-for-pictures"),
    pytest.param(make_evidence(**DOORBELL, local=True, app="dtls-srtp", proto=UDP), "video", id="keys-for-pictures"),
    pytest.param(make_evidence(**DOORBELL, local=True, app="dtls", proto=UDP), "local", id="keys-for-something-else"),
    pytest.param(make_evidence(**DOORBELL, local=True, port=554), "video", id="rtsp-port-before-a-word-is-said"),
    pytest.param(make_evidence(**DOORBELL, local=True, port=554, app="http"), "local", id="something-else-on-the-rtsp-port"),
    pytest.param(make_evidence(**DOORBELL, local=True, port=554, proto=UDP), "local", id="rtsp-is-tcp"),
    pytest.param(make_evidence(**LIGHT, local=True, app="rtsp", port=554), "local", id="a-light-has-no-pictures"),
    pytest.param(make_evidence(**LIGHT), None, id="outside"),
]


@pytest.mark.parametrize(("evidence", "wanted"), INSIDE)
def test_inside(evidence: Evidence, wanted: str | None) -> None:
    assert said(judge_inside(evidence)) == wanted


RESOLVERS = [
    pytest.param(make_evidence(port=53, proto=UDP), True, id="udp"),
    pytest.param(make_evidence(port=53, proto=TCP), True, id="tcp"),
    pytest.param(make_evidence(port=53, proto=132), False, id="neither"),
    pytest.param(make_evidence(port=5300, proto=UDP, app="dns"), True, id="dns-on-another-port"),
    pytest.param(make_evidence(port=853), True, id="dot"),
    pytest.param(make_evidence(port=853, proto=UDP), True, id="doq"),
    pytest.param(make_evidence(port=443, proto=UDP, app="quic", alpn=("doq",)), True, id="doq-by-alpn"),
    pytest.param(make_evidence(port=443, alpn=("h2", "dot")), True, id="dot-by-alpn"),
    pytest.param(make_evidence(port=443, alpn=("h2", "http/1.1")), False, id="web"),
]


@pytest.mark.parametrize(("evidence", "wanted"), RESOLVERS)
def test_resolver(evidence: Evidence, wanted: bool) -> None:
    assert said(judge_resolver(evidence)) == ("dns-escape" if wanted else None)


CLOCKS = [
    pytest.param(make_evidence(port=123, proto=UDP), "time", id="port"),
    pytest.param(make_evidence(port=123, proto=UDP, app="ntp"), "time", id="port-and-bytes"),
    pytest.param(make_evidence(port=4123, proto=UDP, app="ntp"), "time", id="bytes"),
    pytest.param(make_evidence(port=123, proto=TCP), None, id="tcp"),
    pytest.param(make_evidence(port=123, proto=UDP, app="rtp"), None, id="something-else-on-the-port"),
]


@pytest.mark.parametrize(("evidence", "wanted"), CLOCKS)
def test_clock(evidence: Evidence, wanted: str | None) -> None:
    for table in (TABLE, NOTHING):
        assert said(judge_clock(table, evidence)) == wanted


def test_the_clocks_row_is_named() -> None:
    found = judge_clock(TABLE, make_evidence(port=123, proto=UDP))
    assert found is not None
    assert (found.match, found.source) == ("udp/123", "catalogue/generic.yaml:1")


PROTOCOLS = [
    pytest.param("mqtt", LIGHT, "control", id="mqtt"),
    pytest.param("coap", LIGHT, "telemetry", id="a-row-before-what-is-built-in"),
    pytest.param("rtp", DOORBELL, "video", id="rtp-of-a-camera"),
    pytest.param("sip", DOORBELL, "video", id="sip-of-a-camera"),
    pytest.param("stun", DOORBELL, "video", id="stun-of-a-camera"),
    pytest.param("dtls-srtp", DOORBELL, "video", id="keys-for-pictures-of-a-camera"),
    pytest.param("dtls", DOORBELL, None, id="keys-for-anything"),
    pytest.param("turn", ECHO, "voice", id="turn-of-a-speaker"),
    pytest.param("rtp", LIGHT, None, id="rtp-of-a-light"),
    pytest.param("tls", DOORBELL, None, id="tls"),
    pytest.param("unknown", DOORBELL, None, id="unknown"),
]


@pytest.mark.parametrize(("app", "device", "wanted"), PROTOCOLS)
def test_protocol(app: str, device: dict[str, Any], wanted: str | None) -> None:
    assert said(judge_protocol(TABLE, make_evidence(**device, app=app), app)) == wanted


def test_coap_without_a_row() -> None:
    assert said(judge_protocol(NOTHING, make_evidence(**LIGHT, app="coap"), "coap")) == "control"


ALPNS = [
    pytest.param(("x-amzn-mqtt-ca",), CAREFUL, "control", id="mqtt-of-aws"),
    pytest.param(("http/1.1", "x-amzn-http-ca"), CAREFUL, "control", id="http-of-aws"),
    pytest.param(("webrtc",), DOORBELL, "video", id="webrtc-of-a-camera"),
    pytest.param(("stun.turn",), ECHO, "voice", id="turn-of-a-speaker"),
    pytest.param(("webrtc",), LIGHT, None, id="webrtc-of-a-light"),
    pytest.param(("ntske/1",), LIGHT, "time", id="nts"),
    pytest.param(("h2", "h3", "http/1.1"), CAREFUL, None, id="web"),
    pytest.param((), CAREFUL, None, id="none"),
]


@pytest.mark.parametrize(("alpn", "device", "wanted"), ALPNS)
def test_alpn(alpn: tuple[str, ...], device: dict[str, Any], wanted: str | None) -> None:
    for table in (TABLE, NOTHING):
        assert said(judge_alpn(table, make_evidence(**device, alpn=alpn))) == wanted


def test_an_empty_alpn_asks_for_no_row() -> None:
    table = make_catalogue(make_row("tcp/8443", "control", "any"))
    assert judge_alpn(table, make_evidence(**CAREFUL, port=8443, alpn=("",))) is None


def test_the_row_that_asks_for_the_alpn_is_named() -> None:
    found = judge_alpn(TABLE, make_evidence(**CAREFUL, alpn=("x-amzn-mqtt-ca",)))
    assert found is not None
    assert found.source == "catalogue/aws.yaml:1"
    assert found.reasons == ("ALPN x-amzn-mqtt-ca serves control (catalogue/aws.yaml:1)",)


PORTS = [
    pytest.param(make_evidence(**DOORBELL, port=9998), "control", id="of-this-device"),
    pytest.param(make_evidence(profile="ring-camera", vendor="ring", port=9998), "control", id="of-a-sister"),
    pytest.param(make_evidence(**ECHO, port=9998), None, id="of-the-same-house-only"),
    pytest.param(make_evidence(**LIGHT, port=9998), None, id="of-a-stranger"),
    pytest.param(make_evidence(**DOORBELL, port=3478, proto=UDP), "video", id="of-this-family"),
    pytest.param(make_evidence(**ECHO, port=3478, proto=UDP), "voice", id="each-its-own"),
    pytest.param(make_evidence(**LIGHT, port=3478, proto=UDP), None, id="of-others"),
    pytest.param(make_evidence(**DOORBELL, port=9998, proto=UDP), None, id="other-transport"),
    pytest.param(make_evidence(**DOORBELL, port=443), None, id="row-that-asks-for-an-alpn"),
    pytest.param(make_evidence(**DOORBELL, port=123, proto=UDP, app="rtp"), None, id="clock-that-speaks-something-else"),
]


@pytest.mark.parametrize(("evidence", "wanted"), PORTS)
def test_port(evidence: Evidence, wanted: str | None) -> None:
    assert said(judge_port(TABLE, evidence)) == wanted


def test_a_port_names_its_row() -> None:
    found = judge_port(TABLE, make_evidence(profile="ring-camera", vendor="ring", port=9998))
    assert found is not None
    assert (found.match, found.source, found.confidence) == (
        "tcp/9998",
        "catalogue/ring.yaml:1",
        pytest.approx(0.9 * 0.9 * PORT_ALONE),
    )
    assert found.purpose is Purpose.CONTROL
