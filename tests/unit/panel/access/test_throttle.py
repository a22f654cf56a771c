"""Waiting after wrong guesses: who waits, how long, and who does not."""

from pathlib import Path

import pytest

from gateway.panel.access.keep import Keep, PrivateDisk
from gateway.panel.access.throttle import ACCOUNT, ADDRESS, Throttle
from tests.support.clocks import Clock

OWNER, STRANGER, OTHER = "192.168.50.7", "192.168.50.66", "192.168.50.67"


@pytest.fixture
def clock() -> Clock:
    return Clock()


class HastyDisk(PrivateDisk):
    """These tests err hundreds of times; power cuts are `test_keep.py`'s business."""

    def sync(self, path: Path) -> None:
        """Nothing."""


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    return Keep(tmp_path / "panel.json", HastyDisk())


@pytest.fixture
def throttle(keep: Keep, clock: Clock) -> Throttle:
    return Throttle(keep, clock)


def fail(throttle: Throttle, times: int, address: str = STRANGER, account: str = "household") -> None:
    for _ in range(times):
        throttle.failed(address, account)


@pytest.mark.parametrize(
    ("errors", "expected"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (16, 900), (200, 900)]
)
def test_waiting_grows_and_has_a_ceiling(errors: int, expected: float) -> None:
    assert ADDRESS.wait_s(errors) == expected


def test_an_address_waits_whatever_account_it_tries(throttle: Throttle, clock: Clock) -> None:
    fail(throttle, 7)
    assert throttle.wait_s(STRANGER, "household") == 4
    assert throttle.wait_s(STRANGER, "bea") == 4
    assert throttle.wait_s(OTHER, "household") == 0
    clock.pass_by(3)
    assert throttle.wait_s(STRANGER, "household") == 1
    clock.pass_by(1)
    assert throttle.wait_s(STRANGER, "household") == 0


def test_many_addresses_wait_by_the_account(throttle: Throttle) -> None:
    for number in range(ACCOUNT.free + 3):
        throttle.failed(f"fd00::{number:x}", "household")
    assert throttle.wait_s("fd00::ffff", "household") == 8
    for number in range(100):
        throttle.failed(f"fd00::1:{number:x}", "household")
    assert throttle.wait_s("fd00::ffff", "household") == ACCOUNT.ceiling_s


def test_a_strangers_guesses_do_not_lock_the_owner_out(throttle: Throttle, clock: Clock) -> None:
    throttle.passed(OWNER, "household")
    for number in range(60):
        throttle.failed(f"fd00::{number:x}", "household")
    assert throttle.wait_s(OTHER, "household") > 0
    assert throttle.wait_s(OWNER, "household") == 0
    clock.pass_by(89 * 86_400)
    assert throttle._is_known(OWNER, "household")
    clock.pass_by(2 * 86_400)
    assert not throttle._is_known(OWNER, "household")


def test_the_owners_own_errors_count_for_the_owner_only(throttle: Throttle) -> None:
    throttle.passed(OWNER, "household")
    fail(throttle, 30, OWNER)
    assert throttle.wait_s(OWNER, "household") == 900
    assert throttle.wait_s(OTHER, "household") == 0


def test_the_right_password_forgives_the_address_but_not_the_guesser(throttle: Throttle) -> None:
    fail(throttle, 25)
    throttle.passed(OWNER, "household")
    assert throttle.wait_s(OTHER, "household") > 0
    fail(throttle, 3, OWNER)
    throttle.passed(OWNER, "household")
    fail(throttle, 4, OWNER)
    assert throttle.wait_s(OWNER, "household") == 0


def test_waiting_outlives_a_restart(throttle: Throttle, keep: Keep, clock: Clock) -> None:
    throttle.passed(OWNER, "household")
    fail(throttle, 40)
    again = Throttle(Keep(keep.path), clock)
    assert again.wait_s(STRANGER, "household") == 900
    assert again.wait_s(OTHER, "household") == ACCOUNT.ceiling_s
    assert again.wait_s(OWNER, "household") == 0


def test_a_day_without_error_is_forgiven(throttle: Throttle, clock: Clock) -> None:
    fail(throttle, 10)
    clock.pass_by(ADDRESS.forget_s + 1)
    fail(throttle, 1)
    assert throttle.wait_s(STRANGER, "household") == 0


def test_a_clock_that_was_set_back_lets_nobody_wait_longer(throttle: Throttle, clock: Clock) -> None:
    fail(throttle, 40)
    clock.now = 0.0
    assert throttle.wait_s(STRANGER, "household") == ADDRESS.ceiling_s
    clock.pass_by(ADDRESS.ceiling_s)
    assert throttle.wait_s(STRANGER, "household") == 0


def test_tables_do_not_grow(throttle: Throttle, keep: Keep) -> None:
    for number in range(300):
        throttle.failed(f"fd00::{number:x}", f"name-{number}")
    rows = keep.rows("throttle")
    assert sum(row["kind"] == "address" for row in rows) == ADDRESS.most_rows
    assert sum(row["kind"] == "account" for row in rows) <= ACCOUNT.most_rows
    for number in range(40):
        throttle.passed(f"192.168.50.{number}", "household")
    assert len(keep.rows("known_addresses")) == 16


def test_accounts_that_do_not_exist_are_counted_like_others(throttle: Throttle) -> None:
    for number in range(ACCOUNT.free + 1):
        throttle.failed(f"fd00::{number:x}", "nobody")
    assert throttle.wait_s(OTHER, "nobody") == 2
    assert "nobody" not in str(throttle._errors)


def test_nobody_is_known_for_an_account_that_was_removed(throttle: Throttle) -> None:
    throttle.passed(OWNER, "bea")
    throttle.passed(OWNER, "household")
    throttle.forget("bea")
    assert not throttle._is_known(OWNER, "bea")
    assert throttle._is_known(OWNER, "household")


def test_rows_of_another_version_are_left_out(keep: Keep, clock: Clock) -> None:
    keep.put("throttle", [{"kind": "odd", "key": "", "count": 9, "last": 0.0}, {"key": "x"}])
    keep.put("known_addresses", [{"account": "household"}])
    assert Throttle(keep, clock).wait_s(OWNER, "household") == 0
