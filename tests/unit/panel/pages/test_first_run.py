"""First run: what it costs, what it writes, and who may do it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.purpose import Purpose
from gateway.panel.pages.first_run import VIEWINGS
from gateway.policy import load
from tests.support.browser import Browser
from tests.support.clocks import Clock
from tests.support.panel import DOOR, GUEST, PHONE, PHONE_AT, YARD, Served, Told, row, serving

GOOD = "seven green kettles"
MOST_CLICKS, MOST_FIELDS = 9, 4


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


def phone_of(served: Served, **more: str) -> Browser:
    return Browser(served.app, address=PHONE_AT, **more)


def claimed(served: Served, address: str = PHONE_AT) -> Browser:
    browser = Browser(served.app, address=address)
    browser.open("/")
    browser.press("/welcome", password=GOOD)
    return browser


def test_the_whole_of_it_costs_few_clicks_and_fields(served: Served) -> None:
    """With another language, one's own phone, and two cameras answered one by one."""
    browser = phone_of(served)
    browser.open("/")
    browser.press("/language", "en")
    browser.press("/welcome", password=GOOD)
    assert "Annas-iPhone" in browser.text
    browser.press("/welcome/phone", "claim", name="Anna")
    assert browser.path == f"/welcome/camera/{DOOR}"
    browser.press(browser.path, "away")
    assert browser.path == f"/welcome/camera/{YARD}"
    browser.press(browser.path, "button")
    assert browser.path == "/welcome/done"
    browser.follow("/")
    assert browser.path == "/"
    assert (browser.clicks, browser.fields) == (6, 2)
    assert browser.clicks + 2 <= MOST_CLICKS, "two are left for a switch to be opened and thrown"
    assert browser.fields <= MOST_FIELDS


@pytest.mark.parametrize("cameras", [5, 7])
def test_many_cameras_cost_no_more_than_five(tmp_path: Path, cameras: int) -> None:
    entries = "".join(f'  cam-{n}: {{mac: "02:00:5e:11:00:{n:02x}", profile: camera}}\n' for n in range(cameras))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/household.yaml").write_text(f"version: 1\ndevices:\n{entries}", encoding="utf-8")
    with serving(tmp_path, Told(devices=[row(PHONE, PHONE_AT)])) as served:
        browser = claimed(served)
        browser.press("/welcome/phone", "skip")
        browser.press(browser.path, "home")
        browser.press(browser.path, "home", tick=("all",))
        assert browser.path == "/welcome/done"
        assert served.household.read_text().count("panel+home") == cameras
        browser.follow("/")
        assert browser.clicks + 2 <= MOST_CLICKS


def test_what_was_said_stands_in_the_files(served: Served) -> None:
    browser = claimed(served)
    browser.press("/welcome/phone", "claim", name="Änne Bö")
    browser.press(browser.path, "away")
    browser.press(browser.path, "home")
    policy = load(served.household.parent).policy
    assert policy is not None
    phone = policy.devices[PHONE].device
    assert (phone.trusted, phone.owner) == (True, "anne-bo")
    viewings = {mac: policy.devices[mac].levels[0].rules[Purpose.VIDEO].viewing for mac in (DOOR, YARD)}
    assert viewings == {DOOR: "evidence", YARD: "panel+home"}
    assert served.household.read_text().startswith("# Ours.\n"), "and nothing else was touched"


def test_every_answer_says_what_it_costs(served: Served) -> None:
    browser = claimed(served)
    browser.press("/welcome/phone", "skip")
    assert "may you see and answer the door when you are away?" in browser.text
    for answer in VIEWINGS.values():
        assert answer.gives in browser.text and answer.costs in browser.text
    browser.press(browser.path, "")
    assert "may you see its picture when you are away?" in browser.text
    browser.press(browser.path, "")
    assert browser.path == "/welcome/done"
    assert "rules" not in served.household.read_text(), "leaving it writes nothing"


def test_where_the_phone_cannot_be_seen_it_is_chosen(served: Served) -> None:
    browser = claimed(served, "192.168.1.20")
    assert "cannot be seen from here" in browser.text
    browser.press("/welcome/phone", "claim", phone=GUEST, name="")
    policy = load(served.household.parent).policy
    assert policy is not None and policy.devices[GUEST].device.owner == "owner"
    assert browser.fields <= MOST_FIELDS


@pytest.mark.parametrize("phone", [DOOR, "02:00:00:00:00:00", "", "x"])
def test_nothing_but_a_phone_becomes_one(served: Served, phone: str) -> None:
    browser = claimed(served)
    sent = browser.forms[0].values | {"phone": phone, "do": "claim"}
    assert browser.send("POST", "/welcome/phone", data=sent).status_code == 422
    assert "owners" not in served.household.read_text()


def test_a_camera_that_only_looks_like_one_is_confirmed_by_its_answer(tmp_path: Path) -> None:
    new = row("02:00:5e:10:00:07", "192.168.50.47", profile="wyze-cam", family="camera", hostname="WYZE_CAM")
    with serving(tmp_path, Told(devices=[new])) as served:
        served.household.write_text("version: 1\n", encoding="utf-8")
        browser = claimed(served)
        browser.press("/welcome/phone", "skip")
        assert "WYZE_CAM" in browser.text
        browser.press(browser.path, "button")
        assert browser.path == "/welcome/done"
        policy = load(served.household.parent).policy
        assert policy is not None
        device = policy.devices["02:00:5e:10:00:07"].device  # type: ignore[index]
        assert (device.profile, device.confirmed) == ("wyze-cam", True)


