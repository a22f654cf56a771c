"""What the beat says on which a place is called, where its name is silent. Events have none."""

from typing import NamedTuple

from ..model.assessment import Assessment, Evidence
from ..model.purpose import Purpose
from .context import Context
from .spoken import ACTUATORS
from .volume import SILENT, revise

ANYBODY = ""


class Beat(NamedTuple):
    """Whose, how long, and what is called so."""

    vendor: str
    families: frozenset[str]
    low_s: float
    high_s: float
    purpose: Purpose
    confidence: float
    what: str


_ECHO, _RING = frozenset({"speaker"}), frozenset({"doorbell", "camera"})
BEATS = (
    Beat("amazon", _ECHO, 89, 93, Purpose.CONTROL, 0.5, "the message channel of Echos, 91 s on six of six"),
    Beat("amazon", _ECHO, 289, 311, Purpose.CONNECTIVITY_CHECK, 0.4, "the checks of Echos, most of what they call so"),
    Beat("amazon", _ECHO, 2_410, 2_510, Purpose.TELEMETRY, 0.3, "the metrics of newer Echos, 2,460 s"),
    Beat("amazon", _ECHO, 176_400, 183_600, Purpose.UPDATE, 0.4, "the firmware check of newer Echos, 50 h"),
    Beat("ring", _RING, 294, 306, Purpose.CONTROL, 0.4, "the socket of doorbells, 300 s"),
    Beat("ring", frozenset({"chime"}), 30, 32, Purpose.CONTROL, 0.4, "the socket of chimes, 31 s"),
    Beat(ANYBODY, ACTUATORS, 10, 125, Purpose.CONTROL, 0.4, "the sign of life on a channel for commands"),
)
"""Measured on idle devices (BehavIoT, IMC 2023). The first that fits counts. Address translators forget what is silent for some
minutes: a channel that has to stay open beats faster than that."""


def judge_beat(assessment: Assessment, evidence: Evidence, context: Context) -> Assessment:
    """The purpose of a beat that is known of such devices."""
    if assessment.purpose not in SILENT or not context.beat_s:
        return assessment
    for beat in BEATS:
        if _fits(beat, evidence, context.beat_s):
            return revise(assessment, beat.purpose, beat.confidence, f"called every {context.beat_s:.0f} s: {beat.what}")
    return assessment


def _fits(beat: Beat, evidence: Evidence, beat_s: float) -> bool:
    ours = beat.vendor in (ANYBODY, evidence.vendor) and evidence.family in beat.families
    return ours and beat.low_s <= beat_s <= beat.high_s
