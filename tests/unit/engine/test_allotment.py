"""What a device may open by itself has an end."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.allotment import HOUR_S, MAX_DEVICES, MAX_SPANS, Allotments, Bound
from gateway.model.device import Mac

CAMERA, OTHER = Mac("02:00:00:00:00:01"), Mac("02:00:00:00:00:02")
BOUND = Bound(openings=3, seconds=100.0)


def opened(*spans: tuple[float, float], by: str = "evidence") -> Allotments:
    allotments = Allotments()
    for since, until in spans:
        allotments.begin(CAMERA, by, at=since)
        allotments.go_on(CAMERA, at=until)
    return allotments


CASES = [
    pytest.param((), 0.0, 100.0, id="nothing yet"),
    pytest.param(((0, 30),), 40.0, 70.0, id="once"),
    pytest.param(((0, 30), (40, 70)), 70.0, 40.0, id="twice"),
    pytest.param(((0, 1), (2, 3), (4, 5)), 6.0, 0.0, id="too often"),
    pytest.param(((0, 100),), 200.0, 0.0, id="too long"),
    pytest.param(((0, 120),), 200.0, 0.0, id="a little longer"),
    pytest.param(((0, 1), (2, 3), (4, 50)), HOUR_S + 3.0, 54.0, id="two of three are an hour ago"),
    pytest.param(((0, 100),), HOUR_S + 60.0, 60.0, id="an hour later it comes back second by second"),
    pytest.param(((0, 100),), HOUR_S + 101.0, 100.0, id="an hour later"),
]


@pytest.mark.parametrize(("spans", "at", "left"), CASES)
def test_what_is_left(spans: tuple[tuple[float, float], ...], at: float, left: float) -> None:
    allotments = opened(*spans)
    assert allotments.left_s(CAMERA, "evidence", BOUND, at=at) == pytest.approx(left)
    assert allotments.left_s(CAMERA, "bell", BOUND, at=at) == BOUND.seconds, "each sign has its own"
    assert allotments.left_s(OTHER, "evidence", BOUND, at=at) == BOUND.seconds, "and each device"
    again = Allotments()
    again.restore(json.loads(json.dumps(allotments.dump(at=at))), at=at)
    assert again.left_s(CAMERA, "evidence", BOUND, at=at) == pytest.approx(left), "a restart forgives nothing"


def test_what_is_open_already_goes_on_to_its_end() -> None:
    allotments = opened((0, 10), (20, 30), (40, 50))
    assert allotments.left_s(CAMERA, "evidence", BOUND, at=50.0) == 0.0
    assert allotments.rest_s(CAMERA, "evidence", BOUND, at=50.0) == 70.0


def test_what_was_never_opened_does_not_go_on() -> None:
    allotments = Allotments()
    allotments.go_on(CAMERA, at=5.0)
    assert allotments.dump(at=5.0) == []


@pytest.mark.parametrize(("later", "left"), [(10.0, 80.0), (-500.0, 80.0)], ids=["the same boot", "another boot"])
def test_restart_on_another_clock(later: float, left: float) -> None:
    dumped, again = opened((0, 20)).dump(at=1_000.0), Allotments()
    again.restore(dumped, at=1_000.0 + later)
    assert again.left_s(CAMERA, "evidence", BOUND, at=1_000.0 + later) == left


def test_bounds() -> None:
    allotments = Allotments()
    for number in range(MAX_DEVICES + 10):
        for turn in range(MAX_SPANS + 3):
            allotments.begin(Mac(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"), "bell", at=float(turn))
    dumped = allotments.dump(at=0.0)
    assert len({row[0] for row in dumped}) == MAX_DEVICES
    assert len(dumped) == MAX_DEVICES * MAX_SPANS


@given(st.lists(st.tuples(st.floats(0, 120), st.floats(0, 400)), max_size=60))
def test_nobody_gets_more_than_that_in_any_hour(tries: list[tuple[float, float]]) -> None:
    """Whatever is tried: opened as long as it may be, as often as it may be."""
    allotments, now, spans = Allotments(), 0.0, []
    for pause, wish in tries:
        now += pause
        left = allotments.left_s(CAMERA, "evidence", BOUND, at=now)
        if left > 0:
            allotments.begin(CAMERA, "evidence", at=now)
            until = now + min(wish, left)
            allotments.go_on(CAMERA, at=until)
            spans.append((now, until))
            now = until
    for end in (until for _, until in spans):
        within = [(max(since, end - HOUR_S), min(until, end)) for since, until in spans if end - HOUR_S < until and since < end]
        assert sum(until - since for since, until in within) <= BOUND.seconds + 1e-6
        assert sum(since > end - HOUR_S for since, _ in within) <= BOUND.openings
