"""The memory: what it knows of a moment, what it forgets, and that nothing of later is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.packet import TCP, UDP
from gateway.model.purpose import Purpose
from gateway.purpose.context import (
    FAMILIAR_CALLS,
    MAX_DESTINATIONS,
    MAX_DEVICES,
    MAX_NAME_CHARACTERS,
    MAX_RECENT,
    MAX_SITTINGS,
    NOTHING_BEFORE,
    RECENT_S,
    Context,
    Habits,
    Seen,
)

CONTROL = (Purpose.CONTROL,)


def _seen(at: float, place: str = "a.example", proto: int = TCP) -> Seen:
    return Seen(place, at, proto, CONTROL)


def _habits(*seen: Seen, sitting: str = "") -> Habits:
    habits = Habits()
    for one in seen:
        habits.add("cam", one, sitting=sitting)
    return habits


def test_nothing_is_known_of_a_stranger() -> None:
    assert Habits().before("cam", _seen(5.0)) == Context(destination="a.example", at=5.0)


def test_asking_is_not_telling() -> None:
    habits = _habits(_seen(1.0))
    assert habits.before("cam", _seen(5.0)) == habits.before("cam", _seen(5.0))
    assert habits.before("cam", _seen(5.0)).calls == 1


def test_calls_are_counted() -> None:
    context = _habits(_seen(0), _seen(10), _seen(20, "b.example", UDP), _seen(30, "")).before("cam", _seen(40))
    assert (context.calls, context.device_calls, context.device_udp_calls) == (2, 4, 1)


def test_what_follows_at_once_is_the_same_call() -> None:
    assert _habits(_seen(0), _seen(0.5), _seen(0.9), _seen(2)).before("cam", _seen(9)).calls == 2


def test_the_latest_comes_first_and_later_is_not_there() -> None:
    habits = _habits(_seen(50), _seen(70, "b.example"), _seen(60, "c.example"), _seen(90))
    assert [seen.at for seen in habits.before("cam", _seen(75)).before] == [70, 60, 50]
    assert [seen.at for seen in habits.before("cam", _seen(60 + RECENT_S + 0.5)).before] == [90, 70]


def test_within() -> None:
    context = _habits(_seen(50), Seen("b", 58, TCP, (Purpose.VIDEO, Purpose.CONTROL))).before("cam", _seen(60))
    assert [seen.at for seen in context.within(5, Purpose.CONTROL)] == [58]
    assert [seen.at for seen in context.within(10, Purpose.CONTROL)] == [58, 50]
    assert context.within(10, Purpose.VOICE) == ()


@pytest.mark.parametrize("purpose", [Purpose.LOCAL, Purpose.TIME, Purpose.DNS_ESCAPE])
def test_what_everything_does_is_no_habit(purpose: Purpose) -> None:
    assert _habits(Seen("a", 0, UDP, (purpose,))).before("cam", _seen(1)).device_calls == 0


def test_sittings_have_clocks_of_their_own() -> None:
    habits = _habits(_seen(10), sitting="one")
    habits.add("cam", _seen(12), sitting="two")
    assert [seen.at for seen in habits.before("cam", _seen(15), sitting="one").before] == [10]
    assert habits.before("cam", _seen(15), sitting="one").calls == 2


BEATS = [
    pytest.param((0, 60, 120, 180), 240, 60, id="on-it"),
    pytest.param((0, 61, 120, 183), 240, 61, id="nearly"),
    pytest.param((0, 60, 120, 180), 263, 0, id="off-it"),
    pytest.param((0, 60, 120), 180, 0, id="too-early"),
    pytest.param((0, 60, 90, 180, 240), 300, 0, id="no-beat"),
    pytest.param((0, 60, 120, 180, 240, 247), 307, 60, id="one-call-between"),
    pytest.param((180, 120, 60, 0), 60, 0, id="backwards"),
]


@pytest.mark.parametrize(("calls", "now", "wanted"), BEATS)
def test_beat(calls: tuple[float, ...], now: float, wanted: float) -> None:
    assert _habits(*map(_seen, calls)).before("cam", _seen(now)).beat_s == wanted


def test_a_beat_is_of_one_sitting() -> None:
    habits = _habits(*map(_seen, (0, 60, 120, 180)), sitting="one")
    assert habits.before("cam", _seen(240), sitting="two").beat_s == 0
    assert habits.before("cam", _seen(240), sitting="one").beat_s == 60


PLACES = [("a.example", True), ("*.a.example", False), ("", False)]


@pytest.mark.parametrize(("place", "one"), PLACES, ids=["name", "many", "none"])
def test_places(place: str, one: bool) -> None:
    context = Context(destination=place, calls=FAMILIAR_CALLS)
    assert (context.is_one_place, context.familiar) == (one, one)
    assert not Context(destination=place, calls=FAMILIAR_CALLS - 1).familiar
    assert not NOTHING_BEFORE.familiar


def test_it_is_bounded() -> None:
    habits = Habits()
    for number in range(2 * MAX_DEVICES):
        habits.add(str(number), _seen(0))
    assert habits.before("0", _seen(1)).device_calls == 0
    assert habits.before(str(2 * MAX_DEVICES - 1), _seen(1)).device_calls == 1
    for number in range(2 * MAX_DESTINATIONS):
        habits.add("cam", _seen(number * 2.0, f"{number}.example"))
    last = 4.0 * MAX_DESTINATIONS
    assert habits.before("cam", _seen(last, "0.example")).calls == 0
    assert habits.before("cam", _seen(last, f"{2 * MAX_DESTINATIONS - 1}.example")).calls == 1
    for number in range(2 * MAX_RECENT):
        habits.add("cam", _seen(number / 100, "b"), sitting="short")
    assert len(habits.before("cam", _seen(2), sitting="short").before) == MAX_RECENT
    for number in range(MAX_SITTINGS):
        habits.add("cam", _seen(0), sitting=str(number))
    assert habits.before("cam", _seen(2), sitting="short").before == ()


def test_what_is_no_name_is_not_kept() -> None:
    long = "x" * (MAX_NAME_CHARACTERS + 1)
    context = _habits(_seen(0, long), _seen(9, long)).before("cam", _seen(20, long))
    assert (context.calls, context.device_calls) == (0, 2)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(-1e9, 1e9), st.sampled_from("xy")), max_size=30), st.floats(-1e9, 1e9)
)
def test_nothing_of_later(told: list[tuple[str, float, str]], at: float) -> None:
    habits = Habits()
    for place, when, sitting in told:
        habits.add("cam", _seen(when, place), sitting=sitting)
    context = habits.before("cam", _seen(at, "a"), sitting="x")
    assert all(0 <= at - seen.at <= RECENT_S for seen in context.before)
    assert context.beat_s >= 0
    assert context.calls <= context.device_calls
