"""What each device may do, and what all may do together that nobody has named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.share import MAX_NEWCOMERS, Accounts, Bucket, Shares
from gateway.ruleset.budget import NEWCOMERS

NAMED = "02:00:5e:10:00:01"


def is_named(device: str) -> bool:
    return device == NAMED


def shares(**more: object) -> Shares:
    return Shares(is_named, burst=4, per_s=1.0, **more)  # type: ignore[arg-type]


def taken(found: Shares, device: str, times: int, *, at: float = 0.0) -> int:
    return sum(found.take(device, at=at) for _ in range(times))


def test_a_bucket_fills_slowly_and_never_over() -> None:
    bucket = Bucket(2, 0.5)
    got = []
    for at in (0.0, 0.0, 0.0, 1.0, 2.0, 2.0, 100.0, 100.0, 100.0):
        got.append(bucket.has_one(at))
        if got[-1]:
            bucket.take()
    assert got == [True, True, False, False, True, False, True, True, False]


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    bucket = Bucket(1, 1.0)
    assert bucket.has_one(100.0)
    bucket.take()
    assert not bucket.has_one(1.0) and not bucket.has_one(1.0)


def test_what_is_given_back_can_be_taken_again_but_no_more() -> None:
    bucket = Bucket(1, 0.0)
    bucket.give_back(0.0)
    bucket.take()
    assert not bucket.has_one(0.0)
    bucket.give_back(0.0)
    assert bucket.has_one(0.0)


def test_whom_a_file_names_has_an_account_of_its_own() -> None:
    accounts: Accounts[list[int]] = Accounts(is_named, lambda devices: [devices])
    assert accounts.of(NAMED) == ([1],) and accounts.of("x") == ([1], [NEWCOMERS])
    assert accounts.of(NAMED)[0] is accounts.of(NAMED)[0]
    assert accounts.of("x")[0] is not accounts.of("y")[0]
    assert accounts.of("x")[1] is accounts.of("y")[1]


def test_accounts_of_newcomers_are_bounded_and_push_nobody_out_whom_a_file_names() -> None:
    accounts: Accounts[list[int]] = Accounts(is_named, lambda devices: [devices])
    own, first, second = accounts.of(NAMED)[0], accounts.of("first")[0], accounts.of("second")[0]
    for number in range(MAX_NEWCOMERS - 1):
        accounts.of(str(number))
    assert accounts.of(NAMED)[0] is own and accounts.of("second")[0] is second
    assert accounts.of("first")[0] is not first


def test_nobody_pays_where_one_has_none_left() -> None:
    found = shares(newcomers=1, everybody=Bucket(5, 0.0))
    assert taken(found, "x", 10) == 4
    assert taken(found, "y", 10) == 0, "it shares with x"
    assert taken(found, NAMED, 10) == 1, "and nobody paid for y's tries"


def test_what_is_given_back_goes_to_all_it_was_taken_from() -> None:
    found = shares(newcomers=1)
    assert taken(found, "x", 10) == 4
    found.give_back("x", at=0.0)
    assert taken(found, "y", 10) == 1


@pytest.mark.parametrize("newcomers", [1, 3])
@given(
    st.lists(
        st.tuples(st.floats(0.0, 3.0), st.sampled_from([NAMED, *map(str, range(700))]), st.integers(1, 12)), max_size=80
    )
)
def test_any_number_of_newcomers_in_any_order_get_no_more_than_is_stated(
    newcomers: int, steps: list[tuple[float, str, int]]
) -> None:
    found, now, got = shares(newcomers=newcomers), 0.0, {True: 0, False: 0}
    for pause, device, times in steps:
        now += pause
        got[is_named(device)] += taken(found, device, times, at=now)
    assert got[True] <= 4 + now + 1e-6
    assert got[False] <= newcomers * (4 + now) + 1e-6
