import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.absence import leave, left
from gateway.model.event import Now

NOON = 1_795_345_200.0
SAVED = Now(1_000.0, NOON, True)
TIMES = st.floats(0, 4e9)


@pytest.mark.parametrize(
    "now, least, most",
    [
        pytest.param(Now(1_060.0, NOON + 60, True), 60, 60, id="a restart of the process"),
        pytest.param(Now(1_060.0, NOON + 5_000, True), 60, 5_000, id="the wall clock went on by more"),
        pytest.param(Now(1_060.0, NOON - 5_000, True), 60, 60, id="the wall clock was set back"),
        pytest.param(Now(1_060.0, 60.0, False), 60, 60, id="the wall clock is in 1970"),
        pytest.param(Now(20.0, NOON + 600, True), 20, 600, id="the machine started anew"),
        pytest.param(Now(20.0, 20.0, False), 20, 20, id="and has no clock"),
        pytest.param(Now(20.0, NOON + 600, False), 20, 20, id="and nobody believes its clock"),
        pytest.param(SAVED, 0, 0, id="at once"),
    ],
)
def test_elapsed(now: Now, least: float, most: float) -> None:
    saved = left(leave(SAVED))
    assert (saved.at_least_s(now), saved.at_most_s(now)) == (least, most)


def test_a_clock_that_was_not_believed_then_proves_nothing_now() -> None:
    saved = left(leave(SAVED._replace(wall=60.0, wall_trusted=False)))
    assert saved.at_most_s(Now(1_060.0, NOON, True)) == 60


@given(st.tuples(TIMES, TIMES, st.booleans()), st.tuples(TIMES, TIMES, st.booleans()))
def test_whatever_the_clocks_show(before: tuple[float, float, bool], after: tuple[float, float, bool]) -> None:
    saved = left(leave(Now(*before)))
    assert 0 <= saved.at_least_s(Now(*after)) <= saved.at_most_s(Now(*after))
