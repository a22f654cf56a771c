"""What is done always, and what never before."""

from typing import Any

import pytest

from gateway.model.assessment import Assessment, Evidence, Extent
from gateway.model.packet import TCP, UDP
from gateway.model.purpose import Purpose
from gateway.purpose.context import Context, Seen
from gateway.purpose.habit import judge_moment
from tests.support.evidence import DOORBELL, ECHO, LIGHT, make_evidence


def _said(purpose: str, *also: str) -> Assessment:
    return Assessment(purpose=Purpose(purpose), also=tuple(map(Purpose, also)), confidence=0.3, reasons=("its name",))


def _at(device: dict[str, Any], proto: int = TCP) -> Evidence:
    return make_evidence(extent=Extent.MOMENT, proto=proto, **device)


def _context(place: str = "a.example", **more: Any) -> Context:
    return Context(destination=place, at=100.0, **more)


ANSWER = (Seen("answers.example", 99.0, TCP, (Purpose.VOICE,)),)
LONG_AGO = (Seen("answers.example", 98.0, TCP, (Purpose.VOICE,)),)
ITSELF = (Seen("a.example", 99.5, TCP, (Purpose.CONTROL, Purpose.VOICE)),)
BOTH = _said("voice", "control")
SPEECH = [
    pytest.param(BOTH, _at(ECHO), _context(), "control", id="the-channel-is-open-all-day"),
    pytest.param(_said("control", "voice"), _at(ECHO), _context(), "control", id="whichever-comes-first"),
    pytest.param(BOTH, _at(ECHO), _context(before=ANSWER), "voice", id="an-answer-was-asked-for"),
    pytest.param(BOTH, _at(ECHO), _context(before=LONG_AGO), "control", id="too-long-ago"),
    pytest.param(BOTH, _at(ECHO), _context(before=ITSELF), "control", id="it-is-no-witness-for-itself"),
    pytest.param(BOTH, _at(ECHO, UDP), _context(), "voice", id="datagrams"),
    pytest.param(_said("voice"), _at(ECHO), _context(), "voice", id="for-speech-alone"),
    pytest.param(_said("control"), _at(ECHO, UDP), _context(), "control", id="for-commands-alone"),
    pytest.param(BOTH, _at(LIGHT, UDP), _context(), "voice", id="no-speaker"),
]
PLACES = [
    pytest.param(_said("video"), _at(DOORBELL), _context(calls=7), "video", id="not-often"),
    pytest.param(_said("video"), _at(DOORBELL), _context(calls=8), "control", id="often"),
    pytest.param(_said("video"), _at(DOORBELL), _context("*.a.example", calls=99), "video", id="many-places"),
    pytest.param(_said("video"), _at(DOORBELL), _context(calls=3, beat_s=60.0), "control", id="on-a-beat"),
    pytest.param(_said("voice"), _at(ECHO), _context(calls=8), "control", id="often-for-speech"),
    pytest.param(_said("telemetry"), _at(DOORBELL), _context(calls=99, beat_s=60.0), "telemetry", id="no-media"),
]
RARE = {"device_calls": 40, "device_udp_calls": 5}
PEERS = {"device_calls": 90, "device_udp_calls": 80}
DATAGRAMS = [
    pytest.param(_said("unknown"), _at(DOORBELL, UDP), _context(**RARE), "video", id="the-exception"),
    pytest.param(_said("unknown"), _at(DOORBELL, UDP), _context("*.a.example", **RARE, calls=30), "video", id="many-places"),
    pytest.param(_said("unknown"), _at(DOORBELL, UDP), _context(**RARE, calls=8), "unknown", id="a-familiar-place"),
    pytest.param(_said("unknown"), _at(DOORBELL), _context(**RARE), "unknown", id="a-connection"),
    pytest.param(_said("unknown"), _at(DOORBELL, UDP), _context(**RARE, beat_s=25.0), "unknown", id="on-a-beat"),
    pytest.param(_said("unknown"), _at(LIGHT, UDP), _context(**RARE), "unknown", id="no-camera"),
    pytest.param(_said("control"), _at(DOORBELL, UDP), _context(**RARE), "control", id="a-name-that-speaks"),
    pytest.param(_said("unknown"), _at(DOORBELL, UDP), _context(device_calls=19), "unknown", id="not-known-yet"),
    pytest.param(_said("direct-address"), _at(DOORBELL, UDP), _context(**PEERS, calls=3), "video", id="a-peer"),
    pytest.param(_said("unknown"), _at(DOORBELL, UDP), _context(**PEERS, calls=4), "unknown", id="a-server"),
    pytest.param(_said("unknown"), _at(DOORBELL, UDP), _context("", **PEERS), "unknown", id="who-knows-where"),
    pytest.param(_said("unknown"), _at(DOORBELL, UDP), _context("*.a.example", **PEERS), "unknown", id="many-peers"),
]
MAIN = [
    pytest.param(_said("unknown"), _at(LIGHT), _context(calls=8, device_calls=20), "control", id="where-it-lives"),
    pytest.param(_said("direct-address"), _at(LIGHT), _context(calls=8, device_calls=20), "control", id="address"),
    pytest.param(_said("unknown"), _at(LIGHT), _context(calls=8, device_calls=21), "unknown", id="one-of-many"),
    pytest.param(_said("unknown"), _at(LIGHT), _context(calls=7, device_calls=8), "unknown", id="too-early"),
    pytest.param(_said("unknown"), _at(DOORBELL), _context(calls=8, device_calls=20), "unknown", id="a-camera"),
    pytest.param(_said("telemetry"), _at(LIGHT), _context(calls=8, device_calls=8), "telemetry", id="a-name-that-speaks"),
]


@pytest.mark.parametrize(("said", "evidence", "context", "wanted"), SPEECH + PLACES + DATAGRAMS + MAIN)
def test_moments(said: Assessment, evidence: Evidence, context: Context, wanted: str) -> None:
    found = judge_moment(said, evidence, context)
    assert found.purpose == wanted
    assert found.reasons[-1] == "its name"
    assert 0 < found.confidence <= 0.6
