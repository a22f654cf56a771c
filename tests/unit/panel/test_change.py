"""Changes of real files and at a real control socket, and each of them taken back."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.edge.control_client import ControlError
from gateway.model.action import Action
from gateway.model.policy import DevicePolicy, Policy
from gateway.model.purpose import Purpose
from gateway.panel.change import MAX_KEPT, UNDO_S, Changes, NotDone
from gateway.panel.files import Files
from gateway.panel.gateway_link import GatewayLink
from tests.support.loading import load_known
from tests.support.panel import DOOR, HOUSEHOLD, LAMP, PHONE
from tests.support.scripted_gateway import Refusal, ScriptedGateway, scripted

KINDS = {"pause": "pause", "allow": "allowance", "view": "viewing"}


class Opened:
    """What is open at the gateway."""

    def __init__(self) -> None:
        self.grants: list[dict[str, Any]] = []

    def answers(self) -> dict[str, Any]:
        return {"stop": self.stop, **{verb: self.opener(kind) for verb, kind in KINDS.items()}}

    def opener(self, kind: str) -> Any:
        def open_it(args: Mapping[str, Any]) -> dict[str, Any]:
            if args["device"] == "nobody":
                raise Refusal("unknown-device", "no device is called 'nobody'")
            purpose = "video" if kind == "viewing" else args.get("purpose")
            grant = {"kind": kind, "device": args["device"], "purpose": purpose, "remaining_s": args.get("seconds", 900)}
            self.grants.append(grant)
            return grant

        return open_it

    def stop(self, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        ended = [one for one in self.grants if all(args.get(key) in (None, one[key]) for key in ("device", "kind", "purpose"))]
        self.grants = [one for one in self.grants if one not in ended]
        return ended


class Home:
    """A household's folder, and who changes it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.opened = folder / "policies", [0.0], Opened()
        self.folder.mkdir()
        self.file = self.folder / "household.yaml"
        self.file.write_text(HOUSEHOLD, encoding="utf-8")
        self.link = GatewayLink(folder / "control.sock")
        self.changes = self.other()

    def other(self) -> Changes:
        files = Files((self.folder,), mono=lambda: self.clock[0])
        return Changes((self.folder,), files, self.link, mono=lambda: self.clock[0])

    def policy(self) -> Policy:
        found = load_known(self.folder)
        assert found.policy is not None, found.faults
        return found.policy

    def entry(self, mac: str = DOOR) -> DevicePolicy:
        return self.policy().devices[mac]  # type: ignore[index]

    def action(self, purpose: Purpose, mac: str = DOOR) -> Action:
        return self.entry(mac).table[purpose][0].action

    def texts(self) -> dict[str, str]:
        return {str(path.relative_to(self.folder)): path.read_text() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.link.close()


@pytest.fixture
def gateway(home: Home) -> Iterator[ScriptedGateway]:
    with scripted(home.link.control, **home.opened.answers()) as gateway:
        yield gateway


@pytest.mark.parametrize(("named", "action"), [("front-door", Action.BLOCK), *((DOOR, action) for action in Action)])
def test_a_rule_is_set_and_undone(home: Home, named: str, action: Action) -> None:
    before = home.texts()
    change = home.changes.set_rule(named, Purpose.TELEMETRY, action)
    assert home.action(Purpose.TELEMETRY) is action
    assert (change.values["device"], change.values["state"]) == ("front-door", action)
    assert "# Ours." in home.file.read_text()
    home.changes.undo(change.token)
    assert home.texts() == before


def test_as_recommended_again(home: Home) -> None:
    usual, before = home.action(Purpose.UPDATE), home.texts()
    home.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK)
    thrown = home.texts()
    back = home.changes.set_rule(DOOR, Purpose.UPDATE, None)
    assert home.action(Purpose.UPDATE) is usual
    home.changes.undo(back.token)
    assert home.texts() == thrown != before


def test_what_was_not_set_cannot_be_unset_and_that_is_no_fault(home: Home) -> None:
    before = home.texts()
    home.changes.set_rule(DOOR, Purpose.UPDATE, None)
    assert home.texts() == before


def test_a_viewing_for_owners_alone(home: Home) -> None:
    home.changes.set_rule("yard", Purpose.VIDEO, Action.OWNER_ONLY, viewing="panel")
    rule = next(one for one in home.policy().devices.values() if one.device.id == "yard").table[Purpose.VIDEO][0]
    assert (rule.action, rule.viewing) == (Action.OWNER_ONLY, "panel")


