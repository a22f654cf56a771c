"""Beats: whose they are, and that they say nothing where a name speaks."""

from typing import Any

import pytest

from gateway.model.assessment import Assessment, Extent
from gateway.model.purpose import Purpose
from gateway.purpose.cadence import BEATS, judge_beat
from gateway.purpose.context import Context
from tests.support.evidence import DOORBELL, ECHO, LIGHT, make_evidence

SILENT = Assessment(purpose=Purpose.UNKNOWN, confidence=0.2, reasons=("nobody knows the name",))
OTHER_SPEAKER: dict[str, Any] = {"profile": "speaker", "vendor": "google", "family": "speaker"}
CASES = [
    pytest.param(ECHO, 91, "control", id="message-channel"),
    pytest.param(ECHO, 300, "connectivity-check", id="check"),
    pytest.param(ECHO, 2_460, "telemetry", id="metrics"),
    pytest.param(ECHO, 180_000, "update", id="firmware"),
    pytest.param(ECHO, 3_600, "unknown", id="the-hour-is-everybodys"),
    pytest.param(OTHER_SPEAKER, 300, "unknown", id="another-maker"),
    pytest.param(DOORBELL, 300, "control", id="socket"),
    pytest.param(DOORBELL, 60, "unknown", id="a-camera-has-many-beats"),
    pytest.param({**DOORBELL, "family": "chime"}, 31, "control", id="chime"),
    pytest.param(LIGHT, 30, "control", id="light"),
    pytest.param(LIGHT, 120, "control", id="slow-light"),
    pytest.param(LIGHT, 3_600, "unknown", id="not-a-sign-of-life"),
    pytest.param(LIGHT, 0, "unknown", id="no-beat"),
]


@pytest.mark.parametrize(("device", "beat_s", "wanted"), CASES)
def test_beats(device: dict[str, Any], beat_s: float, wanted: str) -> None:
    found = judge_beat(SILENT, make_evidence(**device, extent=Extent.BURST), Context(beat_s=beat_s))
    assert found.purpose == wanted
    assert found.reasons[-1] == "nobody knows the name"


def test_a_name_that_speaks_is_heard() -> None:
    named = Assessment(purpose=Purpose.ACCOUNT, confidence=0.5, reasons=("its name",))
    assert judge_beat(named, make_evidence(**LIGHT), Context(beat_s=60.0)) is named


@pytest.mark.parametrize("beat", BEATS, ids=lambda beat: beat.what)
def test_a_beat_says_what_and_whose(beat: Any) -> None:
    assert 0 < beat.low_s < beat.high_s
    assert 0 < beat.confidence <= 0.5
    assert beat.what and beat.families
