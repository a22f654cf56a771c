"""A device's page, and what people do there: what is done, what is refused, and that odd forms break nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model.action import Action
from gateway.model.purpose import Purpose
from gateway.panel.gateway_link import GatewayLink
from tests.support.browser import Browser
from tests.support.lived import DAY, NOW, lived, logged_in, record
from tests.support.loading import load_known
from tests.support.panel import DOOR, GUEST, LAMP, PHONE, PHONE_AT, Served, row
from tests.support.scripted_gateway import Refusal, ScriptedGateway, scripted

WHO = {"device": "front-door"}
AT = f"/devices/{DOOR}"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    tries = [record(1, started=NOW - 9 * 3_600), record(2, "control", "pass", grant="pause"), record(3, "control", "pass")]
    with lived(tmp_path, tries) as served:
        yield served


@pytest.fixture
def browser(served: Served) -> Browser:
    browser = logged_in(served)
    browser.open(AT)
    return browser


@pytest.fixture
def gateway(served: Served) -> Iterator[ScriptedGateway]:
    def open_it(args: Any) -> dict[str, Any]:
        if args.get("seconds", 0) > 40_000:
            raise Refusal("too-long", "a day is too long")
        return {"kind": "pause", "device": args["device"], "purpose": args.get("purpose"), "remaining_s": 60}

    link = served.panel.link
    with scripted(
        link.control, pause=open_it, allow=open_it, view=open_it, stop=lambda _: [open_it({"device": "x"})]
    ) as gateway:
        yield gateway
    GatewayLink.close(link)


def action(served: Served, purpose: Purpose, mac: str = DOOR) -> Action:
    policy = load_known(served.household.parent).policy
    assert policy is not None
    return policy.devices[mac].table[purpose][0].action  # type: ignore[index]


def send(browser: Browser, path: str, **fields: str) -> int:
    token = browser.forms[0].values
    browser.send("POST", path, data={**token, "next": AT, **fields}, follow_redirects=False)
    return browser.status


def test_a_switch_is_thrown_and_taken_back(served: Served, browser: Browser) -> None:
    assert action(served, Purpose.UPDATE) is not Action.BLOCK
    assert send(browser, f"{AT}/rule", purpose="update", action="block") == 303
    assert browser.response.headers["location"] == AT
    assert action(served, Purpose.UPDATE) is Action.BLOCK
    browser.open(AT)
    assert "Front door: Software updates – stopped." in browser.text
    browser.press("/undo")
    assert browser.path == AT and action(served, Purpose.UPDATE) is not Action.BLOCK
    assert "/undo" not in [form.action for form in browser.forms]


@pytest.mark.parametrize(
    ("verb", "fields", "asked"),
    [
        ("pause", {}, ("pause", {"device": "front-door", "seconds": 600.0})),
        ("pause", {"purpose": "time", "seconds": "60"}, ("pause", {**WHO, "seconds": 60.0, "purpose": "time"})),
        ("allow", {"purpose": "time"}, ("allow", {"device": "front-door", "seconds": 3_600.0, "purpose": "time"})),
        ("view", {}, ("view", {"device": "front-door"})),
        ("stop", {"kind": "viewing", "purpose": "video"}, ("stop", {**WHO, "kind": "viewing", "purpose": "video"})),
        ("stop", {}, ("stop", {"device": "front-door"})),
    ],
)  # fmt: skip
def test_what_the_gateway_is_asked(
    browser: Browser, gateway: ScriptedGateway, verb: str, fields: dict[str, str], asked: tuple[str, dict[str, Any]]
) -> None:
    assert send(browser, f"{AT}/{verb}", **fields) == 303
    assert [(one.do, dict(one.args)) for one in gateway.asked] == [asked]


@pytest.mark.parametrize(
    ("verb", "fields", "status"),
    [
        ("rule", {"action": "block"}, 400),
        ("rule", {"purpose": "odd", "action": "block"}, 400),
        ("rule", {"purpose": "time", "action": "odd"}, 400),
        ("allow", {}, 400),
        ("allow", {"purpose": "TIME"}, 400),
        ("pause", {"seconds": "0"}, 400),
        ("pause", {"seconds": "-5"}, 400),
        ("pause", {"seconds": "1e9"}, 400),
        ("pause", {"seconds": "٦٠"}, 400),
        ("pause", {"seconds": "86401"}, 400),
        ("pause", {"seconds": "9" * 4_000}, 400),
        ("pause", {"seconds": "86400"}, 503),
        ("confirm", {"profile": "odd"}, 409),
        ("confirm", {}, 409),
        ("odd", {}, 404),
    ],
)
def test_what_does_not_fit_is_a_page_and_no_change(
    served: Served, browser: Browser, gateway: ScriptedGateway, verb: str, fields: dict[str, str], status: int
) -> None:
    before = served.household.read_text()
    assert send(browser, f"{AT}/{verb}", **fields) == status
    assert browser.response.text.rstrip().endswith("</html>")
    assert served.household.read_text() == before and served.panel.changes.recent() == ()


@pytest.mark.parametrize("verb", ["rule", "pause", "allow", "view", "stop", "confirm"])
def test_who_only_looks_is_refused(served: Served, verb: str) -> None:
    before, bea = served.household.read_text(), logged_in(served, "bea")
    bea.open(AT)
    assert {form.action for form in bea.forms} == {"/language"}
    assert send(bea, f"{AT}/{verb}", purpose="time", action="block", profile="echo", seconds="60") == 403
    assert "may look, but not change" in bea.text
    assert served.household.read_text() == before


def test_without_a_gateway_it_is_said_what_protects(browser: Browser) -> None:
    assert send(browser, f"{AT}/pause") == 503
    assert "What still protects" in browser.text


def test_a_newcomer_is_named(served: Served, browser: Browser) -> None:
    served.told.devices.append(row(LAMP, "192.168.50.50", hostname="Philips-hue"))
    browser.open(f"/devices/{LAMP}")
    browser.press(f"/devices/{LAMP}/confirm", profile="hue-bridge", name="Lamp in the hall")
    assert browser.status == 200 and "Lamp in the hall" in browser.text
    assert browser.open("/devices/lamp-in-the-hall").status_code == 200


def test_a_newcomer_cannot_be_switched_yet(served: Served, browser: Browser) -> None:
    served.told.devices.append(row(LAMP, "192.168.50.50"))
    assert send(browser, f"/devices/{LAMP}/rule", purpose="time", action="block") == 409
    assert "Say first what" in browser.text


def test_what_passed_only_because_of_a_pause(served: Served, browser: Browser) -> None:
    assert "What passed only because everything was let through" in browser.text
    assert "Doing its job: 1 time" in browser.text and "control.example.com" in browser.text
    served.told.status["grants"] = [{"kind": "pause", "device": "front-door", "purpose": None, "remaining_s": 60}]
    browser.open(AT)
    assert "What passed only because" not in browser.text, "not while it lasts"


@pytest.mark.parametrize(("age", "is_told"), [(0.9 * DAY, True), (1.1 * DAY, False)])
def test_a_pause_of_long_ago_is_not_told(tmp_path: Path, age: float, is_told: bool) -> None:
    with lived(tmp_path, [record(1, "control", "pass", grant="pause", started=NOW - age)]) as served:
        browser = logged_in(served)
        browser.open(AT)
        assert ("What passed only because" in browser.text) is is_told


@pytest.mark.parametrize(
    "named", ["nobody", "front%20door", "%00", "%F0%9F%98%80", "x" * 3_000, "..%2f..", "%3Cscript%3E", "-1"]
)
def test_there_is_no_such_device(browser: Browser, named: str) -> None:
    browser.open(f"/devices/{named}")
    assert browser.status == 404 and "There is no such page" in browser.text


def test_a_phone_has_no_switches(served: Served, browser: Browser) -> None:
    served.told.devices[2] |= {"trusted": True}
    browser.open(f"/devices/{PHONE}")
    assert browser.status == 200 and "not judged" in browser.text
    assert not [form for form in browser.forms if form.action.startswith("/devices/")]


# Forgetting.


@pytest.fixture
def memory(served: Served) -> Iterator[ScriptedGateway]:
    with scripted(served.panel.link.control, forget=lambda args: {"mac": args["device"]}, keep=lambda args: {}) as gateway:
        yield gateway
    GatewayLink.close(served.panel.link)


def owner_of(served: Served, *macs: str) -> None:
    """These phones are Anna's."""
    for mac in macs:
        served.panel.changes.claim_phone(mac, "anna")
        next(one for one in served.told.devices if one["mac"] == mac)["trusted"] = True