def test_changes_are_undone_in_any_order_that_the_files_allow(home: Home) -> None:
    first = home.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK)
    second = home.changes.set_rule(DOOR, Purpose.TIME, Action.BLOCK)
    assert home.changes.recent() == (second, first)
    with pytest.raises(NotDone, match="could not be undone"):
        home.changes.undo(first.token)
    assert home.action(Purpose.UPDATE) is home.action(Purpose.TIME) is Action.BLOCK, "nothing is lost"
    for change in (second, first):
        home.changes.undo(change.token)
    assert home.texts() == {"household.yaml": HOUSEHOLD}


@pytest.mark.parametrize(("after", "is_late"), [(0.0, False), (UNDO_S - 0.1, False), (UNDO_S, True), (900.0, True)])
def test_half_a_minute_is_the_time_for_it(home: Home, after: float, is_late: bool) -> None:
    change = home.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK)
    assert home.changes.left_s(change) == UNDO_S
    home.clock[0] += after
    assert home.changes.left_s(change) == max(0.0, UNDO_S - after)
    if not is_late:
        assert home.changes.undo(change.token) is change
        return
    assert home.changes.recent() == ()
    with pytest.raises(NotDone, match="too late"):
        home.changes.undo(change.token)
    assert home.action(Purpose.UPDATE) is Action.BLOCK


@pytest.mark.parametrize("token", ["", "x", "x" * 999, "🙂"])
def test_a_change_that_never_was(home: Home, token: str) -> None:
    with pytest.raises(NotDone, match="too late"):
        home.changes.undo(token)


def test_once_undone_it_is_gone(home: Home) -> None:
    change = home.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK)
    home.changes.undo(change.token)
    with pytest.raises(NotDone, match="too late"):
        home.changes.undo(change.token)


def test_a_file_that_somebody_edited_meanwhile_is_left(home: Home) -> None:
    change = home.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK)
    home.file.write_text(home.file.read_text() + "# by hand\n")
    with pytest.raises(NotDone, match="changed meanwhile"):
        home.changes.undo(change.token)
    assert home.file.read_text().endswith("# by hand\n")
    assert home.action(Purpose.UPDATE) is Action.BLOCK


def test_what_somebody_else_wrote_before_stays(home: Home) -> None:
    home.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK)
    home.file.write_text(home.file.read_text().replace("# Ours.", "# Ours, and hand-made."))
    home.changes.set_rule(DOOR, Purpose.TIME, Action.BLOCK)
    assert "hand-made" in home.file.read_text()
    assert home.action(Purpose.UPDATE) is home.action(Purpose.TIME) is Action.BLOCK


@pytest.mark.parametrize(
    "fault",
    ["  - no\n mapping: {", "devices: 7\n", "vesion: 1\n", "\x00"],
    ids=["no YAML", "no devices", "unknown key", "a NUL"],
)
def test_with_a_fault_in_the_files_nothing_is_written(home: Home, fault: str) -> None:
    home.file.write_text(fault)
    before = home.texts()
    for change in (
        lambda: home.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK),
        lambda: home.changes.confirm(LAMP, "hue-bridge"),
        lambda: home.changes.claim_phone(PHONE, "anna"),
        lambda: home.changes.release_phone("x", "anna"),
    ):
        with pytest.raises(NotDone, match="hold a fault.*household.yaml"):
            change()
    assert home.texts() == before and home.changes.recent() == ()


def test_files_that_cannot_be_written_are_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gateway.household.replace_text", refused)
    before = home.texts()
    with pytest.raises(NotDone, match="could not be written: .*No space left"):
        home.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK)
    assert home.texts() == before and home.changes.recent() == ()


def test_a_device_that_no_file_names_has_to_be_known_first(home: Home) -> None:
    with pytest.raises(NotDone, match=f"Say first what {LAMP} is"):
        home.changes.set_rule(LAMP, Purpose.UPDATE, Action.BLOCK)
    known = home.changes.confirm(LAMP, "hue-bridge", "Küche <b>")
    assert home.entry(LAMP).device.profile == "hue-bridge" and home.entry(LAMP).device.confirmed
    home.changes.set_rule(LAMP, Purpose.UPDATE, Action.BLOCK)
    with pytest.raises(NotDone):
        home.changes.undo(known.token)
    assert home.action(Purpose.UPDATE, LAMP) is Action.BLOCK


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "hue-bridge"), ("Kitchen Lamp", "kitchen-lamp"), ("front-door", "front-door-2"), ("all", "all-2"),
        ("---", "device"), 
        ("../../etc/passwd", "etc-passwd"), ("x" * 255, "x" * 60), ("\u202eevil", "evil"), 
        ("مطبخ", "device"), ("true", "true"),
    ],
)  # fmt: skip
def test_any_name_becomes_one_that_files_can_hold(home: Home, name: str, expected: str) -> None:
    change = home.changes.confirm(LAMP, "hue-bridge", name)
    assert home.entry(LAMP).device.id == expected
    home.changes.undo(change.token)
    assert home.texts() == {"household.yaml": HOUSEHOLD}


