"""Who asks, and whether everything is all right."""

import re

from tests.support.api import ServedApi


def test_a_session_learns_its_token_from_the_api_and_from_its_pages(served: ServedApi) -> None:
    owner = served.owner
    told = owner.get("/api/v1/session")
    assert told == {"account": "household", "role": "owner", "csrf_token": owner.token}
    assert f'name="csrf" value="{owner.token}"' in owner.send("GET", "/settings").text
    assert served.reader.get("/api/v1/session")["role"] == "reader"
    assert served.reader.get("/api/v1/session")["csrf_token"] != owner.token


def test_status(served: ServedApi) -> None:
    told = served.reader.get("/api/v1/status")
    assert told["gateway"] == {"running": True, "why": "", "hint": "", "clock_trusted": True}
    assert (told["devices"], told["phones"], len(told["newcomers"])) == (5, 0, 3)
    assert told["week"] == {"passed": 4, "stopped": 16, "bytes_out": 6_000, "bytes_in": 0, "held_bytes": 8 * 517}
    assert [one["message"] for one in told["problems"]] == ["it ended"], "what is over is not told"
    assert told["questions"][0]["purpose"] == "unknown"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", told["now"])
    assert (told["zone"], told["faults"], told["pending"]) == ("Europe/Berlin", [], True)


def test_faults_of_the_files_are_told(fresh: ServedApi) -> None:
    fresh.household.write_text("version: 1\nsurprise: 2\n", encoding="utf-8")
    fresh.panel.files.forget()
    assert "household.yaml:2" in fresh.owner.get("/api/v1/status")["faults"][0]


def test_what_is_open_is_told(fresh: ServedApi) -> None:
    owner = fresh.owner
    owner.send("POST", "/api/v1/devices/yard/allow", json={"purpose": "telemetry", "seconds": 90})
    grant = {"kind": "allowance", "device": "yard", "purpose": "telemetry", "remaining_s": 90.0, "by": "", "because": ""}
    assert owner.get("/api/v1/status")["grants"] == [grant]
    assert owner.get("/api/v1/devices/yard")["grants"] == [grant]
