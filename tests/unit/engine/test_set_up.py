from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.set_up import A_DAY, DAY_S, FIRST_S, LASTS_S, SetUps
from gateway.model.device import Mac
from gateway.model.event import Now

NOON = 1_795_345_200.0
BELL = Mac("02:00:5e:10:00:01")


def at(seconds: float, *, wall: float | None = None, trusted: bool = True) -> Now:
    return Now(1_000.0 + seconds, NOON + seconds if wall is None else wall, trusted)


def mac(number: int) -> Mac:
    return Mac(f"02:00:5e:30:{number >> 8:02x}:{number & 255:02x}")


def old() -> SetUps:
    """A gateway whose first hour is over."""
    return SetUps()


def test_it_lasts_a_quarter_of_an_hour() -> None:
    setups = old()
    assert setups.join(BELL, at(0)) and BELL in setups and len(setups) == 1
    assert setups.left_s(BELL, at(600)) == 300.0
    assert setups.expire(at(LASTS_S - 1)) == [] and BELL in setups
    assert setups.expire(at(LASTS_S)) == [BELL] and BELL not in setups
    assert setups.left_s(BELL, at(LASTS_S)) == 0.0


def test_in_the_first_hour_everybody_gets_it_afterwards_three_a_day() -> None:
    setups = SetUps()
    setups.begin(at(0))
    assert all(setups.join(mac(number), at(number)) for number in range(60))
    given = [setups.join(mac(100 + number), at(FIRST_S + number)) for number in range(9)]
    assert given == [True] * A_DAY + [False] * (9 - A_DAY)
    assert not setups.join(mac(200), at(FIRST_S + DAY_S - 1))
    assert setups.join(mac(201), at(FIRST_S + DAY_S)), "a day after the first of them"
    assert not setups.join(mac(202), at(FIRST_S + DAY_S))


def test_who_comes_back_needs_another() -> None:
    setups = old()
    for _ in range(A_DAY):
        assert setups.join(BELL, at(0))
        setups.end(BELL)
        assert BELL not in setups
    assert not setups.join(BELL, at(0))


def test_a_length_of_nothing_is_none() -> None:
    setups = SetUps(lasts_s=0)
    setups.begin(at(0))
    assert not setups.join(BELL, at(1))


@pytest.mark.parametrize(
    "now, remains",
    [
        pytest.param(at(400), 500.0, id="a restart of the process"),
        pytest.param(at(400, wall=60.0, trusted=False), 500.0, id="with a clock from 1970"),
        pytest.param(at(400, wall=NOON - 9_000), 500.0, id="with a clock that was set back"),
        pytest.param(at(400, wall=NOON + 800), 100.0, id="with one that goes ahead"),
        pytest.param(at(900), 0.0, id="a long one"),
        pytest.param(Now(20.0, NOON + 500, True), 400.0, id="the machine started anew"),
        pytest.param(Now(20.0, 20.0, False), 880.0, id="without a clock: as far as it can tell"),
        pytest.param(Now(2_000.0, 20.0, False), 0.0, id="and was up for long"),
    ],
)
def test_a_restart_lengthens_nothing(now: Now, remains: float) -> None:
    setups, again = old(), old()
    setups.join(BELL, at(0))
    assert again.restore(setups.dump(at(0)), now) is (remains == 0)
    assert again.left_s(BELL, now) == remains


def test_the_first_hour_goes_on_over_a_restart_and_does_not_begin_again() -> None:
    setups = SetUps()
    setups.begin(at(0))
    again = SetUps()
    again.restore(setups.dump(at(100)), at(200))
    assert sum(again.join(mac(number), at(FIRST_S - 1)) for number in range(9)) == 9
    assert sum(again.join(mac(number), at(FIRST_S)) for number in range(9)) == A_DAY


@pytest.mark.parametrize("wall", [NOON + 9 * DAY_S, 60.0, NOON - 9 * DAY_S])
def test_a_clock_that_jumps_gives_nobody_more(wall: float) -> None:
    setups, again = old(), old()
    assert all(setups.join(mac(number), at(0)) for number in range(A_DAY))
    again.restore(setups.dump(at(0)), at(60, wall=wall))
    assert not again.join(BELL, at(61, wall=wall))


def test_a_shorter_setting_counts_at_once() -> None:
    setups, again = old(), SetUps(lasts_s=30.0)
    setups.join(BELL, at(0))
    again.restore(setups.dump(at(0)), at(0))
    assert again.left_s(BELL, at(0)) == 30.0


@dataclass
class Life:
    """A gateway in the hands of clocks, cables and a gadget that is somebody new all the time."""

    setups: SetUps = field(default_factory=SetUps)
    mono: float = 1_000.0
    true: float = 0.0
    """Seconds that really went by."""
    wall_off: float = 0.0
    trusted: bool = True
    spent_s: float = 0.0
    """Device-seconds of set-up time."""
    joined: int = 0
    granted: int = 0

    @property
    def now(self) -> Now:
        return Now(self.mono, NOON + self.true + self.wall_off, self.trusted)

    def wait(self, seconds: float) -> None:
        self.spent_s += sum(min(seconds, self.setups.left_s(known, self.now)) for known in self.setups._until)
        self.mono += seconds
        self.true += seconds
        self.setups.expire(self.now)

    def join(self, _: float) -> None:
        self.joined += 1
        self.granted += self.setups.join(mac(self.joined), self.now)

    def restart(self, seconds: float) -> None:
        saved: dict[str, Any] = self.setups.dump(self.now)
        self.wait(seconds)
        self.setups = SetUps()
        self.setups.restore(saved, self.now)

    def jump(self, seconds: float) -> None:
        self.wall_off, self.trusted = seconds * 1e4 - 5e6, not self.trusted


STEPS = st.tuples(st.sampled_from(["wait", "join", "join", "restart", "jump"]), st.floats(0, 20_000))


@given(st.lists(STEPS, max_size=60))
def test_whatever_happens_no_more_is_given_than_stated(steps: list[tuple[str, float]]) -> None:
    life = Life()
    for do, seconds in steps:
        getattr(life, do)(seconds)
        days = int(life.true // DAY_S) + 1
        assert life.granted <= A_DAY * days
        assert life.spent_s <= life.granted * LASTS_S + 1e-6
