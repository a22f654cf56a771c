"""Two people at once; a gateway that is killed and comes back; a panel that starts anew."""

import time
from collections.abc import Callable

import pytest

from .harness import HomeProcess, Person

SPEAKER = "02:00:5e:10:00:03"
SWITCH = f"#switch-{SPEAKER.replace(':', '')}-telemetry"


@pytest.mark.slow
def test_what_one_changes_the_other_sees(person: Callable[..., Person]) -> None:
    one, other = person(), person(locale="de-DE")
    one.enter()
    other.enter()
    one.go(f"/devices/{SPEAKER}")
    other.go(f"/devices/{SPEAKER}")
    one.throw(SPEAKER, "telemetry", "allow")
    other.page.locator(f"{SWITCH} .pill.passes").wait_for(timeout=8_000)
    other.press(other.page.locator("#changes button").first)
    one.page.locator(f"{SWITCH} .pill.stops").wait_for(timeout=8_000)


@pytest.mark.slow
def test_a_gateway_that_is_killed_is_told_and_comes_back(person: Callable[..., Person], home: HomeProcess) -> None:
    somebody = person()
    somebody.enter()
    home.do("kill_gateway")
    try:
        began = time.monotonic()
        somebody.page.get_by_text("The gateway does not answer").first.wait_for(timeout=10_000)
        assert time.monotonic() - began < 10
        for path in ("/activity", "/week", "/settings", f"/devices/{SPEAKER}"):
            assert somebody.go(path) in (200, 503), path
            assert somebody.page.locator("h1").inner_text()
        somebody.go("/")
    finally:
        home.do("start_gateway")
    somebody.page.locator(".hero.closed").wait_for(timeout=15_000)
    somebody.go(f"/devices/{SPEAKER}")
    somebody.throw(SPEAKER, "telemetry", "allow")
    somebody.page.locator(f"{SWITCH} .pill.passes").wait_for(timeout=10_000)
    somebody.press(somebody.page.locator("#changes button").first)
    somebody.complaints.clear()  # the browser calls it an error


@pytest.mark.slow
def test_a_panel_that_starts_anew_knows_who_was_in(person: Callable[..., Person], home: HomeProcess) -> None:
    somebody = person()
    somebody.enter()
    home.do("kill_panel")
    home.do("start_panel")
    assert somebody.go("/settings") == 200 and "/login" not in somebody.page.url
    somebody.complaints.clear()