def test_what_forgetting_means_is_said_first_and_then_it_is_done(
    served: Served, browser: Browser, memory: ScriptedGateway
) -> None:
    before = served.household.read_text()
    assert f'href="{AT}/forget"' in browser.response.text
    browser.open(f"{AT}/forget")
    assert browser.status == 200 and "Forget Front door?" in browser.text
    for part in ("These go for ever", "comes back as a new device", "What stays: comments", "Forget it in 30 seconds"):
        assert part in browser.text
    assert "owner" not in browser.text and served.household.read_text() == before and not memory.verbs(), "only asked"
    browser.press(f"{AT}/forget")
    assert browser.path == "/" and "Front door will be forgotten, with everything it did." in browser.text
    assert DOOR not in served.household.read_text() and memory.verbs() == ["forget"]
    browser.press("/undo")
    assert served.household.read_text() == before and memory.verbs() == ["forget", "keep"]


@pytest.mark.parametrize(
    ("phones", "here", "said", "unsaid"),
    [
        ((PHONE,), False, ("is the last phone of an owner", "opens no camera's picture"), ("You are using it now",)),
        ((PHONE, GUEST), False, ("opens no camera's picture",), ("the last phone", "You are using it now")),
        ((PHONE,), True, ("You are using it now", "is the last phone"), ()),
    ],
    ids=["the last one", "one of two", "the one in hand"],
)
def test_what_it_means_for_an_owners_phone(
    served: Served, phones: tuple[str, ...], here: bool, said: tuple[str, ...], unsaid: tuple[str, ...]
) -> None:
    owner_of(served, *phones)
    for mac in phones:
        next(one for one in served.told.devices if one["mac"] == mac)["addresses"] = ["192.168.50.99"]
    if here:
        served.told.devices[2]["addresses"] = [PHONE_AT]
    browser = logged_in(served)
    browser.open(f"/devices/{PHONE}/forget")
    assert browser.status == 200
    assert all(part in browser.text for part in said) and not any(part in browser.text for part in unsaid)


