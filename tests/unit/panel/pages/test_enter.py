"""In and out: passwords, links, waiting, languages."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.panel.access import BUSY_S, MAX_HASHES_WAITING
from tests.support.browser import Browser
from tests.support.clocks import Clock
from tests.support.panel import PHONE_AT, Served, serving

GOOD, OTHER = "seven green kettles", "eleven odd umbrellas"
STRANGER_AT = "192.168.50.66"
BOX = "https://192.168.50.1"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        served.panel.access.accounts.add("household", "owner", GOOD)
        yield served


def at(served: Served, address: str = PHONE_AT, **more: str) -> Browser:
    return Browser(served.app, url=BOX, address=address, **more)


def try_in(browser: Browser, password: str, name: str = "") -> int:
    browser.open("/login")
    browser.press("/login", password=password, name=name)
    return browser.status


def test_the_password_lets_in(served: Served) -> None:
    browser = at(served)
    browser.open("/login")
    assert "Nothing is shown and nothing can be changed here" in browser.text
    browser.press("/login", password=GOOD)
    assert (browser.status, browser.path) == (200, "/")
    assert browser.open("/login").url.path == "/"
    cookies = {cookie.name: cookie for cookie in browser.client.cookies.jar}
    assert set(cookies) == {"__Host-netcurtain-session"}
    assert cookies["__Host-netcurtain-session"].secure


@pytest.mark.parametrize(("name", "password"), [("", OTHER), ("household", OTHER), ("nobody", GOOD), ("", ""), ("<b>", GOOD)])
def test_the_answer_is_the_same_whatever_was_wrong(served: Served, name: str, password: str) -> None:
    browser = at(served)
    assert try_in(browser, password, name) == 403
    assert "That is not right. Try again." in browser.text
    assert "<b>" not in browser.response.text
    assert browser.open("/settings").url.path == "/login"


def test_a_session_is_another_one_after_logging_in_again(served: Served) -> None:
    browser = at(served)
    try_in(browser, GOOD)
    before = browser.client.cookies["__Host-netcurtain-session"]
    browser.open("/settings")
    token = browser.forms[0].values["csrf"]
    browser.send("POST", "/login", data={"csrf": token, "password": GOOD})
    assert browser.client.cookies["__Host-netcurtain-session"] != before
    assert len(served.panel.access.sessions.listed()) == 1
    thief = at(served)
    thief.client.cookies.set("__Host-netcurtain-session", before)
    assert thief.open("/settings").url.path == "/login"


def test_logging_out_ends_it_for_good(served: Served) -> None:
    browser = at(served)
    try_in(browser, GOOD)
    cookie = browser.client.cookies["__Host-netcurtain-session"]
    browser.open("/settings")
    browser.press("/logout")
    assert browser.path == "/login"
    browser.client.cookies.set("__Host-netcurtain-session", cookie)
    assert browser.open("/settings").url.path == "/login"


def test_a_session_goes_on_after_a_restart(served: Served, tmp_path: Path) -> None:
    browser = at(served)
    try_in(browser, GOOD)
    with serving(tmp_path) as again:
        later = at(again)
        later.client.cookies.update(browser.client.cookies)
        assert later.open("/settings").url.path == "/settings"


def test_a_guesser_waits_and_the_owner_does_not(served: Served, tmp_path: Path) -> None:
    owner, guesser = at(served), at(served, STRANGER_AT)
    assert try_in(owner, GOOD) == 200
    assert [try_in(guesser, f"guess number {number}") for number in range(6)] == [403] * 5 + [429]
    assert int(guesser.response.headers["retry-after"]) in (1, 2)
    assert "Too many wrong passwords" in guesser.text
    assert try_in(guesser, GOOD) == 429, "the right one is not looked at either"
    assert try_in(at(served), GOOD) == 200
    for number in range(40):
        served.panel.access.throttle.failed(f"fd00::{number:x}", "household")
    assert try_in(at(served, "192.168.50.99"), GOOD) == 429, "a new address waits by the account"
    assert try_in(at(served), GOOD) == 200, "one that is known does not"
    with serving(tmp_path) as again:
        assert try_in(at(again, STRANGER_AT), GOOD) == 429
        assert try_in(at(again), GOOD) == 200


def test_many_at_once_are_one_after_the_other(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes cost memory: one is made at a time, few wait, and the others are told to come again."""
    from gateway.panel.access import account

    alive, most = 0, 0
    real = account.verify_password

    def watched(encoded: str, password: str) -> bool:
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        found = real(encoded, password)
        alive -= 1
        return found

    monkeypatch.setattr(account, "verify_password", watched)
    browser = at(served)
    browser.open("/login")
    sent = browser.forms[0].values | {"password": OTHER}

    async def all_at_once() -> list[int]:
        posts = (browser.client.post("/login", data=sent, follow_redirects=False) for _ in range(12))
        return [response.status_code for response in await asyncio.gather(*posts)]

    statuses = asyncio.run(all_at_once())
    assert most == 1
    assert set(statuses) <= {403, 429}
    assert statuses.count(429) >= 12 - max(5, 1 + MAX_HASHES_WAITING)
    assert BUSY_S < 10


