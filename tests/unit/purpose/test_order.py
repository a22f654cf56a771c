"""Who began: a viewer, or the device."""

import pytest

from gateway.model.assessment import Assessment
from gateway.model.packet import TCP
from gateway.model.purpose import Purpose
from gateway.purpose.context import NOTHING_BEFORE, Context, Seen
from gateway.purpose.order import MOST, Beginner, judge_order, who_began

PICTURES = Assessment(purpose=Purpose.VIDEO, confidence=0.5, reasons=("its size",))
COMMAND, REPORT = (Purpose.CONTROL,), (Purpose.CONTROL, Purpose.MOTION_EVENT)
VIEWER, DEVICE = "a viewer may have begun", "the device began"
ORDERS = [
    pytest.param([("socket.example", 99.5, COMMAND)], f"socket.example was heard 0.5 s before: {VIEWER}", id="command"),
    pytest.param([("report.example", 98.1, REPORT)], f"report.example heard of it 1.9 s before: {DEVICE}", id="report"),
    pytest.param(
        [("socket.example", 99.5, COMMAND), ("report.example", 98.1, REPORT)],
        f"report.example heard of it 1.9 s before: {DEVICE}",
        id="report-then-command",
    ),
    pytest.param(
        [("report.example", 99.5, REPORT), ("socket.example", 98.0, COMMAND)],
        f"socket.example was heard 2.0 s before: {VIEWER}",
        id="command-then-report",
    ),
    pytest.param([("", 99.5, COMMAND)], f"a place without a name was heard 0.5 s before: {VIEWER}", id="no-name"),
]


def _context(before: list[tuple[str, float, tuple[Purpose, ...]]]) -> Context:
    return Context(at=100.0, before=tuple(Seen(place, at, TCP, purposes) for place, at, purposes in before))


@pytest.mark.parametrize(("before", "reason"), ORDERS)
def test_order(before: list[tuple[str, float, tuple[Purpose, ...]]], reason: str) -> None:
    found = judge_order(PICTURES, _context(before))
    assert found.reasons == ("its size", reason)
    assert who_began(_context(before)) == (Beginner.VIEWER if VIEWER in reason else Beginner.DEVICE, reason)
    assert found.confidence == pytest.approx(0.6)


@pytest.mark.parametrize(
    "context",
    [NOTHING_BEFORE, _context([("socket.example", 96.9, COMMAND)]), _context([("x.example", 99.9, (Purpose.TELEMETRY,))])],
    ids=["nothing", "too-early", "something-else"],
)
def test_nobody_knows(context: Context) -> None:
    assert judge_order(PICTURES, context) is PICTURES
    assert who_began(context) == (Beginner.NOBODY, "")


def test_it_makes_no_pictures() -> None:
    metrics = Assessment(purpose=Purpose.TELEMETRY, confidence=0.5, reasons=("its name",))
    assert judge_order(metrics, _context([("socket.example", 99.5, COMMAND)])) is metrics


@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_certainty_has_an_end(confidence: float) -> None:
    sure = Assessment(purpose=Purpose.VIDEO, confidence=confidence, reasons=("its name",))
    assert judge_order(sure, _context([("socket.example", 99.5, COMMAND)])).confidence == max(MOST, confidence)
