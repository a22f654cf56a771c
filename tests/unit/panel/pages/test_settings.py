"""Settings: what each of them changes, and for whom they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.policy import load
from tests.support.browser import Browser
from tests.support.panel import DOOR, GUEST, PHONE, PHONE_AT, Served, serving

GOOD, OTHER, THIRD = "seven green kettles", "eleven odd umbrellas", "nine slow rivers"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        served.panel.access.accounts.add("household", "owner", GOOD)
        served.panel.access.add_reader("bea", OTHER)
        yield served


def logged_in(served: Served, name: str = "household", password: str = GOOD, address: str = PHONE_AT) -> Browser:
    browser = Browser(served.app, address=address, url="https://192.168.50.1")
    browser.open("/login?next=/settings")
    browser.press("/login", password=password, name=name)
    assert browser.path == "/settings"
    return browser


def owner_of(served: Served, mac: str) -> str:
    policy = load(served.household.parent).policy
    assert policy is not None
    return policy.devices[mac].device.owner  # type: ignore[index]


def test_phones_come_and_go(served: Served) -> None:
    browser = logged_in(served)
    browser.press("/settings/phones", phone=PHONE, name="Anna")
    assert "may see the cameras' pictures" in browser.text
    assert owner_of(served, PHONE) == "anna"
    assert "this one" in browser.text
    browser.press("/settings/phones", phone=GUEST, name="Anna")
    assert owner_of(served, GUEST) == "anna"
    browser.press("/settings/phones/remove", PHONE)
    assert (owner_of(served, PHONE), owner_of(served, GUEST)) == ("", "anna")


@pytest.mark.parametrize("phone", [DOOR, "", "x"])
def test_gadgets_are_no_phones(served: Served, phone: str) -> None:
    browser = logged_in(served)
    sent = browser.forms[-2].values | {"phone": phone}
    assert browser.send("POST", "/settings/phones", data=sent).status_code == 422
    assert browser.send("POST", "/settings/phones/remove", data=sent).url.path == "/settings"


def test_the_password_is_changed_with_the_old_one(served: Served) -> None:
    browser, elsewhere = logged_in(served), logged_in(served, address="192.168.50.12")
    browser.open("/settings/password")
    browser.press("/settings/password", old=OTHER, new=THIRD)
    assert browser.status == 403 and "The old password is not right" in browser.text
    browser.press("/settings/password", old=GOOD, new="password-1")
    assert browser.status == 422 and "guessed first" in browser.text
    browser.press("/settings/password", old=GOOD, new=THIRD)
    assert (browser.status, browser.path) == (200, "/settings")
    assert elsewhere.open("/settings").url.path == "/login"
    assert served.panel.access.accounts.verify("household", THIRD)


def test_guessing_the_old_password_has_to_wait_too(served: Served) -> None:
    browser = logged_in(served)
    browser.open("/settings/password")
    statuses = [browser.press("/settings/password", old=f"guess {n}", new=THIRD).status_code for n in range(6)]
    assert statuses == [403] * 5 + [429]


def test_an_account_for_looking_is_added_and_removed(served: Served) -> None:
    browser = logged_in(served)
    browser.press("/settings/accounts", name="Grandma", password=THIRD)
    assert "grandma" in browser.text
    reader = logged_in(served, "grandma", THIRD, "192.168.50.12")
    browser.open("/settings")
    browser.press("/settings/accounts/remove", "grandma")
    assert "grandma –" not in browser.text
    assert reader.open("/settings").url.path == "/login"


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("bea", THIRD, "There is an account of that name"),
        ("a b", THIRD, "no spaces"),
        ("carl", "carl-carl-1", "is a name"),
        ("carl", "short", "too short"),
    ],
)
def test_what_is_wrong_with_an_account_is_told(served: Served, name: str, password: str, sentence: str) -> None:
    browser = logged_in(served)
    browser.press("/settings/accounts", name=name, password=password)
    assert browser.status == 422 and sentence in browser.text
    assert len(served.panel.access.accounts) == 2


@pytest.mark.parametrize("name", ["household", "Household "])
def test_the_households_account_stays(served: Served, name: str) -> None:
    browser = logged_in(served)
    token = browser.forms[0].values["csrf"]
    assert browser.send("POST", "/settings/accounts/remove", data={"csrf": token, "name": name}).status_code == 422
    assert served.panel.access.is_claimed


def test_sessions_are_seen_and_ended(served: Served) -> None:
    browser, tablet = logged_in(served), logged_in(served, address="192.168.50.12")
    browser.open("/settings")
    assert "192.168.50.12" in browser.text
    other = next(one for one in served.panel.access.sessions.listed() if one.address == "192.168.50.12")
    browser.press("/settings/sessions/end", other.id)
    assert "Logged out there." in browser.text
    assert tablet.open("/settings").url.path == "/login"
    logged_in(served, address="192.168.50.13")
    browser.open("/settings")
    browser.press("/settings/sessions/end", "others")
    assert len(served.panel.access.sessions.listed()) == 1
    mine = served.panel.access.sessions.listed()[0]
    browser.press("/settings/sessions/end", mine.id)
    assert browser.path == "/login"


def test_who_may_only_look_sees_their_own(served: Served) -> None:
    owner, reader = logged_in(served), logged_in(served, "bea", OTHER, "192.168.50.12")
    reader.open("/settings")
    assert "Who may log in" not in reader.text and PHONE_AT not in reader.text
    others = next(one for one in served.panel.access.sessions.listed() if one.account == "household")
    token = reader.forms[0].values["csrf"]
    reader.send("POST", "/settings/sessions/end", data={"csrf": token, "session": others.id})
    assert owner.open("/settings").url.path == "/settings"
    for path in ("phones", "phones/remove", "password", "accounts", "accounts/remove"):
        assert reader.send("POST", f"/settings/{path}", data={"csrf": token, "name": "x"}).status_code == 403
    assert reader.open("/settings/password").status_code == 403


def test_files_that_hold_a_fault_are_not_written(served: Served) -> None:
    browser = logged_in(served)
    browser.press("/settings/phones", phone=PHONE, name="Anna")
    before = served.household.read_text() + "odd: true\n"
    served.household.write_text(before, encoding="utf-8")
    served.panel.files.forget()
    browser.press("/settings/phones", phone=GUEST, name="Anna")
    assert browser.status == 409 and "odd" in browser.text
    browser.press("/settings/phones/remove", PHONE)
    assert browser.status == 409
    assert served.household.read_text() == before


def test_a_full_card_changes_nothing_and_is_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = logged_in(served)

    def refuse(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(served.panel.access.keep._store, "write", refuse)
    browser.press("/settings/accounts", name="carl", password=THIRD)
    assert browser.status == 409 and "cannot write to its card" in browser.text
    browser.press("/settings/accounts/remove", "bea")
    assert browser.status == 409
    browser.open("/settings/password")
    browser.press("/settings/password", old=GOOD, new=THIRD)
    assert browser.status == 409
    assert [one.name for one in served.panel.access.accounts.listed()] == ["household", "bea"]
    assert served.panel.access.accounts.verify("household", GOOD)


def test_the_box_says_how_it_is(served: Served) -> None:
    browser = logged_in(served)
    assert "Everything is in order." in browser.text
    served.told.status["problems"] = [
        {"what": "dnsmasq", "message": "it ended", "at": 1.0},
        {"what": "queue", "message": "it was full", "at": 1.0, "over_at": 2.0},
    ]
    served.told.status["clock_trusted"] = False
    browser.open("/settings")
    assert "dnsmasq: it ended" in browser.text and "it was full" not in browser.text
    assert "does not know the time for certain" in browser.text
    served.told.down = True
    browser.open("/settings")
    assert browser.status == 200 and "the gateway is not running" in browser.text


def test_what_only_takes_forms_leads_back(served: Served) -> None:
    browser = logged_in(served)
    assert browser.open("/settings/accounts").url.path == "/settings"
    assert "in order" in browser.open("/settings?done=odd").text
