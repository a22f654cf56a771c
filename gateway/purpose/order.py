"""Which flow went first: before pictures comes a viewer's command, or the device's own report, and they tell two stories."""

from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from ..model.assessment import Assessment
from ..model.purpose import Purpose
from .context import Context, Seen

COMMAND_S = 3.0
"""Pictures follow a command, or a report, so soon: 0.3 to 2.7 s were measured between them."""
WORTH, MOST = 0.1, 0.95
"""What a fitting beginning adds to the confidence in pictures, and where that ends."""


class Beginner(StrEnum):
    """Who began a stream."""

    VIEWER = "viewer"
    DEVICE = "device"
    NOBODY = ""
    """Nothing tells."""


class Beginning(NamedTuple):
    """Who began, and how that is known."""

    by: Beginner
    reason: str = ""


def judge_order(assessment: Assessment, context: Context) -> Assessment:
    """Pictures: who began. It makes them more certain, and never makes pictures of anything else."""
    if assessment.purpose is not Purpose.VIDEO:
        return assessment
    reason = who_began(context).reason
    if not reason:
        return assessment
    confidence = min(MOST, assessment.confidence + WORTH)
    return replace(assessment, confidence=max(assessment.confidence, confidence), reasons=(*assessment.reasons, reason))


def who_began(context: Context) -> Beginning:
    """The earlier of the two decides; where a name serves commands and reports, it reports."""
    report, command = _first(context, Purpose.MOTION_EVENT), _first(context, Purpose.CONTROL)
    if report is not None and (command is None or report.at <= command.at):
        reason = f"{_place(report)} heard of it {context.at - report.at:.1f} s before: the device began"
        return Beginning(Beginner.DEVICE, reason)
    if command is not None:
        reason = f"{_place(command)} was heard {context.at - command.at:.1f} s before: a viewer may have begun"
        return Beginning(Beginner.VIEWER, reason)
    return Beginning(Beginner.NOBODY)


def _first(context: Context, purpose: Purpose) -> Seen | None:
    seen = context.within(COMMAND_S, purpose)
    return seen[-1] if seen else None


def _place(seen: Seen) -> str:
    return seen.destination or "a place without a name"
