"""What is changed, and taken back."""

from typing import Any

import pytest

from gateway.model.purpose import Purpose
from gateway.policy import load
from tests.support.api import Program, ServedApi
from tests.support.panel import DOOR, LAMP

DEVICE = "/api/v1/devices/front-door"


def action(served: ServedApi, purpose: str) -> str:
    policy = load(served.household.parent).policy
    assert policy is not None
    return str(policy.devices[DOOR].table[Purpose(purpose)][0].action)  # type: ignore[index]


def change(program: Program, method: str, path: str, body: Any = None) -> dict[str, Any]:
    found = program.send(method, path) if body is None else program.send(method, path, json=body)
    assert found.status_code == 200, found.text
    told: dict[str, Any] = found.json()
    assert set(told) == {"token", "text", "left_s"} and 25 < told["left_s"] <= 30
    return told


def test_a_switch_is_thrown_and_taken_back(fresh: ServedApi) -> None:
    owner, before = fresh.owner, fresh.household.read_bytes()
    assert action(fresh, "telemetry") != "allow"
    made = change(owner, "PUT", DEVICE + "/rules/telemetry", {"action": "allow"})
    assert action(fresh, "telemetry") == "allow"
    assert made["text"] == "Front door: Usage reports – passes."
    assert owner.get("/api/v1/changes")["items"][0]["token"] == made["token"]
    rule = next(one for one in owner.get(DEVICE)["purposes"] if one["purpose"] == "telemetry")
    assert (rule["own"], rule["action"], rule["rule"].partition(":")[0]) == (True, "allow", "household.yaml")
    found = owner.send("POST", f"/api/v1/undo/{made['token']}")
    assert (found.status_code, found.json()) == (200, {"text": made["text"]})
    assert fresh.household.read_bytes() == before
    assert owner.send("POST", f"/api/v1/undo/{made['token']}").status_code == 409, "once"


def test_as_recommended_again(fresh: ServedApi) -> None:
    owner, recommended = fresh.owner, action(fresh, "telemetry")
    change(owner, "PUT", DEVICE + "/rules/telemetry", {"action": "allow"})
    assert "as recommended again" in change(owner, "DELETE", DEVICE + "/rules/telemetry")["text"]
    assert action(fresh, "telemetry") == recommended
    change(owner, "DELETE", DEVICE + "/rules/telemetry")


def test_who_may_see_the_picture(fresh: ServedApi) -> None:
    change(fresh.owner, "PUT", DEVICE + "/rules/video", {"action": "owner-only", "viewing": "panel"})
    rule = next(one for one in fresh.owner.get(DEVICE)["purposes"] if one["purpose"] == "video")
    assert (rule["action"], rule["viewing"]) == ("owner-only", "panel")


def test_a_file_that_somebody_else_changed_is_not_taken_back(fresh: ServedApi) -> None:
    owner = fresh.owner
    made = change(owner, "PUT", DEVICE + "/rules/telemetry", {"action": "allow"})
    fresh.household.write_text(fresh.household.read_text() + "# mine\n")
    found = owner.send("POST", f"/api/v1/undo/{made['token']}")
    assert (found.status_code, found.json()["type"]) == (409, "/api/docs#not-done")
    assert fresh.household.read_text().endswith("# mine\n")


def test_a_faulty_file_is_left(fresh: ServedApi) -> None:
    fresh.household.write_text(fresh.household.read_text() + "surprise: 1\n")
    found = fresh.owner.send("PUT", DEVICE + "/rules/telemetry", json={"action": "allow"})
    assert found.status_code == 409 and "household.yaml" in found.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body", "asked"),
    [
        pytest.param("/pause", {"seconds": 600}, ("pause", {"device": "front-door", "seconds": 600.0}), id="pause"),
        pytest.param(
            "/pause", {"seconds": 1, "purpose": "voice"},
            ("pause", {"device": "front-door", "seconds": 1.0, "purpose": "voice"}), id="pause of one purpose",
        ),
        pytest.param(
            "/allow", {"purpose": "cdn"},
            ("allow", {"device": "front-door", "seconds": 3_600.0, "purpose": "cdn"}), id="an hour",
        ),
        pytest.param("/view", None, ("view", {"device": "front-door"}), id="view"),
    ],
)  # fmt: skip
def test_what_is_open_for_a_while(fresh: ServedApi, path: str, body: Any, asked: tuple[str, dict[str, Any]]) -> None:
    made = change(fresh.owner, "POST", DEVICE + path, body)
    request = fresh.gateway.asked[-1]
    assert (request.do, dict(request.args)) == (asked[0], asked[1])
    assert len(fresh.opened.grants) == 1
    assert fresh.owner.send("POST", f"/api/v1/undo/{made['token']}").status_code == 200
    assert fresh.opened.grants == []


