import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.action import Action, Effect
from gateway.model.purpose import Purpose
from gateway.policy import window
from gateway.policy.treatment import Treatment
from gateway.policy.window import Highest, Windows

WINDOW_S = 600.0
FLOWS = st.lists(st.tuples(st.floats(0, 5_000), st.integers(0, 50_000)), max_size=40).map(sorted)


def limit(size_bytes: int = 1_000, window_s: float = WINDOW_S, action: Action = Action.LIMIT) -> Treatment:
    return Treatment(Purpose.CONTROL, action, Effect.PASS, "", size_bytes, window_s)


CASES = {
    "what fits": ([(0, 400), (10, 600)], limit(), [0, 0]),
    "what does not": ([(0, 400), (10, 700), (20, 50)], limit(), [0, 100, 50]),
    "a window ends": ([(0, 1_000), (599, 10), (600, 10)], limit(), [0, 10, 0]),
    "and the next begins with its first bytes": ([(0, 1_000), (900, 900), (1_499, 200)], limit(), [0, 0, 100]),
    "a budget for one flow": ([(0, 900), (1, 1_100)], limit(window_s=0.0), [0, 100]),
    "no budget": ([(0, 10**9)], limit(0), [0]),
    "allowed outright": ([(0, 10**9)], limit(action=Action.ALLOW), [0]),
    "a clock that goes back stays in its window": ([(1_000, 900), (10, 200)], limit(), [0, 100]),
}


@pytest.mark.parametrize(("flows", "treatment", "over"), CASES.values(), ids=CASES)
def test_what_has_no_room(flows: list[tuple[float, int]], treatment: Treatment, over: list[int]) -> None:
    windows = Windows()
    assert [windows.over("bell", treatment, sent, at=at) for at, sent in flows] == over


def test_each_device_and_purpose_has_its_own() -> None:
    windows = Windows()
    for who, treatment in (("bell", limit()), ("plug", limit()), ("bell", limit()._replace(purpose=Purpose.VOICE))):
        assert windows.over(who, treatment, 1_000, at=0.0) == 0


def test_the_oldest_windows_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MAX_WINDOWS", 2)
    windows = Windows()
    for who in ("a", "b", "c"):
        windows.over(who, limit(), 1_000, at=0.0)
    assert [windows.over(who, limit(), 1, at=1.0) for who in ("c", "a")] == [1, 0]


@given(FLOWS)
def test_the_most_in_any_window_is_never_underrated(flows: list[tuple[float, int]]) -> None:
    highest = Highest(WINDOW_S)
    for at, sent in flows:
        highest.add(sent, at=at)
    sums = [sum(sent for at, sent in flows if begin <= at < begin + WINDOW_S) for begin, _ in flows]
    assert highest.most_bytes >= max(sums, default=0)
    wider = [sum(sent for at, sent in flows if begin <= at < begin + WINDOW_S * 61 / 60) for begin, _ in flows]
    slack = [sum(sent for at, sent in flows if begin - 10 <= at < begin + WINDOW_S * 61 / 60) for begin, _ in flows]
    assert highest.most_bytes <= max([*wider, *slack], default=0)


@given(FLOWS)
def test_a_budget_of_the_most_stops_nothing(flows: list[tuple[float, int]]) -> None:
    highest, windows = Highest(WINDOW_S), Windows()
    for at, sent in flows:
        highest.add(sent, at=at)
    budget = limit(max(1, highest.most_bytes))
    assert not any(windows.over("bell", budget, sent, at=at) for at, sent in flows)


def test_late_records_count_with_the_latest() -> None:
    highest = Highest(WINDOW_S)
    for at in (5_000.0, 10.0, 20.0):
        highest.add(100, at=at)
    assert highest.most_bytes == 300
