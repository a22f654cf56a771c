"""Sums and pages of a real ledger, against the ledger itself."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.edge.ledger import Ledger
from gateway.model.command import Erase
from gateway.panel.books import FRESH_S, Books, Sum, midnight, total_of
from tests.support.lived import DAY, HOUR, NOW, record, write_ledger
from tests.support.panel import DOOR, YARD


class Clock:
    """Wall and monotonic time that a test moves."""

    def __init__(self) -> None:
        self.wall, self.mono = NOW, 0.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def books_of(path: Path, clock: Clock) -> Books:
    return Books(path, wall=lambda: clock.wall, mono=lambda: clock.mono)


AGES = (8.5 * DAY, 6.9 * DAY, 3 * DAY, 12.5 * HOUR, 11.5 * HOUR, 2 * HOUR, HOUR, 600.0, 0.0)
"""Before noon; the two in the middle on both sides of midnight."""


@pytest.fixture
def lived(path: Path, clock: Clock) -> Books:
    write_ledger(path, [record(number, started=NOW - age, attempts=2) for number, age in enumerate(AGES, start=1)])
    return books_of(path, clock)


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        pytest.param("UTC", NOW, NOW - 11 * HOUR, id="at eleven"),
        pytest.param("Europe/Berlin", NOW, NOW - 12 * HOUR, id="at noon"),
        pytest.param("Asia/Kolkata", NOW, NOW - 16.5 * HOUR, id="half an hour beside"),
        pytest.param("Europe/Berlin", 1_774_778_400.0, 1_774_738_800.0, id="the day that has 23 hours"),
        pytest.param("Europe/Berlin", 1_792_926_000.0, 1_792_879_200.0, id="the day that has 25 hours"),
    ],
)
def test_days_begin_at_midnight(zone: str, now: float, expected: float) -> None:
    assert midnight(now, zone) == expected


def test_sums_of_today_and_the_week(lived: Books) -> None:
    assert total_of(lived.today("Europe/Berlin")).stopped == 2 * 5
    assert total_of(lived.week()) == Sum(stopped=2 * 8, held_bytes=8 * 517)
    assert total_of(lived.since(NOW)).stopped == 2 * 1


def test_the_last_hours_of_a_device(lived: Books) -> None:
    hours = lived.hourly(DOOR)
    assert [wall for wall, _ in hours] == [NOW - (23 - place) * HOUR for place in range(24)]
    told = {int((NOW - wall) / HOUR): one.stopped for wall, one in hours if one.stopped}
    assert told == {13: 2, 12: 2, 2: 2, 1: 4, 0: 2}
    assert not any(one.stopped for _, one in lived.hourly(YARD))


def test_what_comes_later_is_counted_once(path: Path, clock: Clock) -> None:
    books, number = books_of(path, clock), 0
    for _ in range(30):
        number += 1
        write_ledger(path, [record(number, started=clock.wall)])
        clock.pass_by(7 * 60)
        assert total_of(books.week()).stopped == number, "as it goes on"
    assert total_of(books_of(path, clock).week()).stopped == number, "read at once"


def test_within_moments_nothing_is_read_again(path: Path, clock: Clock) -> None:
    books = books_of(path, clock)
    write_ledger(path, [record(1, started=NOW)])
    assert total_of(books.week()).stopped == 1
    write_ledger(path, [record(2, started=NOW)])
    assert total_of(books.week()).stopped == 1
    clock.mono += FRESH_S
    assert total_of(books.week()).stopped == 2


@pytest.mark.parametrize("back", [120.0, 2 * HOUR, 3 * DAY])
def test_a_clock_that_is_set_back(lived: Books, path: Path, clock: Clock, back: float) -> None:
    assert total_of(lived.week()).stopped == 16
    clock.wall -= back
    clock.mono += FRESH_S
    write_ledger(path, [record(100, started=clock.wall)])
    assert lived.week() == books_of(path, clock).week()
    clock.pass_by(60)
    assert lived.week() == books_of(path, clock).week()


def test_what_is_older_than_a_week_is_forgotten(lived: Books, clock: Clock) -> None:
    lived.week()
    for _ in range(9):
        clock.pass_by(DAY)
        assert total_of(lived.week()) == total_of(books_of(lived._path, clock).week())
    assert total_of(lived.week()).stopped == 0


@pytest.mark.parametrize("content", [None, b"", b"no ledger at all" * 100], ids=["none", "empty", "damaged"])
def test_no_ledger_is_an_empty_one_until_there_is_one(path: Path, clock: Clock, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    books = books_of(path, clock)
    books.warm()
    assert books.week() == {} and books.flows() == [] and books.flow(1) is None and books.names(DOOR) == []
    assert books.kept_names() == [] and len(books.hourly(DOOR)) == 24
    assert books.trouble and bool(books.unread) == (content is not None)
    path.unlink(missing_ok=True)
    write_ledger(path, [record(1)])
    clock.pass_by(FRESH_S)
    assert total_of(books.week()).stopped == 1 and len(books.flows(device=DOOR)) == 1
    assert not books.trouble


def test_a_ledger_that_goes_away_leaves_what_is_known(lived: Books, path: Path, clock: Clock) -> None:
    assert total_of(lived.week()).stopped == 16
    path.unlink()
    clock.pass_by(FRESH_S)
    assert total_of(lived.week()).stopped == 16
    assert lived.flows() == []
    assert "cannot be read" in lived.trouble and lived.unread == lived.trouble


def test_pages_of_flows(lived: Books) -> None:
    assert [one.flow_id for one in lived.flows(limit=3)] == [9, 8, 7]
    assert [one.flow_id for one in lived.flows(limit=3, before=7)] == [6, 5, 4]
    assert [one.flow_id for one in lived.flows(NOW - HOUR, device=DOOR)] == [9, 8, 7]
    assert lived.flows(device=YARD) == []
    found = lived.flow(4)
    assert found is not None and found.flow_id == 4


def test_names_by_how_often(path: Path, clock: Clock) -> None:
    tries = [("a.example.com", 2), ("b.example.com", 9), ("a.example.com", 3), (None, 1)]
    write_ledger(path, [record(number, server_name=name, attempts=n) for number, (name, n) in enumerate(tries, start=1)])
    assert [(name, count) for name, _, _, count in books_of(path, clock).names(DOOR)] == [
        ("b.example.com", 9), ("a.example.com", 5), ("", 1),
    ]  # fmt: skip


def test_names_that_were_kept_are_of_this_week(path: Path, clock: Clock) -> None:
    old = [record(number, started=NOW - 9 * DAY, server_name="old.example.com") for number in range(1, 256)]
    new = [record(number, started=NOW - DAY, server_name="new.example.com") for number in range(1_000, 1_010)]
    passed = record(1_020, "control", "pass")
    write_ledger(path, [*old, *new, passed])
    assert books_of(path, clock).kept_names() == [(DOOR, "telemetry", "new.example.com")]


def test_many_who_look_at_once_see_the_same(lived: Books) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(total_of(lived.week()).stopped)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [16] * 8


def test_what_was_judged_anew_is_found_after_a_while(path: Path, clock: Clock) -> None:
    write_ledger(path, [record(number, "time", "pass") for number in range(1, 5_000)])
    books = books_of(path, clock)
    assert len(books.flows(purpose="time", limit=1)) == 1
    write_ledger(path, [record(3, "voice")])
    assert books.flows(purpose="voice") == []
    clock.pass_by(3_600)
    books.flows(purpose="voice")
    for thread in threading.enumerate():
        if thread.name == "finder":
            thread.join()
    assert [one.flow_id for one in books.flows(purpose="voice")] == [3]


def test_a_device_that_was_forgotten_is_in_no_sum_and_no_list(path: Path, clock: Clock) -> None:
    ages = [(number, mac, age) for number, (mac, age) in enumerate([(DOOR, DAY), (YARD, DAY), (DOOR, 60.0), (YARD, 60.0)], 1)]
    write_ledger(path, [record(number, started=NOW - age, device=mac) for number, mac, age in ages])
    books = books_of(path, clock)
    assert total_of(books.week(), device=DOOR).stopped == 2 == len(books.flows(device=DOOR)) and len(books.kept_names()) == 2
    ledger = Ledger(path, wall=lambda: NOW, may_prune=lambda: False)
    ledger.erase(Erase(DOOR, (), 10))
    assert until(ledger.take_erased) == [DOOR]
    ledger.close()
    clock.pass_by(FRESH_S)
    assert total_of(books.week(), device=DOOR) == Sum() and total_of(books.week()).stopped == 2
    assert books.flows(device=DOOR) == [] and [one[0] for one in books.kept_names()] == [YARD]
    assert len(books.flows(device=YARD)) == 2 and all(one == Sum() for _, one in books.hourly(DOOR))


def until(done: Callable[[], list[str]]) -> list[str]:
    end = time.monotonic() + 5.0
    while not (found := done()) and time.monotonic() < end:
        time.sleep(0.005)
    return found
