"""Home, and what all pages have in common: every state in every language, and nobody's text is anything but text."""

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from gateway.panel.pages.home import SHOWN, switches
from tests.support.browser import Browser
from tests.support.lived import NOW, lived, logged_in, record, write_ledger
from tests.support.panel import DOOR, HOUSEHOLD, LAMP, YARD, Served, row

LANGUAGES = ("en", "de", "ar")
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "\u202eevil\u2066\u200f",
    "&lt;b&gt; {{ 7*7 }} %(x)s %s",
    "x" * 255,
    "=cmd|' /C calc'!A0",
    "\x1b[31m\x07",
)
HEARD = ("/", f"/devices/{LAMP}", "/activity", "/activity/90", "/week")
PATHS = ("/", f"/devices/{LAMP}", f"/devices/{DOOR}", "/activity", f"/activity?device={LAMP}", "/activity/1", "/week")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    records = [record(number, started=NOW - 60 * number) for number in range(3, 0, -1)]
    with lived(tmp_path_factory.mktemp("home"), records) as served:
        yield served


@pytest.fixture(scope="module")
def browser(served: Served) -> Browser:
    return logged_in(served)


@pytest.fixture(autouse=True)
def usual(served: Served) -> Iterator[None]:
    """As it was, whatever a test tells the gateway to say."""
    devices, status = list(served.told.devices), dict(served.told.status)
    yield
    served.told.devices, served.told.status, served.told.down = devices, status, False
    if served.household.read_text() != HOUSEHOLD:
        served.household.write_text(HOUSEHOLD)
        served.panel.files.forget()


def crowd(count: int) -> list[dict[str, Any]]:
    return [row(f"02:00:5e:30:00:{number:02x}", f"192.168.51.{number}") for number in range(1, count + 1)]


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 11, 100])
def test_any_number_of_devices(served: Served, browser: Browser, count: int, code: str) -> None:
    served.household.write_text("version: 1\ntimezone: Europe/Berlin\n")
    served.panel.files.forget()
    served.told.devices = crowd(count)
    page = browser.open("/", **{"accept-language": code})
    assert page.status_code == 200 and f'<html lang="{code}" dir="{"rtl" if code == "ar" else "ltr"}"' in page.text
    assert page.text.count('<article class="card"') == count
    assert page.text.count('<section class="notice new">') == count
    assert ('<section class="empty">' in page.text) is (count == 0)
    if code == "en":
        assert f"{count} device{'s' if count != 1 else ''} behind the curtain" in browser.text
    if code == "ar":
        assert not re.search(r">\s*[0-9]+\s*<", page.text), "its own numerals"


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(
    "state", ["down", "fault", "nobody", "problems", "open", "question", "set up", "no names", "hostile", "guess"]
)
@pytest.mark.parametrize("path", PATHS)
def test_every_state_is_drawn(served: Served, browser: Browser, state: str, path: str, code: str) -> None:
    told = served.told
    told.devices = [*told.devices, row(LAMP, "192.168.50.50")]
    newcomer = told.devices[-1]
    if state == "down":
        told.down = True
    elif state == "fault":
        told.status |= {"policy_faults": ["household.yaml:3:1: 'presett' is no key"]}
    elif state == "nobody":
        told.devices = []
    elif state == "problems":
        told.status |= {
            "problems": [{"what": "resolver", "message": "<b>dnsmasq ended", "at": 1.0}, {"what": "x", "message": ""}]
        }
    elif state == "open":
        told.status |= {
            "grants": [grant(kind, who) for kind in ("pause", "allowance", "viewing") for who in (DOOR, LAMP, "all")]
        }
    elif state == "question":
        asked = {"purpose": "unknown", "name": "<i>odd", "asked_at": 1.0}
        told.status |= {"questions": [{**asked, "device": who} for who in (DOOR, LAMP, "gone")]}
    elif state == "set up":
        newcomer |= {"set_up_s": 754.0, "profile": "set-up"}
    elif state == "no names":
        newcomer |= {"last_seen": None, "first_seen": None, "addresses": []}
    elif state == "hostile":
        newcomer |= {"hostname": HOSTILE[0]}
    else:
        newcomer |= {"guess": {"profile": "hue-bridge", "vendor": "hue", "confidence": 0.9, "sure": True, "because": ["<b>"]}}
    page = browser.open(path, **{"accept-language": code})
    missing = path == f"/devices/{LAMP}" and state in ("down", "nobody")
    assert page.status_code == (503 if missing and state == "down" else 404 if missing else 200)
    assert page.text.rstrip().endswith("</html>") and f'<html lang="{code}"' in page.text
    assert "<script>alert" not in page.text and "<b>" not in page.text and "<i>" not in page.text


