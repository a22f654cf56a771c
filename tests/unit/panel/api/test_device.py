"""Devices, as the pages show them."""

import pytest

from tests.support.api import GUESS, ServedApi
from tests.support.panel import DOOR, LAMP


def test_new_ones_come_first(served: ServedApi) -> None:
    told = served.reader.get("/api/v1/devices")
    assert [one["label"] for one in told["devices"]] == ["Philips-hue", "Annas-iPhone", "Galaxy", "Front door", "Yard"]
    assert told["phones"] == []
    lamp = told["devices"][0]
    assert lamp["guess"] == {**GUESS, "title": "Philips Hue bridge"}
    assert (lamp["named"], lamp["hostname"], lamp["addresses"]) == (False, "Philips-hue", ["192.168.50.45"])


@pytest.mark.parametrize("named", ["front-door", DOOR])
def test_one_device(served: ServedApi, named: str) -> None:
    told = served.reader.get(f"/api/v1/devices/{named}")
    assert (told["mac"], told["id"], told["kind"], told["health"]) == (DOOR, "front-door", "Ring doorbell", "silent")
    telemetry = next(one for one in told["purposes"] if one["purpose"] == "telemetry")
    assert telemetry["rule"].partition(":")[0].endswith(".yaml") and telemetry["rule"].rpartition(":")[2].isdecimal()
    assert (telemetry["week"]["stopped"], telemetry["week"]["held_bytes"], telemetry["own"]) == (16, 8 * 517, False)
    assert "allow" in telemetry["choices"] and telemetry["action"] not in telemetry["choices"]
    costs = [one["cost"] for one in told["purposes"] if one["cost"]]
    assert costs and all(cost["text"] and cost["confidence"] in ("high", "medium", "low") for cost in costs)


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Usage reports"), ("de-AT,de;q=0.9", "Nutzungsberichte"), ("xx", "Usage reports")]
)
def test_words_are_in_the_language_asked_for(served: ServedApi, language: str, title: str) -> None:
    program = served.reader
    program.language = language
    purposes = program.get("/api/v1/devices/front-door")["purposes"]
    assert next(one for one in purposes if one["purpose"] == "telemetry")["title"] == title


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nobody", 404), ("02:00:5e:10:00:77", 404), ("nobody/hours", 404), ("x" * 64, 422), ("a%0Ab", 422), ("a%0A", 422),
        ("%C3%BC", 422), ("a b", 422),
    ],
)  # fmt: skip
def test_nobody(served: ServedApi, path: str, status: int) -> None:
    assert served.reader.send("GET", f"/api/v1/devices/{path}").status_code == status


@pytest.mark.parametrize("last", [1, 24, 168])
def test_hours(served: ServedApi, last: int) -> None:
    told = served.reader.get(f"/api/v1/devices/front-door/hours?last={last}")
    assert len(told) == last
    assert [one["began"] for one in told] == sorted(one["began"] for one in told)
    assert all(one["began"].endswith(":00:00Z") for one in told)
    if last > 1:  # the last one may have begun a minute ago
        assert sum(one["stopped"] for one in told) == 16


def test_kinds_of_devices(served: ServedApi) -> None:
    told = served.reader.get("/api/v1/profiles")
    assert {"id": "ring-doorbell", "title": "Ring doorbell"} in told
    assert [one["id"] for one in told] == sorted(one["id"] for one in told)


def test_a_device_that_only_the_gateway_knows(served: ServedApi) -> None:
    told = served.reader.get(f"/api/v1/devices/{LAMP}")
    assert (told["id"], told["profile"], told["confirmed"]) == (LAMP, "careful", False)
