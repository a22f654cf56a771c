"""Who began it, when a camera wants to send."""

from dataclasses import replace

import pytest

from gateway.engine.flow import Flow
from gateway.engine.want import COUNTED_WITHIN_S, MAX_WANTS, PAUSE_S, WANT_S, Want, Wants
from gateway.model.device import Device, Mac
from gateway.model.event import Now
from gateway.model.packet import TCP, UDP, FlowKey
from gateway.model.purpose import Purpose
from gateway.purpose import Beginner, Context, Seen
from tests.support.home import BELL, HOME, policy
from tests.support.packets import CLOUD

CAMERA = policy().devices[BELL].device
COMMAND, REPORT, PICTURES = (Purpose.CONTROL,), (Purpose.CONTROL, Purpose.MOTION_EVENT), (Purpose.VIDEO,)
VIEWER, DEVICE, NOBODY = Beginner.VIEWER, Beginner.DEVICE, Beginner.NOBODY
Past = list[tuple[float, tuple[Purpose, ...]]]


def flow(device: Device = CAMERA, *, passed: bool = False) -> Flow:
    one = Flow(flow_id=1, key=FlowKey(UDP, HOME, 1, CLOUD, 9), device=device, number=1, wall=0.0, mono=100.0)
    one.passed = passed
    return one


def wants(past: Past = []) -> Wants:  # noqa: B006
    """``past``: when what was heard."""

    def until(_flow: Flow, at: float) -> Context:
        known = [Seen(f"{'-'.join(purposes)}.example", when, TCP, purposes) for when, purposes in past if at - 30 <= when <= at]
        return Context(at=at, before=tuple(sorted(known, key=lambda seen: -seen.at)))

    return Wants(until)


def now(mono: float) -> Now:
    return Now(mono, mono)


def only(found: Wants) -> Want:
    ((_, want),) = found
    return want


STORIES = [
    pytest.param([], NOBODY, id="nothing"),
    pytest.param([(99.0, COMMAND)], VIEWER, id="command"),
    pytest.param([(96.0, COMMAND)], NOBODY, id="command too early"),
    pytest.param([(100.8, COMMAND)], VIEWER, id="command that the counters tell late"),
    pytest.param([(101.6, COMMAND)], NOBODY, id="command too late"),
    pytest.param([(98.5, REPORT)], DEVICE, id="report"),
    pytest.param([(98.5, REPORT), (99.5, COMMAND)], DEVICE, id="report, command"),
    pytest.param([(99.0, COMMAND), (99.5, REPORT)], DEVICE, id="command, report: it stays closed in doubt"),
    pytest.param([(99.0, COMMAND), (100.5, REPORT)], DEVICE, id="command, report that is told late"),
    pytest.param([(91.0, REPORT), (99.0, COMMAND)], DEVICE, id="a report a few seconds ago"),
    pytest.param([(85.0, REPORT), (99.0, COMMAND)], VIEWER, id="a report a while ago"),
    pytest.param([(99.0, PICTURES)], NOBODY, id="its own pictures"),
]


@pytest.mark.parametrize(("past", "wanted"), STORIES)
def test_story(past: Past, wanted: Beginner) -> None:
    found = wants(past)
    found.note(flow(), now(100.0))
    found.walked(now(101.0))
    assert found.story(only(found), now(102.0)).by is wanted


def test_the_counters_are_waited_for() -> None:
    found = wants([(99.0, COMMAND)])
    found.walked(now(99.9))
    found.note(flow(), now(100.0))
    assert found.story(only(found), now(100.2)).by is NOBODY
    found.walked(now(100.9))
    assert found.story(only(found), now(101.0)).by is VIEWER


def test_but_not_for_ever() -> None:
    found = wants([(99.0, COMMAND)])
    found.note(flow(), now(100.0))
    assert found.story(only(found), now(100.0 + COUNTED_WITHIN_S - 0.1)).by is NOBODY
    assert found.story(only(found), now(100.0 + COUNTED_WITHIN_S)).by is VIEWER


def test_a_story_is_told_once() -> None:
    past: Past = []
    found = wants(past)
    found.note(flow(), now(100.0))
    found.walked(now(101.0))
    assert found.story(only(found), now(101.0)).by is NOBODY
    past.append((104.0, COMMAND))
    found.note(flow(), now(105.0))
    assert found.story(only(found), now(106.0)).by is NOBODY, "tries that go on are the same story"
    found.note(flow(), now(105.0 + PAUSE_S))
    assert found.story(only(found), now(116.0)).by is NOBODY
    past.append((129.0, COMMAND))
    found.note(flow(), now(130.0))
    found.walked(now(131.0))
    assert found.story(only(found), now(131.0)).by is VIEWER, "after a pause it is another one"


def test_who_goes_on_with_what_passed_wants_nothing_new() -> None:
    found = wants()
    found.note(flow(passed=True), now(100.0))
    assert list(found) == []


def test_a_want_ends() -> None:
    found = wants()
    found.note(flow(), now(100.0))
    found.tick(now(100.0 + WANT_S))
    assert only(found).last == 100.0
    found.tick(now(100.1 + WANT_S))
    assert list(found) == []
    found.note(flow(), now(200.0))
    found.forget(BELL)
    assert list(found) == []


def test_bound() -> None:
    found = wants()
    for number in range(MAX_WANTS + 5):
        device = replace(CAMERA, mac=Mac(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"))
        found.note(flow(device), now(100.0))
    assert len(list(found)) == MAX_WANTS