def test_a_kind_that_is_none(home: Home) -> None:
    for profile in ("", "no-such", "../x"):
        with pytest.raises(NotDone, match="no such kind"):
            home.changes.confirm(LAMP, profile)


def test_a_device_is_corrected(home: Home) -> None:
    change = home.changes.confirm(DOOR, "wyze-cam", "ignored")
    assert (home.entry().device.id, home.entry().device.profile) == ("front-door", "wyze-cam")
    home.changes.undo(change.token)
    assert home.entry().device.profile == "ring-doorbell"


def test_a_phone_is_claimed_and_released(home: Home) -> None:
    before = home.texts()
    done = home.changes.claim_phone(PHONE, "anna", "Annas iPhone")
    assert (home.entry(PHONE).device.owner, home.entry(PHONE).device.trusted) == ("anna", True)
    assert home.changes.claim_phone(PHONE, "anna") == [], "it is hers already"
    released = home.changes.release_phone("annas-iphone", "anna")
    assert (home.entry(PHONE).device.owner, home.entry(PHONE).device.trusted) == ("", True)
    for change in (released, *reversed(done)):
        home.changes.undo(change.token)
    assert home.texts() == before


def test_two_phones_of_one_owner(home: Home) -> None:
    home.changes.claim_phone(PHONE, "anna")
    home.changes.claim_phone(LAMP, "anna")
    assert [home.entry(mac).device.id for mac in (PHONE, LAMP)] == ["anna-phone", "anna-phone-2"]
    home.changes.release_phone("anna-phone", "anna")
    assert [home.entry(mac).device.owner for mac in (PHONE, LAMP)] == ["", "anna"]


def test_a_known_device_becomes_trusted(home: Home) -> None:
    home.changes.confirm(LAMP, "hue-bridge", "laptop")
    home.changes.claim_phone(LAMP, "bo")
    assert (home.entry(LAMP).device.id, home.entry(LAMP).device.owner, home.entry(LAMP).device.trusted) == (
        "laptop",
        "bo",
        True,
    )


def test_the_first_file_of_a_household_that_had_none(home: Home) -> None:
    home.file.unlink()
    home.folder.rmdir()
    changes = home.other()
    changes.confirm(LAMP, "hue-bridge")
    assert home.entry(LAMP).device.profile == "hue-bridge"


def test_only_the_newest_changes_are_kept(home: Home) -> None:
    with scripted(home.link.control, **home.opened.answers()):
        made = [home.changes.pause("front-door", None, 60) for _ in range(MAX_KEPT + 3)]
        assert home.changes.recent() == tuple(reversed(made[3:]))


# What is forgotten.


class Memory:
    """What the gateway is to forget."""

    def __init__(self) -> None:
        self.waiting: dict[str, float] = {}
        self.begun = False

    def answers(self) -> dict[str, Any]:
        return {"forget": self.forget, "keep": self.keep}

    def forget(self, args: Mapping[str, Any]) -> dict[str, Any]:
        self.waiting[args["device"]] = args["seconds"]
        return {"mac": args["device"], "remaining_s": args["seconds"], "erasing": False}

    def keep(self, args: Mapping[str, Any]) -> dict[str, Any]:
        if self.begun:
            raise Refusal("too-late", "nobody waits for it to be forgotten")
        return {"mac": args["device"], "remaining_s": self.waiting.pop(args["device"]), "erasing": False}


@pytest.fixture
def memory(home: Home) -> Iterator[Memory]:
    memory = Memory()
    with scripted(home.link.control, **memory.answers()):
        yield memory


@pytest.mark.parametrize("named", ["front-door", DOOR])
def test_a_device_is_forgotten_and_that_is_undone(home: Home, memory: Memory, named: str) -> None:
    before = home.texts()
    change = home.changes.forget(named)
    assert list(memory.waiting) == [DOOR] and memory.waiting[DOOR] > UNDO_S, "an undo in the last moment comes in time"
    assert DOOR not in home.policy().devices and "front-door" not in home.file.read_text()
    assert change.values == {"device": "front-door"}
    home.changes.undo(change.token)
    assert home.texts() == before and memory.waiting == {}


