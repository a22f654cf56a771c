"""What size and direction say: pictures and sound are large and go up, messages are small and go both ways."""

from dataclasses import replace

from ..model.assessment import Assessment, Evidence, Extent
from ..model.purpose import Purpose
from .context import Context
from .spoken import ACTUATORS, CAMERAS, SPEAKERS

BULK_BYTES = 60_000
"""Going up from a camera: below the budgets of 64 kB, so that a second look at a flow over its budget finds the pictures."""
STREAM_BYTES = 300_000
"""From here on it is a stream: of measured bursts, those with pictures are far above, all others far below."""
BULK_RATIO = 3
"""So many times more up than down: a download with its acknowledgements is no picture."""
SPEECH_BYTES = 16_000
"""Half a second of plain sound (16 bits at 16 kHz), four seconds of coded sound (32 kbit/s): a command takes that long."""
REST_BYTES, TALK_S = 8_000, 30.0
"""What belongs to a conversation that began not long ago may be shorter."""
MESSAGE_OUT_BYTES, MESSAGE_IN_BYTES = 4_000, 3_000
"""A command and a state, either way. More comes in where a TLS connection is set up: the certificates."""
SILENT = frozenset({Purpose.UNKNOWN, Purpose.DIRECT_ADDRESS})
"""What is said where nothing spoke."""
_CAN_HIDE_VIDEO = SILENT | {Purpose.CDN, Purpose.TIME}
_CAN_HIDE_SPEECH = SILENT | {Purpose.VOICE, Purpose.CONTROL}
_IS_SMALL = frozenset(
    {Purpose.CONTROL, Purpose.ACCOUNT, Purpose.TELEMETRY, Purpose.MOTION_EVENT, Purpose.CONNECTIVITY_CHECK, Purpose.UPDATE}
)
"""Messages: where the household said how much is too much for one (``Evidence.media_bytes``), more is taken for media."""
_MEDIUM_OF = {**dict.fromkeys(CAMERAS, Purpose.VIDEO), **dict.fromkeys(SPEAKERS, Purpose.VOICE)}
MEDIA = {Purpose.VIDEO: "pictures", Purpose.VOICE: "sound"}
"""What goes up for them."""


def has_medium(family: str) -> bool:
    """Whether what goes up from such a device may be pictures or sound: of all others, size says nothing while they speak."""
    return family in _MEDIUM_OF


def goes_up(sent: int, received: int) -> bool:
    """Whether it is mostly an upload."""
    return sent >= BULK_RATIO * received


def judge_volume(assessment: Assessment, evidence: Evidence) -> Assessment:
    """A camera that sends much where nothing much is expected sends pictures; a speaker, sound."""
    sent, medium = evidence.bytes_out, _MEDIUM_OF.get(evidence.family)
    if medium is None or not goes_up(sent, evidence.bytes_in) or not _is_much(assessment, evidence, medium):
        return assessment
    reason = f"{sent // 1000} kB went up from a {evidence.family}, most of the flow: {MEDIA[medium]}"
    confidence = 0.7 if sent >= STREAM_BYTES else 0.4
    return replace(assessment, purpose=medium, confidence=confidence, reasons=(reason, *assessment.reasons))


def _is_much(assessment: Assessment, evidence: Evidence, medium: Purpose) -> bool:
    """Where the names leave room for it, or by the household's word. Of what is over: a stream, whatever its name."""
    sent = evidence.bytes_out
    if assessment.purpose in _IS_SMALL and 0 < evidence.media_bytes < sent:
        return True
    if medium is not Purpose.VIDEO or assessment.purpose is medium:
        return False
    if sent >= STREAM_BYTES and evidence.extent is not Extent.SO_FAR:
        return True
    return sent >= BULK_BYTES and (assessment.purpose in _CAN_HIDE_VIDEO or medium in assessment.also)


def judge_burst(assessment: Assessment, evidence: Evidence, context: Context) -> Assessment:
    """A burst that is over. What is small in it stays small: no picture, no speech; of a switch, a state."""
    media = judge_volume(assessment, evidence)
    if media is not assessment:
        return media
    return (
        _judge_speech(assessment, evidence, context)
        or _judge_scrap(assessment, evidence)
        or _judge_message(assessment, evidence)
        or assessment
    )


def _judge_speech(assessment: Assessment, evidence: Evidence, context: Context) -> Assessment | None:
    """Sound goes up: by its length, or because it belongs to a conversation."""
    sent = evidence.bytes_out
    if evidence.family not in SPEAKERS or assessment.purpose not in _CAN_HIDE_SPEECH or 2 * sent < evidence.bytes_in:
        return None
    if sent >= SPEECH_BYTES:
        confidence = 0.9 if assessment.purpose is Purpose.VOICE else 0.6
        return revise(assessment, Purpose.VOICE, confidence, f"{sent // 1000} kB went up from a speaker: speech")
    talk = _talk(context)
    if sent < REST_BYTES or not talk:
        return None
    reason = f"{sent // 1000} kB went up {context.at - talk[0]:.0f} s after speech, on the same way"
    return revise(assessment, Purpose.VOICE, 0.6, reason)


def _talk(context: Context) -> list[float]:
    """When speech went the same way, latest first."""
    if not context.destination:
        return []
    spoken = context.within(TALK_S, Purpose.VOICE)
    return [one.at for one in spoken if one.destination == context.destination and one.purposes[0] is Purpose.VOICE]


def _judge_scrap(assessment: Assessment, evidence: Evidence) -> Assessment | None:
    """Ways for media are set up and kept open: what is so small does no more."""
    word = MEDIA.get(assessment.purpose)
    if word is None or evidence.bytes_out >= SPEECH_BYTES:
        return None
    reason = f"{evidence.bytes_out} bytes are no {word}: a command, a state, or a sign of life"
    return revise(assessment, Purpose.CONTROL, 0.5, reason)


def _judge_message(assessment: Assessment, evidence: Evidence) -> Assessment | None:
    """A light, plug or hub on a connection that it keeps."""
    if evidence.family not in ACTUATORS or assessment.purpose not in SILENT:
        return None
    if evidence.bytes_out >= MESSAGE_OUT_BYTES or evidence.bytes_in >= MESSAGE_IN_BYTES:
        return None
    size = f"{evidence.bytes_out} bytes up, {evidence.bytes_in} down"
    reason = f"{size}, no connection set up for it: what a {evidence.family} keeps open is for its commands"
    return revise(assessment, Purpose.CONTROL, 0.5, reason)


def revise(assessment: Assessment, purpose: Purpose, confidence: float, reason: str) -> Assessment:
    """Another purpose, for a reason that comes first; what it was taken for stays told."""
    before = () if assessment.purpose is Purpose.UNKNOWN else (assessment.purpose,)
    also = tuple(dict.fromkeys(one for one in (*before, *assessment.also) if one is not purpose))
    reasons = (reason, *assessment.reasons)
    return replace(assessment, purpose=purpose, also=also, confidence=confidence, reasons=reasons)