@pytest.mark.parametrize(
    ("query", "left"),
    [("", []), ("?kind=pause", ["viewing"]), ("?purpose=video", ["pause"]), ("?kind=viewing&purpose=video", ["pause"])],
)
def test_it_is_ended(fresh: ServedApi, query: str, left: list[str]) -> None:
    owner = fresh.owner
    change(owner, "POST", DEVICE + "/pause", {"seconds": 600})
    change(owner, "POST", DEVICE + "/view")
    change(owner, "DELETE", DEVICE + "/grants" + query)
    assert [one["kind"] for one in fresh.opened.grants] == left


def test_where_nothing_is_open_nothing_is_ended(fresh: ServedApi) -> None:
    found = fresh.owner.send("DELETE", DEVICE + "/grants")
    assert (found.status_code, found.content) == (204, b"")


def test_saying_what_a_device_is(fresh: ServedApi) -> None:
    owner = fresh.owner
    made = change(owner, "PUT", f"/api/v1/devices/{LAMP}/profile", {"profile": "hue-bridge", "name": "Living room"})
    told = owner.get(f"/api/v1/devices/{LAMP}")
    assert (told["id"], told["profile"], told["confirmed"]) == ("living-room", "hue-bridge", True)
    assert told["kind"] == "Philips Hue bridge"
    owner.send("POST", f"/api/v1/undo/{made['token']}")
    assert owner.get(f"/api/v1/devices/{LAMP}")["confirmed"] is False


@pytest.mark.parametrize(("named", "mac"), [("front-door", DOOR), (DOOR, DOOR), (LAMP, LAMP)])
def test_a_device_is_forgotten_and_that_is_taken_back(fresh: ServedApi, named: str, mac: str) -> None:
    owner, before = fresh.owner, fresh.household.read_bytes()
    made = change(owner, "DELETE", f"/api/v1/devices/{named}")
    assert [one["mac"] for one in fresh.opened.forgetting] == [mac]
    assert mac not in fresh.household.read_text()
    assert owner.send("POST", f"/api/v1/undo/{made['token']}").status_code == 200
    assert fresh.household.read_bytes() == before and fresh.opened.forgetting == []


def test_once_the_gateway_has_begun_it_is_too_late(fresh: ServedApi) -> None:
    made = change(fresh.owner, "DELETE", DEVICE)
    fresh.opened.forgetting = []
    found = fresh.owner.send("POST", f"/api/v1/undo/{made['token']}")
    assert (found.status_code, found.json()["type"]) == (409, "/api/docs#not-done")
    assert DOOR not in fresh.household.read_text()


def test_nobody_is_forgotten_by_a_stranger_or_who_may_only_look(fresh: ServedApi) -> None:
    assert [one.send("DELETE", DEVICE).status_code for one in (fresh.stranger, fresh.reader)] == [401, 403]
    assert fresh.opened.forgetting == [] and DOOR in fresh.household.read_text()


def test_a_kind_that_there_is_not(fresh: ServedApi) -> None:
    found = fresh.owner.send("PUT", f"{DEVICE}/profile", json={"profile": "toaster"})
    assert (found.status_code, found.json()["detail"]) == (409, "There is no such kind of device.")


def test_who_may_only_look_sees_nothing_to_undo(fresh: ServedApi) -> None:
    change(fresh.owner, "POST", DEVICE + "/view")
    assert len(fresh.owner.get("/api/v1/changes")["items"]) == 1
    assert fresh.reader.get("/api/v1/changes") == {"items": []}


@pytest.mark.parametrize(("token", "status"), [("aaaaaaaaaaaa", 409), ("short", 422), ("a" * 13, 422), ("aaaaaaaaaaa%20", 422)])
def test_tokens_of_nothing(served: ServedApi, token: str, status: int) -> None:
    assert served.owner.send("POST", f"/api/v1/undo/{token}").status_code == status
