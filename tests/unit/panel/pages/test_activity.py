"""Lines, one after the other: none twice, none lost, and a chain behind each."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model.record import FlowRecord
from gateway.panel.pages.activity import PAGE_LINES, address_of
from tests.support.browser import Browser
from tests.support.lived import DAY, NOW, lived, logged_in, record
from tests.support.panel import DOOR, YARD, Served

FLOWS = 2 * PAGE_LINES + 7
LINE = re.compile(r'<a href="/activity/(\d+)">')


def flow(number: int) -> FlowRecord:
    """Every third passes, every fifth is the yard's."""
    effect = "pass" if number % 3 == 0 else "refuse"
    device = {"device": YARD, "device_id": "yard"} if number % 5 == 0 else {}
    return record(number * 7, "control" if number % 2 else "telemetry", effect, started=NOW - 3_600 + number, **device)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    flows = [flow(number) for number in range(1, FLOWS + 1)]
    storm = record(
        1_000, "unknown", server_name=None, attempts=1_234, also=("video", "time"), dst=b"\x20\x01" + bytes(14), dport=0
    )
    with lived(tmp_path_factory.mktemp("activity"), [*flows, storm]) as served:
        yield served


@pytest.fixture(scope="module")
def browser(served: Served) -> Browser:
    return logged_in(served)


@pytest.mark.parametrize(
    "query",
    [
        "", "?device=" + DOOR, "?device=yard", "?purpose=control", "?effect=stopped", "?effect=passed",
        f"?device={YARD}&purpose=telemetry&effect=stopped",
    ],
)  # fmt: skip
def test_paging_neither_repeats_nor_loses_a_line(served: Served, browser: Browser, query: str) -> None:
    seen: list[int] = []
    path = f"/activity{query}"
    for _ in range(9):
        page = browser.open(path)
        lines = [int(number) for number in LINE.findall(page.text)]
        assert len(lines) <= PAGE_LINES
        seen += lines
        older = [link for link in browser.links if "before=" in link]
        if not older:
            break
        path = older[0]
    wanted = dict(part.split("=") for part in query[1:].split("&") if part)
    every = [flow(number) for number in range(1, FLOWS + 1)] + [record(1_000, "unknown")]
    expected = [
        one.flow_id
        for one in reversed(every)
        if wanted.get("device") in (None, one.device, one.device_id)
        and wanted.get("purpose") in (None, one.purpose)
        and wanted.get("effect") in (None, "passed" if one.effect == "pass" else "stopped")
    ]
    assert seen == expected


def test_a_storm_is_one_line(browser: Browser) -> None:
    browser.open("/activity")
    assert browser.text.count("1,234 times") == 1


def test_the_chain_behind_a_line(browser: Browser) -> None:
    browser.open("/activity/7")
    assert "Why was this stopped?" in browser.text
    for said in ("Front door", "control.example.com", "198.51.100.7:443/tcp", "profiles/ring-doorbell.yaml:12", "517 bytes"):
        assert said in browser.text, said
    browser.press(f"/devices/{DOOR}/allow")
    assert browser.status == 503, "and there is no gateway to ask"
    browser.open("/activity/21")
    assert "Why did this pass?" in browser.text and f"/devices/{DOOR}/allow" not in [form.action for form in browser.forms]


def test_what_it_may_also_be(browser: Browser) -> None:
    browser.open("/activity/1000")
    assert "It may also be: Pictures and video and Setting its clock" in browser.text
    assert "2001:: tcp" in browser.text


def test_what_the_gateway_remembers(served: Served, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.panel.link, "ask", lambda do, flow: {"would_pass_if": f"<b>{do} {flow}"})
    page = browser.open("/activity/7").text
    assert "It would pass if:" in page and "&lt;b&gt;explain 7" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/activity?purpose=odd", 404), ("/activity?before=x", 400), ("/activity?before=-1", 400), ("/activity?before=", 200),
        ("/activity?before=" + "9" * 18, 200), ("/activity?before=" + "9" * 5_000, 400), ("/activity?before=1.5", 400),
        ("/activity?before=%D9%A3", 400), ("/activity?effect=odd", 200), ("/activity?device=nobody", 200),
        ("/activity?device=%00%F0%9F%98%80" + "x" * 300, 200), ("/activity?device=a&device=b", 200), ("/activity?odd=1", 200),
        ("/activity/8", 404), ("/activity/-1", 404), ("/activity/x", 404), ("/activity/" + "9" * 18, 404),
        ("/activity/" + "9" * 5_000, 404), ("/activity/%00", 404), ("/activity/7/", 200), ("/odd", 404), ("/week?x=%ff", 200),
    ],
)  # fmt: skip
def test_odd_addresses_are_pages(browser: Browser, path: str, status: int) -> None:
    page = browser.open(path)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html") and page.text.rstrip().endswith("</html>")


KEYS = st.sampled_from(["device", "purpose", "effect", "before", "next"])


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["/", "/activity", "/activity/7", f"/devices/{DOOR}", "/week", "/week.csv"]),
    query=st.one_of(st.text(max_size=60), st.dictionaries(KEYS, st.text(max_size=30), max_size=4)),
)
def test_no_query_breaks_a_page(browser: Browser, path: str, query: str | dict[str, str]) -> None:
    text = quote(query, safe="&=%?/", errors="replace") if isinstance(query, str) else urlencode(query, errors="replace")
    browser.open(f"{path}?{text}")
    assert browser.status in (200, 400, 404)


def test_an_empty_ledger_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    with lived(tmp_path_factory.mktemp("empty")) as served:
        browser = logged_in(served)
        for path in ("/activity", "/activity?purpose=video"):
            browser.open(path)
            assert browser.status == 200 and "Nothing to show" in browser.text
        assert browser.open("/activity/7").status_code == 404


def test_an_unreadable_ledger_is_no_empty_one(tmp_path: Path) -> None:
    with lived(tmp_path) as served:
        (tmp_path / "no.db").write_bytes(b"no ledger at all" * 100)
        browser = logged_in(served)
        for path in ("/", "/activity", "/week", f"/devices/{DOOR}"):
            browser.open(path)
            assert browser.status == 200 and "What happened cannot be read" in browser.text, path
            assert "Nothing to show" not in browser.text, path


def test_lines_stand_under_their_day(tmp_path: Path) -> None:
    flows = [record(number, started=NOW - DAY * (3 - number)) for number in (1, 2, 3)]
    with lived(tmp_path, flows) as served:
        days = re.findall(r'<h2 class="day">([^<]*)</h2>', logged_in(served).open("/activity").text)
    assert len(days) == len(set(days)) == 3


@pytest.mark.parametrize(
    ("dst", "dport", "proto", "expected"),
    [
        (b"\xc0\0\x02\x01", 443, 6, "192.0.2.1:443/tcp"),
        (b"\xc0\0\x02\x01", 0, 1, "192.0.2.1 icmp"),
        (b"\x20\x01\x0d\xb8" + bytes(11) + b"\1", 53, 17, "[2001:db8::1]:53/udp"),
        (b"\x20\x01\x0d\xb8" + bytes(11) + b"\1", 0, 99, "2001:db8::1 99"),
    ],
)
def test_where_it_went(dst: bytes, dport: int, proto: int, expected: str) -> None:
    assert address_of(record(1, dst=dst, dport=dport, proto=proto)) == expected
