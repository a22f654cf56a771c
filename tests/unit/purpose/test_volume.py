"""Size and direction: what is large and goes up, what is over and was small."""

from typing import Any

import pytest

from gateway.model.assessment import Assessment, Evidence, Extent
from gateway.model.purpose import Purpose
from gateway.purpose.context import NOTHING_BEFORE, Context, Seen
from gateway.purpose.volume import (
    BULK_BYTES,
    MESSAGE_IN_BYTES,
    MESSAGE_OUT_BYTES,
    REST_BYTES,
    SPEECH_BYTES,
    STREAM_BYTES,
    judge_burst,
    judge_volume,
    revise,
)
from tests.support.evidence import DOORBELL, ECHO, LIGHT, make_evidence

CAMERA: dict[str, Any] = {"profile": "camera", "vendor": "", "family": "camera"}


def _said(purpose: str, *also: str) -> Assessment:
    return Assessment(purpose=Purpose(purpose), also=tuple(map(Purpose, also)), confidence=0.3, reasons=("its name",))


def _sent(bytes_out: int, bytes_in: int = 0, **more: Any) -> Evidence:
    return make_evidence(bytes_out=bytes_out, bytes_in=bytes_in, **more)


LIVE = [
    pytest.param(_said("direct-address"), _sent(BULK_BYTES, 900, **DOORBELL), "video", 0.4, id="without-a-name"),
    pytest.param(_said("direct-address"), _sent(STREAM_BYTES, 900, **DOORBELL), "video", 0.7, id="a-stream"),
    pytest.param(_said("unknown"), _sent(BULK_BYTES, **DOORBELL), "video", 0.4, id="name-that-nobody-knows"),
    pytest.param(_said("cdn"), _sent(BULK_BYTES, **DOORBELL), "video", 0.4, id="to-a-cdn"),
    pytest.param(_said("time"), _sent(BULK_BYTES, **DOORBELL), "video", 0.4, id="as-a-clock"),
    pytest.param(_said("control", "video"), _sent(BULK_BYTES, **DOORBELL), "video", 0.4, id="a-name-for-both"),
    pytest.param(_said("unknown"), _sent(BULK_BYTES - 1, **DOORBELL), "unknown", 0.3, id="too-little"),
    pytest.param(_said("unknown"), _sent(BULK_BYTES, BULK_BYTES // 3, **DOORBELL), "video", 0.4, id="thrice-as-much-up"),
    pytest.param(_said("unknown"), _sent(BULK_BYTES, BULK_BYTES // 2, **DOORBELL), "unknown", 0.3, id="both-ways"),
    pytest.param(_said("unknown"), _sent(STREAM_BYTES, **LIGHT), "unknown", 0.3, id="no-camera"),
    pytest.param(_said("telemetry"), _sent(STREAM_BYTES, **DOORBELL), "telemetry", 0.3, id="known-name"),
    pytest.param(_said("telemetry"), _sent(20_000, media_bytes=16_000, **DOORBELL), "video", 0.4, id="by-the-household"),
    pytest.param(_said("telemetry"), _sent(16_000, media_bytes=16_000, **DOORBELL), "telemetry", 0.3, id="within-its-word"),
    pytest.param(_said("control"), _sent(20_000, media_bytes=16_000, **ECHO), "voice", 0.4, id="sound-by-the-household"),
    pytest.param(_said("unknown"), _sent(STREAM_BYTES, **ECHO), "unknown", 0.3, id="a-speaker-shows-nothing"),
    pytest.param(_said("local"), _sent(STREAM_BYTES, **DOORBELL), "local", 0.3, id="inside"),
]


@pytest.mark.parametrize(("said", "evidence", "purpose", "confidence"), LIVE)
def test_a_flow_so_far(said: Assessment, evidence: Evidence, purpose: str, confidence: float) -> None:
    found = judge_volume(said, evidence)
    assert (found.purpose, found.confidence) == (purpose, confidence)


def test_volume_keeps_the_reasons() -> None:
    found = judge_volume(_said("unknown"), _sent(400_000, **DOORBELL))
    assert found.reasons == ("400 kB went up from a doorbell, most of the flow: pictures", "its name")


TALKED = (Seen("voice.example", 80.0, 6, (Purpose.VOICE,)),)
NEVER = (Seen("voice.example", 80.0, 6, (Purpose.CONTROL, Purpose.VOICE)),)
BURSTS = [
    pytest.param(_said("telemetry"), _sent(STREAM_BYTES, **CAMERA), (), "video", id="a-stream-whatever-its-name"),
    pytest.param(_said("telemetry"), _sent(STREAM_BYTES - 1, **CAMERA), (), "telemetry", id="less-than-a-stream"),
    pytest.param(_said("video"), _sent(STREAM_BYTES, **CAMERA), (), "video", id="pictures-by-name"),
    pytest.param(_said("voice"), _sent(SPEECH_BYTES, **ECHO), (), "voice", id="speech"),
    pytest.param(_said("control"), _sent(SPEECH_BYTES, **ECHO), (), "voice", id="speech-on-a-channel-for-commands"),
    pytest.param(_said("unknown"), _sent(SPEECH_BYTES, **ECHO), (), "voice", id="speech-without-a-name"),
    pytest.param(_said("telemetry"), _sent(90_000, **ECHO), (), "telemetry", id="metrics-are-no-speech"),
    pytest.param(_said("control"), _sent(SPEECH_BYTES, 33_000, **ECHO), (), "control", id="a-download-is-no-speech"),
    pytest.param(_said("control"), _sent(SPEECH_BYTES, **CAMERA), (), "control", id="only-speakers-speak"),
    pytest.param(_said("voice"), _sent(SPEECH_BYTES - 1, **ECHO), (), "control", id="too-short-for-speech"),
    pytest.param(_said("voice"), _sent(REST_BYTES, **ECHO), TALKED, "voice", id="the-rest-of-a-conversation"),
    pytest.param(_said("voice"), _sent(REST_BYTES - 1, **ECHO), TALKED, "control", id="not-even-that"),
    pytest.param(_said("voice"), _sent(REST_BYTES, **ECHO), NEVER, "control", id="nobody-spoke"),
    pytest.param(_said("video"), _sent(SPEECH_BYTES - 1, **CAMERA), (), "control", id="too-little-for-pictures"),
    pytest.param(_said("video"), _sent(SPEECH_BYTES, **CAMERA), (), "video", id="may-be-a-picture"),
    pytest.param(_said("unknown"), _sent(MESSAGE_OUT_BYTES - 1, MESSAGE_IN_BYTES - 1, **LIGHT), (), "control", id="message"),
    pytest.param(_said("direct-address"), _sent(300, 300, **LIGHT), (), "control", id="message-to-an-address"),
    pytest.param(_said("unknown"), _sent(MESSAGE_OUT_BYTES, 0, **LIGHT), (), "unknown", id="more-than-a-message"),
    pytest.param(_said("unknown"), _sent(900, MESSAGE_IN_BYTES, **LIGHT), (), "unknown", id="certificates-came"),
    pytest.param(_said("unknown"), _sent(300, 300, **CAMERA), (), "unknown", id="a-camera-says-much"),
    pytest.param(_said("telemetry"), _sent(300, 300, **LIGHT), (), "telemetry", id="known-name"),
]


@pytest.mark.parametrize(("said", "evidence", "before", "wanted"), BURSTS)
def test_a_burst_that_is_over(said: Assessment, evidence: Evidence, before: tuple[Seen, ...], wanted: str) -> None:
    over = evidence._replace(extent=Extent.BURST)
    found = judge_burst(said, over, Context(destination="voice.example", at=100.0, before=before))
    assert found.purpose == wanted
    assert found.reasons[-1] == "its name"


def test_a_conversation_needs_a_place() -> None:
    context = Context(at=100.0, before=(Seen("", 80.0, 6, (Purpose.VOICE,)),))
    assert judge_burst(_said("voice"), _sent(REST_BYTES, extent=Extent.BURST, **ECHO), context).purpose == Purpose.CONTROL


def test_a_name_for_speech_makes_speech_more_certain() -> None:
    evidence = _sent(SPEECH_BYTES, extent=Extent.BURST, **ECHO)
    named, other = (judge_burst(_said(name), evidence, NOTHING_BEFORE).confidence for name in ("voice", "control"))
    assert named > other


def test_what_it_was_taken_for_stays_told() -> None:
    found = revise(_said("voice", "control"), Purpose.CONTROL, 0.5, "small")
    assert (found.purpose, found.also, found.reasons) == (Purpose.CONTROL, (Purpose.VOICE,), ("small", "its name"))
    assert revise(_said("unknown"), Purpose.VIDEO, 0.5, "large").also == ()