def test_files_that_cannot_be_changed_stop_nobody(served: Served) -> None:
    browser = claimed(served)
    served.household.write_text("version: 1\nodd: true\n", encoding="utf-8")
    browser.press("/welcome/phone", "claim", name="Anna")
    assert (browser.status, browser.path) == (409, "/welcome/phone")
    assert "odd" in browser.text
    browser.press("/welcome/phone", "skip")
    assert browser.status == 200


def test_without_a_gateway_it_goes_on(served: Served) -> None:
    served.told.down = True
    browser = claimed(served, "192.168.50.200")
    assert "does not answer just now" in browser.text
    browser.press("/welcome/phone", "skip")
    assert browser.path.startswith("/welcome/camera/"), "the files name cameras"


# Who may.


def test_the_first_password_has_to_be_strong(served: Served) -> None:
    browser = phone_of(served)
    browser.open("/")
    for weak, sentence in (("x7!kQ2z", "too short"), ("netcurtain-1", "is a name"), ("9876543210", "follows the keys")):
        browser.press("/welcome", password=weak)
        assert browser.status == 422 and sentence in browser.text
        assert weak not in browser.response.text
    assert not served.panel.access.is_claimed


def test_a_box_is_claimed_once(served: Served) -> None:
    first, second = phone_of(served), Browser(served.app, address="192.168.50.66")
    first.open("/")
    second.open("/")
    first.press("/welcome", password=GOOD)
    second.press("/welcome", password="eleven odd umbrellas")
    assert second.path == "/login"
    assert second.open("/welcome/phone").url.path == "/login"
    assert served.panel.access.accounts.verify("household", GOOD)


def test_who_claimed_is_not_locked_out_by_others(served: Served) -> None:
    claimed(served)
    for number in range(40):
        served.panel.access.throttle.failed(f"fd00::{number:x}", "household")
    assert served.panel.access.throttle.wait_s("192.168.50.99", "household") > 0
    assert served.panel.access.throttle.wait_s(PHONE_AT, "household") == 0


def test_after_a_while_nobody_claims_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    window = served.panel.access._window
    clock = Clock(window._began + 899)
    monkeypatch.setattr(window, "_mono", clock)
    browser = phone_of(served)
    assert browser.open("/welcome").status_code == 200
    clock.pass_by(2)
    browser.press("/welcome", password=GOOD)
    assert browser.status == 403
    assert not served.panel.access.is_claimed


def test_a_box_that_lost_its_file_is_nobodys_to_take(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/panel.json").write_bytes(b"\0" * 64)
    with serving(tmp_path) as served:
        browser = phone_of(served)
        assert browser.open("/").status_code == 403
        link = f"/enter/{served.panel.access.claim.new_link()}"
        browser.open(link)
        browser.press(link, "home")
        browser.press("/welcome", password=GOOD)
        assert browser.path == "/welcome/phone"


def test_accounts_of_another_version_are_nobodys_to_replace(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.panel.access.keep.put("accounts", [{"name": "household", "of": "tomorrow"}])
    with serving(tmp_path) as again:
        assert not again.panel.access.is_claimed
        assert phone_of(again).open("/").status_code == 403


def test_a_full_card_is_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(served.panel.access.keep._store, "write", refuse)
    browser = phone_of(served)
    browser.open("/")
    browser.press("/welcome", password=GOOD)
    assert browser.status == 422 and "Is the card full" in browser.text
    assert not served.panel.access.is_claimed


def test_who_left_in_the_middle_goes_on_after_logging_in(served: Served) -> None:
    claimed(served)
    later = phone_of(served)
    later.open("/login")
    later.press("/login", password=GOOD)
    assert later.path == "/welcome/phone"
    later.open("/welcome/done")
    again = phone_of(served)
    again.open("/login")
    again.press("/login", password=GOOD)
    assert again.path == "/"


def test_over_the_air_it_goes_on_over_https(served: Served) -> None:
    """Without a certificate nobody is asked twice: the box is claimed in the clear, and everything after that needs HTTPS."""
    plain = phone_of(served, url="http://192.168.50.1")
    plain.open("/")
    plain.press("/welcome", password=GOOD)
    assert plain.path == "/certificate"
    secure = phone_of(served, url="https://192.168.50.1")
    secure.open("/")
    secure.press("/login", password=GOOD)
    assert secure.path == "/welcome/phone"
    secure.press("/welcome/phone", "claim", name="Anna")
    secure.press(secure.path, "away", tick=("all",))
    assert secure.path == "/welcome/done"
    assert plain.fields + secure.fields == 3 <= MOST_FIELDS


def test_what_is_typed_can_be_hidden_without_scripts(served: Served) -> None:
    browser = phone_of(served)
    browser.open("/")
    assert 'type="text"' in browser.response.text
    browser.follow("/welcome?hide=1")
    assert 'type="password"' in browser.response.text
    browser.press("/welcome", password="short")
    assert 'type="password"' in browser.response.text