def test_an_owners_phone_leaves_its_owner(home: Home, memory: Memory) -> None:
    home.changes.claim_phone(PHONE, "anna")
    before = home.texts()
    assert "devices.d/anna-phone.yaml" in before
    change = home.changes.forget(PHONE)
    assert PHONE not in home.policy().devices and list(home.texts()) == ["household.yaml"]
    home.changes.undo(change.token)
    assert home.texts() == before and home.entry(PHONE).device.owner == "anna"


def test_one_that_no_file_names_is_forgotten_by_the_gateway_alone(home: Home, memory: Memory) -> None:
    before = home.texts()
    change = home.changes.forget(LAMP)
    assert list(memory.waiting) == [LAMP] and home.texts() == before
    home.changes.undo(change.token)
    assert memory.waiting == {}


def test_without_a_gateway_nothing_is_forgotten(home: Home) -> None:
    with pytest.raises(ControlError, match="not running"):
        home.changes.forget(DOOR)
    assert home.texts() == {"household.yaml": HOUSEHOLD} and home.changes.recent() == ()


def test_where_the_files_cannot_be_written_the_device_is_kept(home: Home, memory: Memory) -> None:
    before = home.texts()
    home.folder.joinpath(".household.yaml.new").mkdir()  # where the new text would be written first
    with pytest.raises(NotDone, match="could not be written"):
        home.changes.forget(DOOR)
    assert home.texts() == before and memory.waiting == {} and home.changes.recent() == ()


def test_too_late_is_too_late_and_changes_no_file(home: Home, memory: Memory) -> None:
    change = home.changes.forget(DOOR)
    memory.begun, before = True, home.texts()
    with pytest.raises(NotDone, match="too late"):
        home.changes.undo(change.token)
    assert home.texts() == before


def test_a_file_that_somebody_edited_meanwhile_is_left_and_the_device_remembered(home: Home, memory: Memory) -> None:
    change = home.changes.forget(DOOR)
    home.file.write_text(home.file.read_text() + "# by hand\n")
    with pytest.raises(NotDone, match="changed meanwhile"):
        home.changes.undo(change.token)
    assert home.file.read_text().endswith("# by hand\n") and memory.waiting == {}


# What is open for a while.


@pytest.mark.parametrize(
    ("do", "grant"),
    [
        (lambda c: c.pause("yard", None, 600), {"kind": "pause", "purpose": None, "remaining_s": 600}),
        (lambda c: c.pause("yard", Purpose.TIME, 60), {"kind": "pause", "purpose": "time", "remaining_s": 60}),
        (lambda c: c.allow("yard", Purpose.TIME, 3_600), {"kind": "allowance", "purpose": "time", "remaining_s": 3_600}),
        (lambda c: c.view("yard"), {"kind": "viewing", "purpose": "video", "remaining_s": 900}),
        (lambda c: c.view("yard", 30), {"kind": "viewing", "purpose": "video", "remaining_s": 30}),
    ],
    ids=["everything", "one purpose", "allowed", "watching", "watching for so long"],
)
def test_a_grant_is_opened_ended_and_both_undone(home: Home, gateway: ScriptedGateway, do: Any, grant: dict[str, Any]) -> None:
    opened = {"device": "yard", **grant}
    change = do(home.changes)
    assert home.opened.grants == [opened]
    home.changes.undo(change.token)
    assert home.opened.grants == []
    do(home.changes)
    ended = home.changes.stop("yard", grant["kind"], Purpose(grant["purpose"]) if grant["purpose"] else None)
    assert ended is not None and home.opened.grants == []
    home.changes.undo(ended.token)
    assert home.opened.grants == [opened]
    home.changes.stop("yard")
    assert home.opened.grants == []


def test_where_nothing_is_open_nothing_is_ended(home: Home, gateway: ScriptedGateway) -> None:
    assert home.changes.stop("yard") is None and home.changes.recent() == ()


def test_what_the_gateway_refuses_is_no_change(home: Home, gateway: ScriptedGateway) -> None:
    with pytest.raises(ControlError, match="no device is called 'nobody'"):
        home.changes.pause("nobody", None, 60)
    assert home.changes.recent() == ()


def test_without_a_gateway_nothing_is_opened_but_files_are_changed(home: Home) -> None:
    with pytest.raises(ControlError, match="not running"):
        home.changes.pause("front-door", None, 60)
    change = home.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK)
    assert home.changes.recent() == (change,)


def test_undoing_while_the_gateway_is_gone_can_be_tried_again(home: Home) -> None:
    with scripted(home.link.control, **home.opened.answers()):
        change = home.changes.pause("front-door", None, 60)
    with pytest.raises(ControlError):
        home.changes.undo(change.token)
    with scripted(home.link.control, **home.opened.answers()):
        home.changes.undo(change.token)
    assert home.opened.grants == []
