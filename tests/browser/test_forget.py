"""A device is forgotten: asked first, undone in time, and done by the gateway alone where the panel is gone."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.panel.change import LATE_S, UNDO_S

from .harness import HomeProcess, Person

SPEAKER, NAME = "02:00:5e:10:00:03", "kitchen-speaker"


def row(home: HomeProcess) -> dict[str, Any]:
    return next((one for one in home.do("ask", verb="devices") if one["mac"] == SPEAKER), {})


def until(holds: Callable[[], bool], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.1)
    return held


def forget(somebody: Person) -> None:
    somebody.go(f"/devices/{SPEAKER}")
    somebody.click("Forget this device …", role="link")
    assert somebody.page.locator("h1").inner_text() == "Forget Kitchen speaker?"
    somebody.click("Forget it in 30 seconds")


def test_it_is_asked_first_and_can_be_undone(person: Callable[..., Person], home: HomeProcess) -> None:
    somebody = person(java_script_enabled=False)
    somebody.enter()
    forget(somebody)
    assert "Kitchen speaker will be forgotten" in somebody.changes()
    assert NAME not in home.do("household") and [one["mac"] for one in home.do("ask", verb="status")["forgetting"]] == [SPEAKER]
    assert until(lambda: row(home)["named"] is False, 5.0)
    somebody.press(somebody.page.locator("#changes button").first)
    assert NAME in home.do("household") and home.do("ask", verb="status")["forgetting"] == []
    assert until(lambda: row(home)["named"] is True, 5.0)


@pytest.mark.slow
def test_a_panel_that_is_killed_meanwhile_changes_nothing(person: Callable[..., Person], home: HomeProcess) -> None:
    somebody = person()
    somebody.enter()
    first = row(home)["first_seen"]
    forget(somebody)
    home.do("kill_panel")
    assert until(lambda: row(home).get("first_seen") != first, UNDO_S + LATE_S + 10.0)
    home.do("run", gadget="speaker", what="report")
    assert until(lambda: bool(row(home)), 5.0) and row(home)["named"] is False
    home.do("start_panel")
    somebody.go(f"/devices/{SPEAKER}")
    assert "about to be forgotten" not in somebody.page.content() and "Say first what this device is" in somebody.page.content()
    assert all(one["netcurtain"]["device_id"] != NAME for one in home.do("ask", verb="flows"))
    somebody.complaints.clear()  # the browser lost its stream
