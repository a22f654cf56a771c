import math
import select
import time
from collections.abc import Iterator

import pytest

from gateway.edge.timer import Timer


@pytest.fixture
def timer() -> Iterator[Timer]:
    timer = Timer()
    yield timer
    timer.close()


def rings(timer: Timer, *, within_s: float) -> bool:
    return bool(select.select([timer], [], [], within_s)[0])


def test_it_rings_when_its_time_has_come_and_not_before(timer: Timer) -> None:
    at = time.monotonic() + 0.05
    timer.set(at)
    assert rings(timer, within_s=5.0) and time.monotonic() >= at


def test_a_time_that_is_past_rings_at_once(timer: Timer) -> None:
    timer.set(time.monotonic() - 5.0)
    assert rings(timer, within_s=1.0)
    timer.stop_ringing()
    timer.set(0.0)
    assert rings(timer, within_s=1.0)


def test_it_can_be_set_anew_and_called_off(timer: Timer) -> None:
    timer.set(time.monotonic() + 100.0)
    timer.set(time.monotonic() + 0.01)
    timer.set(math.inf)
    assert not rings(timer, within_s=0.05)


def test_it_rings_once(timer: Timer) -> None:
    at = time.monotonic()
    timer.set(at)
    assert rings(timer, within_s=1.0)
    timer.stop_ringing()
    timer.stop_ringing()
    assert not rings(timer, within_s=0.02)
    timer.set(at)
    assert rings(timer, within_s=1.0)