@pytest.mark.parametrize("path", ["/", f"/devices/{DOOR}"])
def test_nothing_is_offered_that_nobody_would_do(served: Served, browser: Browser, path: str) -> None:
    offered = {f"/devices/{DOOR}/pause", f"/devices/{DOOR}/view"}
    browser.open(path)
    assert offered & {form.action for form in browser.forms} and "· well" in browser.text
    served.told.down = True
    browser.open(path)
    assert not offered & {form.action for form in browser.forms} and "not seen yet" not in browser.text
    assert "does not answer" in browser.text


def grant(kind: str, who: str) -> dict[str, Any]:
    purpose = {"viewing": "video", "allowance": "time"}.get(kind)
    return {"kind": kind, "device": who, "purpose": purpose, "remaining_s": 754.4, "by": "home", "because": "<b>"}


def hear(served: Served, browser: Browser, text: str, path: str) -> str:
    """A page about a newcomer that says this wherever it can say something."""
    because = [f"calls itself {text}"]
    guess = {"profile": "", "vendor": "hue", "confidence": 0.62, "sure": False, "because": because}
    served.told.devices = [row(LAMP, "192.168.50.50", hostname=text, guess=guess, id=LAMP)]
    served.told.status |= {"questions": [{"device": LAMP, "purpose": "unknown", "name": text, "asked_at": 1.0}]}
    write_ledger(
        served.household.parents[1] / "no.db",
        [record(90, "unknown", device=LAMP, device_id=text, server_name=text, rule=text, reason=text)],
    )
    return browser.open(path).text


APART = re.compile(r"""(<(bdi|li|code|p)\b[^>]*>[^<>]*|value=")$""")
"""What isolates a text, or is a paragraph of its own."""


class Structure(HTMLParser):
    """What a page is made of, without its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "quotes", "bidi", "templates", "255 bytes", "formula", "control"])
@pytest.mark.parametrize("path", HEARD)
def test_what_a_device_says_is_text(served: Served, browser: Browser, text: str, path: str) -> None:
    page = hear(served, browser, text, path)
    assert Structure(page).found == Structure(hear(served, browser, "harmless", path)).found
    if path != "/week":
        assert html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;") in page


@pytest.mark.parametrize("path", HEARD)
def test_text_that_turns_around_is_kept_apart(served: Served, browser: Browser, path: str) -> None:
    page = hear(served, browser, "\u202eevil", path)
    for at in (at.start() for at in re.finditer("\u202e", page)):
        assert APART.search(page[:at]), page[at - 80 : at]


def test_who_only_looks_sees_no_buttons(served: Served) -> None:
    bea = logged_in(served, "bea")
    served.told.status |= {
        "grants": [grant("viewing", "front-door")],
        "questions": [{"device": "yard", "purpose": "unknown", "name": "odd", "asked_at": 1.0}],
    }
    for path in ("/", f"/devices/{DOOR}", "/activity", "/activity/1", "/week"):
        assert bea.open(path).status_code == 200
        assert {form.action for form in bea.forms} <= {"/language", "/activity"}, path


def test_switches_show_what_somebody_decided_or_it_did(served: Served) -> None:
    house = served.panel.house.view()
    door, yard = house.device(DOOR), house.device(YARD)
    assert door is not None and yard is not None
    assert {one.purpose for one in switches(door)} == {"mesh-sharing", "telemetry", "video"} or "telemetry" in {
        one.purpose for one in switches(door)
    }
    assert all(one.purpose in SHOWN for device in house.devices for one in switches(device))
    assert "telemetry" not in {one.purpose for one in switches(yard)} and "video" in {one.purpose for one in switches(yard)}


def test_the_newest_question_of_each_device(served: Served, browser: Browser) -> None:
    served.told.status |= {
        "questions": [
            {"device": who, "purpose": "unknown", "name": f"{name}.example.com", "asked_at": at}
            for who, name, at in (("front-door", "first", 1.0), ("front-door", "second", 2.0), (DOOR, "older", 0.5))
        ]
    }
    browser.open("/")
    assert "second.example.com" in browser.text
    assert "first.example.com" not in browser.text and "older.example.com" not in browser.text


def test_no_style_and_no_script_within_pages(browser: Browser) -> None:
    for path in PATHS[2:]:
        page = browser.open(path).text
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?! src=)|javascript:", page), path
