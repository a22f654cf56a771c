"""Packed hours give back what was put in, and nothing of what was forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.ledger_reader import LedgerTotal
from gateway.panel.shelf import Shelf, Sum, Sums, by_device, total_of

counts = st.integers(0, 2**40)
sums = st.dictionaries(
    st.tuples(st.sampled_from(("a", "b")), st.sampled_from(("video", "time", "odd"))), st.builds(Sum, counts, counts, counts)
)


def added(hours: list[Sums]) -> Sums:
    found: Sums = {}
    for hour in hours:
        for key, one in hour.items():
            found.setdefault(key, Sum()).merge(one)
    return found


@given(st.dictionaries(st.integers(100, 110), sums, max_size=6), st.integers(98, 112))
def test_what_is_put_there_is_there(hours: dict[int, Sums], first: int) -> None:
    shelf = Shelf()
    for hour, one in hours.items():
        shelf.put(hour, one)
    assert shelf.since(first) == added([one for hour, one in hours.items() if hour >= first])
    for hour, one in hours.items():
        assert shelf.of(hour, "a") == total_of(one, device="a")
    shelf.forget(first)
    assert shelf.since(0) == added([one for hour, one in hours.items() if hour >= first])


def test_what_is_given_away_is_the_callers_own() -> None:
    shelf = Shelf()
    shelf.put(1, {("a", "video"): Sum(1, 2, 3, 4, 5)})
    for _ in range(2):
        found = shelf.since(0)
        assert found == {("a", "video"): Sum(1, 2, 3, 4, 5)}
        found["a", "video"].merge(Sum(9, 9, 9, 9, 9))


def test_hours_beside_many_first_hours() -> None:
    shelf = Shelf()
    for hour in range(20):
        shelf.put(hour, {("a", "video"): Sum(passed=1)})
    assert [total_of(shelf.since(first)).passed for first in range(20)] == list(range(20, 0, -1))


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ("pass", Sum(4, 0, 7, 8, 0)),
        ("refuse", Sum(0, 5, 7, 8, 9)),
        ("drop", Sum(0, 5, 7, 8, 9)),
        ("redirect", Sum(0, 5, 7, 8, 9)),
    ],
)
def test_flows_that_left_are_counted_and_tries_that_did_not(effect: str, expected: Sum) -> None:
    whole = Sum()
    whole.add(
        LedgerTotal(device="a", purpose="time", effect=effect, attempts=5, flows=4, bytes_out=7, bytes_in=8, held_bytes=9)
    )
    assert whole == expected


def test_sums_by_device() -> None:
    one, two, three = Sum(passed=1), Sum(passed=2), Sum(stopped=3)
    given_sums = {("a", "video"): one, ("b", "video"): two, ("a", "time"): three}
    assert by_device(given_sums) == {"a": {"video": one, "time": three}, "b": {"video": two}}
    assert total_of(given_sums) == Sum(passed=3, stopped=3)
    assert total_of(given_sums, device="b") == two