# Links.


def test_looking_at_a_link_does_not_use_it_up(served: Served) -> None:
    link = f"/enter/{served.panel.access.claim.new_link()}"
    for _ in range(3):
        preview = at(served, STRANGER_AT)
        assert preview.open(link).status_code == 200
    browser = at(served)
    browser.open(link)
    browser.press(link, "home")
    assert (browser.status, browser.path) == (200, "/")
    late = at(served)
    assert late.open(link).status_code == 410
    assert "does not work any more" in late.text


def test_two_who_press_the_button_are_one_in_and_one_out(served: Served) -> None:
    link = f"/enter/{served.panel.access.claim.new_link()}"
    first, second = at(served), at(served, STRANGER_AT)
    first.open(link)
    second.open(link)
    assert first.press(link, "home").status_code == 200
    assert second.press(link, "home").status_code == 410
    assert second.open("/settings").url.path == "/login"


def test_who_forgot_the_password_sets_a_new_one(served: Served) -> None:
    other = at(served, STRANGER_AT)
    try_in(other, GOOD)
    link = f"/enter/{served.panel.access.claim.new_link()}"
    browser = at(served)
    browser.open(link)
    browser.press(link, "password")
    assert browser.path == "/settings/password"
    browser.press("/settings/password", new=OTHER)
    assert browser.path == "/settings"
    assert other.open("/settings").url.path == "/login", "everybody else is out"
    assert try_in(at(served), GOOD) == 403
    assert try_in(at(served), OTHER) == 200


def test_a_link_claims_a_box_when_its_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path) as served:
        claim, window = served.panel.access.claim, served.panel.access._window
        monkeypatch.setattr(window, "_mono", Clock(window._began + 901))
        browser, stranger = (Browser(served.app, address=address) for address in (PHONE_AT, STRANGER_AT))
        assert browser.open("/").status_code == 403
        assert "Switch the box off and on again" in browser.text
        link = f"/enter/{claim.new_link()}"
        browser.open(link)
        browser.press(link, "home")
        assert (browser.status, browser.path) == (200, "/welcome")
        assert stranger.open("/welcome").status_code == 403
        browser.press("/welcome", password=GOOD)
        assert browser.path == "/welcome/phone"


@pytest.mark.parametrize("token", ["x", "A" * 43, "..%2f..%2fpanel.json", "%00"])
def test_made_up_links_lead_nowhere(served: Served, token: str) -> None:
    browser = at(served)
    assert browser.open(f"/enter/{token}").status_code in (404, 410)


# Languages.


@pytest.mark.parametrize(("code", "direction"), [("de", "ltr"), ("ar", "rtl"), ("en", "ltr")])
def test_a_stranger_may_choose_the_language(served: Served, code: str, direction: str) -> None:
    browser = at(served)
    browser.open("/login")
    browser.press("/language", code)
    assert browser.path == "/login"
    assert f'<html lang="{code}" dir="{direction}"' in browser.response.text
    assert browser.client.cookies["netcurtain-language"] == code


def test_an_unknown_language_is_the_browsers_own(served: Served) -> None:
    browser = at(served, language="de")
    browser.open("/login")
    browser.press("/language", "ar")
    token = browser.forms[0].values["csrf"]
    browser.send("POST", "/language", data={"csrf": token, "code": "xx", "next": "//evil.example.net"})
    assert "netcurtain-language" not in browser.client.cookies
    assert browser.response.url.host == "192.168.50.1"
