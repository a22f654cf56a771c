"""The lanes by turns."""

from typing import Any

import pytest

from gateway.bench.plan import FULL, QUICK, turns
from gateway.bench.row import OURS, PLAIN, SURICATA
from gateway.lab.namespace import LabError

LANES: Any = {PLAIN: PLAIN, OURS: OURS, SURICATA: SURICATA}


def test_every_second_turn_is_in_reverse() -> None:
    seen: list[Any] = []
    found = turns(3, LANES, lambda lane: seen.append(lane))
    assert seen == [PLAIN, OURS, SURICATA, SURICATA, OURS, PLAIN, PLAIN, OURS, SURICATA]
    assert [set(turn) for turn in found] == [set(LANES)] * 3


@pytest.mark.parametrize("failing", [PLAIN, OURS])
def test_both_lanes_that_are_compared_must_stand(failing: str) -> None:
    def work(lane: Any) -> None:
        if lane == failing:
            raise LabError("it fell")

    with pytest.raises(LabError, match="it fell"):
        turns(3, LANES, work)


def test_a_lane_beside_them_may_fail() -> None:
    tries: list[Any] = []

    def work(lane: Any) -> str:
        tries.append(lane)
        if lane == SURICATA and tries.count(SURICATA) == 2:
            raise LabError("it fell")
        return str(lane)

    assert turns(3, LANES, work) == [{PLAIN: PLAIN, OURS: OURS}] * 3
    assert tries.count(SURICATA) == 2


def test_the_full_run_takes_more_of_everything() -> None:
    for name in FULL.__slots__:
        assert getattr(FULL, name) >= getattr(QUICK, name), name