def test_who_may_only_look_forgets_nobody(served: Served, memory: ScriptedGateway) -> None:
    browser = logged_in(served, "bea")
    browser.open(AT)
    assert "/forget" not in browser.response.text
    assert browser.open(f"{AT}/forget").status_code == 403
    assert send(browser, f"{AT}/forget") == 403 and not memory.verbs()


def test_without_the_gateway_nothing_is_forgotten(served: Served, browser: Browser) -> None:
    before = served.household.read_text()
    assert send(browser, f"{AT}/forget") == 503 and served.household.read_text() == before


def test_one_that_is_about_to_be_forgotten_says_so(served: Served, browser: Browser) -> None:
    served.told.status["forgetting"] = [{"mac": DOOR, "remaining_s": 12.0, "erasing": False}]
    browser.open(AT)
    assert "about to be forgotten" in browser.text and "/forget" not in browser.response.text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    verb=st.sampled_from(["rule", "pause", "allow", "view", "stop", "confirm", "forget"]),
    named=st.sampled_from([DOOR, LAMP, "front-door", "x"]),
    fields=st.dictionaries(
        st.sampled_from(["action", "purpose", "seconds", "kind", "profile", "name", "next"]),
        st.one_of(st.text(max_size=40), st.sampled_from(["time", "block", "60", "pause", "echo", "//evil.example.net"])),
        max_size=6,
    ),
)
def test_no_form_breaks_anything(served: Served, browser: Browser, verb: str, named: str, fields: dict[str, str]) -> None:
    clean = {key: value.encode("utf-8", "replace").decode() for key, value in fields.items()}
    browser.open(AT)
    status = send(browser, f"/devices/{named}/{verb}", **clean)
    assert status in (303, 400, 404, 409, 503)
    if status == 303:
        assert browser.response.headers["location"].startswith("/") and "evil" not in browser.response.headers["location"][:3]
    policy = load_known(served.household.parent).policy
    assert policy is not None, "whatever was written holds no fault"
