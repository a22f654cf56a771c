"""The order in which evidence counts."""

from dataclasses import replace

from ..model.assessment import Assessment, Catalogue, Evidence
from ..model.name import Name
from ..model.purpose import Purpose
from .named import COVERED, Named, judge_names
from .spoken import (
    CAMERAS,
    MEDIA,
    judge_alpn,
    judge_clock,
    judge_inside,
    judge_port,
    judge_protocol,
    judge_resolver,
)

BULK_BYTES = 60_000
"""Going up from a camera: below the budgets of 64 kB, so that a second look at a flow over its budget finds the pictures."""
STREAM_BYTES = 300_000
"""From here on it is a stream: of measured bursts, those with pictures are far above, all others far below."""
BULK_RATIO = 4
"""So many times more up than down: a download with its acknowledgements is no picture."""
_CAN_HIDE_VIDEO = frozenset({Purpose.UNKNOWN, Purpose.DIRECT_ADDRESS, Purpose.CDN, Purpose.TIME})
_IS_SMALL = frozenset(
    {Purpose.CONTROL, Purpose.ACCOUNT, Purpose.TELEMETRY, Purpose.MOTION_EVENT, Purpose.CONNECTIVITY_CHECK, Purpose.UPDATE}
)
"""Messages: where the household said how much is too much for one (``Evidence.media_bytes``), more is taken for media."""
_MEDIA_OF = {**dict.fromkeys(CAMERAS, (Purpose.VIDEO, "pictures")), "speaker": (Purpose.VOICE, "sound")}


def classify(catalogue: Catalogue, evidence: Evidence) -> Assessment:
    """What a flow is for. Never fails: where nothing speaks, it is ``unknown``, or ``direct-address`` without a name."""
    plain = (
        judge_inside(evidence)  # First: nothing that stays in the home escapes from it.
        or judge_resolver(evidence)  # Before names: port 53 and 853 are DNS whatever the far end is called.
        or judge_clock(catalogue, evidence)  # Before names: clocks are found through pools with anybody's name.
    )
    if plain is None:
        assessment = _judge_outside(catalogue, evidence)
    else:  # The name decided nothing, but exceptions and people ask for it.
        assessment = replace(plain, name=evidence.names[0]) if evidence.names else plain
    least = min(BULK_BYTES, evidence.media_bytes or BULK_BYTES)
    return _judge_volume(assessment, evidence) if evidence.bytes_out >= least else assessment


def _judge_outside(catalogue: Catalogue, evidence: Evidence) -> Assessment:
    """By its names; else by what it speaks, offers, or where it knocks; else by what is missing."""
    named = judge_names(catalogue, evidence)
    if named.assessment is not None:
        return named.assessment
    name = evidence.names[0] if evidence.names else None
    found = (
        judge_protocol(catalogue, evidence, evidence.facts.app_proto)
        or judge_alpn(catalogue, evidence)
        or judge_port(catalogue, evidence)
    )
    if found is None:
        return _judge_silence(evidence, name, named)
    confidence = found.confidence * (COVERED if name is not None and evidence.facts.ech else 1.0)
    also = tuple(dict.fromkeys((*found.also, *(purpose for purpose in named.also if purpose is not found.purpose))))
    reasons = found.reasons if name is None else (*found.reasons, named.remark)
    return replace(found, name=name, also=also, confidence=confidence, reasons=reasons)


def _judge_silence(evidence: Evidence, name: Name | None, named: Named) -> Assessment:
    """Nothing speaks: a name that says nothing of this device, or no name at all."""
    app = evidence.facts.app_proto
    remark = (f"{app} of a {evidence.family or 'device'} that is not known for calls or pictures",) if app in MEDIA else ()
    if name is not None:
        reasons = (named.remark, *remark)
        return Assessment(purpose=Purpose.UNKNOWN, also=named.also, confidence=0.2, reasons=reasons, name=name)
    reasons = ("no name: neither in the flow nor from DNS", *remark)
    return Assessment(purpose=Purpose.DIRECT_ADDRESS, confidence=0.6, reasons=reasons)


def _judge_volume(assessment: Assessment, evidence: Evidence) -> Assessment:
    """A camera that sends much where nothing much is expected sends pictures; a speaker, sound."""
    sent = evidence.bytes_out
    if evidence.family not in _MEDIA_OF or sent < BULK_RATIO * evidence.bytes_in:
        return assessment
    medium, word = _MEDIA_OF[evidence.family]
    hidden = assessment.purpose in _CAN_HIDE_VIDEO and medium is Purpose.VIDEO and sent >= BULK_BYTES
    too_much = assessment.purpose in _IS_SMALL and 0 < evidence.media_bytes < sent
    if not hidden and not too_much:
        return assessment
    reason = f"{sent // 1000} kB went up from a {evidence.family}, most of the flow: {word}"
    confidence = 0.7 if sent >= STREAM_BYTES else 0.4
    return replace(assessment, purpose=medium, confidence=confidence, reasons=(reason, *assessment.reasons))
