"""The week, as a page and as a table: the same numbers as everywhere, and cells that are never formulas."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.panel.books import Sum, total_of
from gateway.panel.pages.receipt import HEAD, cell
from tests.support.browser import Browser
from tests.support.lived import DAY, HOUR, NOW, lived, logged_in, record
from tests.support.panel import DOOR, LAMP, YARD, Served, row

RECORDS = [
    record(
        1, "video", "drop", device=YARD, device_id="yard", started=NOW - 6 * DAY, attempts=11, server_name="=evil.example.com"
    ),
    record(2, "control", "pass", started=NOW - 2 * DAY),
    record(3, "telemetry", "refuse", started=NOW - HOUR, attempts=3, server_name="b.example.com"),
    record(4, "telemetry", "refuse", started=NOW - HOUR, attempts=2, server_name="a.example.com"),
    record(5, "control", "pass", started=NOW - HOUR),
    record(6, "unknown", "refuse", device=LAMP, device_id=LAMP, started=NOW - 600, attempts=100, server_name=None),
    record(7, "time", "redirect", started=NOW),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with lived(tmp_path_factory.mktemp("week"), RECORDS) as served:
        served.told.devices.append(row(LAMP, "192.168.50.50", hostname="=1+1"))
        yield served


@pytest.fixture(scope="module")
def browser(served: Served) -> Browser:
    return logged_in(served)


def table(browser: Browser) -> list[dict[str, str]]:
    answer = browser.open("/week.csv")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="netcurtain-week.csv"'
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_table(browser: Browser) -> None:
    rows = table(browser)
    assert list(rows[0]) == list(HEAD)
    told = {(one["device"], one["purpose"]): one for one in rows}
    assert set(told) == {
        ("yard", "video"), ("front-door", "control"), ("front-door", "telemetry"), ("front-door", "time"), (LAMP, "unknown"),
    }  # fmt: skip
    telemetry = told["front-door", "telemetry"]
    assert (telemetry["attempts stopped"], telemetry["bytes kept at home"], telemetry["names kept"]) == (
        "5", str(2 * 517), "a.example.com b.example.com",
    )  # fmt: skip
    assert (told["front-door", "control"]["flows passed"], told["front-door", "control"]["bytes sent"]) == ("2", "3000")
    assert told["yard", "video"]["names kept"] == "'=evil.example.com"


def test_the_numbers_are_the_same_everywhere(served: Served, browser: Browser) -> None:
    rows, house = table(browser), served.panel.house.view()
    week = total_of(served.panel.books.week())
    assert week == house.week == Sum(2, 11 + 3 + 2 + 100 + 1, 3_000, 18_000, 5 * 517)
    assert sum(int(one["attempts stopped"]) for one in rows) == week.stopped
    assert sum(int(one["bytes kept at home"]) for one in rows) == week.held_bytes
    assert sum(int(one["flows passed"]) for one in rows) == week.passed
    assert sum(int(one["bytes sent"]) for one in rows) == week.bytes_out
    browser.open("/week")
    assert f"{week.stopped} attempts were stopped" in browser.text and "3 kB left" in browser.text.replace("3.0", "3")
    cells = re.findall(r'="Stopped">([0-9,]+)</td><td [^>]*>[^<]*</td><td [^>]*>([0-9,]+)</td>', browser.response.text)
    assert [sum(int(one[place]) for one in cells) for place in (0, 1)] == [week.stopped, week.passed]
    today = house.today
    assert today.stopped == 106
    browser.open("/")
    assert f"Today {today.stopped} attempts were stopped" in browser.text
    shown = [int(number) for number in re.findall(r"(\d+) attempts? stopped today", browser.text)]
    assert sum(shown) == today.stopped
    for device in house.devices:
        browser.open(f"/devices/{device.mac}")
        hours = re.findall(r'<tr><th scope="row">[^<]*</th><td>(\d+)</td><td>(\d+)</td>', browser.response.text)
        expected = [one for _, one in served.panel.books.hourly(device.mac)]
        assert sum(int(stopped) for _, stopped in hours) == sum(one.stopped for one in expected) == device.today.stopped


def test_who_only_looks_has_the_receipt_too(served: Served) -> None:
    assert table(logged_in(served, "bea"))


def test_a_stranger_has_not(served: Served) -> None:
    stranger = Browser(served.app)
    for path in ("/week", "/week.csv", "/", "/activity", f"/devices/{DOOR}", "/live"):
        stranger.open(path)
        assert stranger.path == "/login", path


def test_a_week_in_which_nothing_happened(tmp_path: Path) -> None:
    with lived(tmp_path) as served:
        browser = logged_in(served)
        assert "Nothing to show" in browser.open("/week").text
        assert table_lines(browser) == [",".join(HEAD)]


def table_lines(browser: Browser) -> list[str]:
    return browser.open("/week.csv").text.splitlines()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.example.com", "a.example.com"), ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"), ("\n=1", "'\n=1"), ("", ""), ("a=1", "a=1"), ("\uff1d1", "'\uff1d1"), (" =1", "' =1"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(text: str, expected: str) -> None:
    assert cell(text) == expected


@given(st.text(max_size=60))
def test_whatever_it_says(text: str) -> None:
    assert cell(text).lstrip()[:1] not in ("=", "+", "-", "@")
    assert cell(text).removeprefix("'") == text.removeprefix("'") or cell(text) == f"'{text}"
