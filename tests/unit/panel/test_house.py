"""What the household is, from files, gateway and ledger, each of which may be missing."""

from pathlib import Path
from typing import Any

import pytest

from gateway.edge.control_client import ControlError
from gateway.model.action import Action
from gateway.model.purpose import Purpose
from gateway.panel.books import Books
from gateway.panel.files import Files
from gateway.panel.house import SILENT_S, STORM_TRIES_HOUR, DeviceView, House, HouseView
from tests.support.lived import HOUR, NOW, record, write_ledger
from tests.support.panel import DOOR, GUEST, HOUSEHOLD, LAMP, PHONE, YARD, Told, row


class Link:
    """What ``House`` asks the gateway."""

    def __init__(self, told: Told) -> None:
        self.told = told

    def devices(self) -> list[dict[str, Any]]:
        return self._unless_down(self.told.devices)

    def status(self) -> dict[str, Any]:
        return self._unless_down(self.told.status)

    def _unless_down(self, answer: Any) -> Any:
        if self.told.down:
            raise ControlError("not-running", "the gateway is not running")
        return answer


class Place:
    """A household's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "policies"
        self.folder.mkdir()
        self.file = self.folder / "household.yaml"
        self.file.write_text(HOUSEHOLD, encoding="utf-8")
        self.clock = [0.0]
        self.files = Files((self.folder, folder / "none"), mono=lambda: self.clock[0])
        self.ledger = folder / "ledger.db"

    def view(self, told: Told | None = None) -> HouseView:
        books = Books(self.ledger, wall=lambda: NOW)
        return House(self.files, books, Link(told or Told())).view()  # type: ignore[arg-type]

    def device(self, mac: str = DOOR, told: Told | None = None) -> DeviceView:
        found = self.view(told).device(mac)
        assert found is not None
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_who_is_there(place: Place) -> None:
    told = Told()
    told.devices.append(row(LAMP, "192.168.50.50", trusted=True, id="laptop"))
    house = place.view(told)
    assert [one.mac for one in house.devices] == [PHONE, GUEST, DOOR, YARD], "new ones, then cameras"
    assert [one.mac for one in house.newcomers] == [PHONE, GUEST]
    assert [one.mac for one in house.phones] == [LAMP] and house.phones[0].purposes == ()
    assert [one.label for one in house.devices] == ["Annas-iPhone", "Galaxy", "Front door", "Yard"]
    assert house.device("front-door") is house.device(DOOR) is not None
    assert house.device("Front door") is house.device("") is None


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [("", LAMP), ("Galaxy", "Galaxy"), ("\u202eevil\u2066\x1b[31m", "evil[31m"), ("\u200f \u061c", LAMP), ("<b>", "<b>")],
)
def test_what_nobody_named_goes_by_what_it_calls_itself(place: Place, hostname: str, expected: str) -> None:
    assert place.device(LAMP, Told(devices=[row(LAMP, "192.168.50.50", hostname=hostname)])).label == expected


def test_without_a_gateway_the_files_still_say_who_there_is(place: Place) -> None:
    house = place.view(Told(down=True))
    assert house.down is not None and house.down.code == "not-running"
    assert [one.id for one in house.devices] == ["front-door", "yard"]
    assert not house.pending and house.status == {}
    assert all(one.health(NOW) == "unseen" for one in house.devices)


def test_a_fault_in_the_files_leaves_the_last_good_ones(place: Place) -> None:
    place.view()
    place.file.write_text(HOUSEHOLD + "  bad: {mac: x}\n", encoding="utf-8")
    assert place.view().faults == (), "not looked at again so soon"
    place.clock[0] += 2
    house = place.view()
    assert len(house.faults) == 1 and house.faults[0].startswith("household.yaml:7")
    assert {one.id for one in house.devices} >= {"front-door", "yard"} and not house.pending
    place.file.write_text(HOUSEHOLD.replace("yard:", "garden:"), encoding="utf-8")
    place.files.forget()
    house = place.view()
    assert house.faults == () and house.device("garden") is not None and house.device("yard") is None


def test_files_that_are_gone_leave_newcomers(place: Place) -> None:
    place.file.unlink()
    place.folder.rmdir()
    house = place.view()
    assert house.faults == () and {one.named for one in house.devices} == {False}


@pytest.mark.parametrize(
    ("policy", "faults", "pending"), [("same", [], False), ("other", [], True), ("other", ["household.yaml:1: bad"], True)]
)
def test_what_the_gateway_has_not_taken_up_yet(place: Place, policy: str, faults: list[str], pending: bool) -> None:
    loaded, _ = place.files.read()
    assert loaded.policy is not None
    told = Told()
    told.status |= {"policy": loaded.policy.digest if policy == "same" else "0", "policy_faults": faults}
    house = place.view(told)
    assert (house.pending, list(house.faults)) == (pending, faults)


@pytest.mark.parametrize(
    ("heard", "tries", "expected"),
    [
        pytest.param(None, 0, "unseen", id="never heard"),
        pytest.param(0, 0, "well", id="just heard"),
        pytest.param(SILENT_S, 0, "well", id="an hour ago"),
        pytest.param(SILENT_S + 1, 0, "silent", id="longer ago"),
        pytest.param(0, STORM_TRIES_HOUR - 1, "well", id="many tries"),
        pytest.param(0, STORM_TRIES_HOUR, "storm", id="a storm"),
        pytest.param(SILENT_S + 1, STORM_TRIES_HOUR, "storm", id="a storm that ended"),
    ],
)
def test_how_it_is(place: Place, heard: float | None, tries: int, expected: str) -> None:
    if tries:
        write_ledger(place.ledger, [record(1, started=NOW, attempts=tries)])
    told = Told()
    told.devices[0] = row(DOOR, "192.168.50.40", last_seen=None if heard is None else NOW - heard)
    device = place.device(DOOR, told)
    assert device.health(NOW) == expected


def test_what_it_may_and_who_decided(place: Place) -> None:
    place.file.write_text(
        HOUSEHOLD.replace("confirmed: true}", "confirmed: true, rules: {telemetry: allow}}", 1), encoding="utf-8"
    )
    door, yard = place.device(DOOR), place.device(YARD)
    own, other = door.purpose(Purpose.TELEMETRY), yard.purpose(Purpose.TELEMETRY)
    assert own is not None and other is not None
    assert (own.action, own.is_own, own.recommended) == (Action.ALLOW, True, Action.BLOCK)
    assert own.rule.startswith("household.yaml:")
    assert (other.action, other.is_own, other.recommended) == (Action.BLOCK, False, Action.BLOCK)
    video = door.purpose(Purpose.VIDEO)
    assert video is not None and video.action is Action.OWNER_ONLY and video.cost.texts["en"]


def test_what_it_did_is_seen(place: Place) -> None:
    assert not any(one.is_seen for one in place.device(YARD).purposes)
    write_ledger(place.ledger, [record(1, "media-streaming", "pass", device=YARD), record(2, "no-such-purpose", device=YARD)])
    assert [(one.purpose, one.week.passed) for one in place.device(YARD).purposes if one.is_seen] == [("media-streaming", 1)]


def test_sums_are_the_same_everywhere(place: Place) -> None:
    records = [
        record(number, purpose, effect, device=mac, started=NOW - hours * HOUR, attempts=number)
        for number, (purpose, effect, mac, hours) in enumerate(
            [
                ("telemetry", "refuse", DOOR, 0), ("telemetry", "drop", DOOR, 3), ("control", "pass", DOOR, 20),
                ("time", "redirect", YARD, 1), ("video", "pass", YARD, 100), ("unknown", "refuse", LAMP, 2),
            ],
            start=1,
        )
    ]  # fmt: skip
    write_ledger(place.ledger, sorted(records, key=lambda one: one.started))
    told = Told()
    told.devices.append(row(LAMP, "192.168.50.50"))
    house = place.view(told)
    for span in ("today", "week"):
        whole = getattr(house, span)
        for field in ("passed", "stopped", "bytes_out", "bytes_in", "held_bytes"):
            by_device = sum(getattr(getattr(one, span), field) for one in house.devices)
            by_purpose = sum(getattr(getattr(one, span), field) for device in house.devices for one in device.purposes)
            assert getattr(whole, field) == by_device == by_purpose, (span, field)
    assert (house.today.stopped, house.week.stopped, house.week.passed) == (1 + 2 + 4 + 6, 13, 2)


def test_what_is_open(place: Place) -> None:
    told = Told()
    told.status["grants"] = [
        {"kind": "pause", "device": "front-door", "purpose": "time", "remaining_s": 5},
        {"kind": "viewing", "device": "yard", "purpose": "video", "remaining_s": 5},
        {"kind": "pause", "device": PHONE, "purpose": None, "remaining_s": 5},
    ]
    house = place.view(told)
    assert [one.mac for one in house.paused] == [PHONE]
    assert [len(one.grants) for one in house.devices] == [1, 0, 1, 1]
    yard = house.device("yard")
    assert yard is not None and yard.viewing is not None and yard.paused is None
    told.status["grants"] = [{"kind": "pause", "device": "all", "purpose": None, "remaining_s": 5}]
    assert len(place.view(told).paused) == 4


def test_whose_flow_it_is(place: Place) -> None:
    house = place.view()
    assert house.called(record(1)) == "Front door"
    assert house.called(record(1, device=LAMP, device_id="gone")) == "gone"


def test_addresses_in_order_and_identity_over_both_families(place: Place) -> None:
    told = Told()
    told.devices[0] = row(DOOR, "192.168.50.40", addresses=["fd00::2", "192.168.50.40", "192.168.50.5", "fd00::1"])
    assert place.device(DOOR, told).addresses == ("192.168.50.5", "192.168.50.40", "fd00::1", "fd00::2")
