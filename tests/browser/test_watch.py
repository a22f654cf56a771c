"""Watching a camera, and pausing: both with the time that is left, and an end that is one."""

import time
from collections.abc import Callable

import pytest

from .harness import HomeProcess, Person

DOORBELL, SPEAKER = "02:00:5e:10:00:01", "02:00:5e:10:00:03"
RELAY = "198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com"
PICTURES = [{"media": RELAY, "packets": 300, "size": 856, "rate": 200}]
REPORTS = "device-metrics-us-2.amazon.com"


def card(person: Person, mac: str) -> str:
    return f"#card-{mac.replace(':', '')}"


def test_watch_now_and_stop(person: Callable[..., Person], home: HomeProcess) -> None:
    assert home.sends("doorbell", PICTURES, RELAY, wanted=lambda sent: sent < 2_000) < 2_000, "nobody watches"
    somebody = person()
    somebody.enter()
    here = somebody.page.locator(card(somebody, DOORBELL))
    somebody.press(here.get_by_role("button", name="Watch now"))
    grant = somebody.page.locator(f"{card(somebody, DOORBELL)} .grant.viewing")
    grant.wait_for()
    first = int(grant.locator("[data-left]").get_attribute("data-left") or 0)
    assert home.sends("doorbell", PICTURES, RELAY, wanted=lambda sent: sent > 100_000) > 100_000
    assert 0 < int(grant.locator("[data-left]").get_attribute("data-left") or 0) < first, "it counts down"
    home.do("begin", gadget="doorbell", what=[{**PICTURES[0], "packets": 2_000}])
    time.sleep(0.5)
    somebody.press(grant.get_by_role("button", name="Stop now"))
    grant.wait_for(state="detached")
    time.sleep(1.0)
    cut = time.time()
    time.sleep(1.0)
    assert home.do("sent", name=RELAY, since=cut) == 0, "pictures under way are cut"


@pytest.mark.slow
def test_one_device_is_paused_and_goes_on_as_before(person: Callable[..., Person], home: HomeProcess) -> None:
    somebody = person()
    somebody.enter()
    somebody.press(somebody.page.locator(f"{card(somebody, SPEAKER)} form[action$='/pause'] button"))
    grant = somebody.page.locator(f"{card(somebody, SPEAKER)} .grant.pause")
    grant.wait_for()
    assert 500 < int(grant.locator("[data-left]").get_attribute("data-left") or 0) <= 600
    assert home.sends("speaker", "report", REPORTS, wanted=lambda sent: sent > 4_000) > 4_000
    somebody.press(grant.get_by_role("button", name="Stop now"))
    grant.wait_for(state="detached")
    assert home.sends("speaker", "report", REPORTS, wanted=lambda sent: sent == 0) == 0


@pytest.mark.slow
def test_everything_passes_for_a_while_and_the_answer_comes_afterwards(
    person: Callable[..., Person], home: HomeProcess
) -> None:
    somebody = person()
    somebody.enter()
    somebody.press(somebody.page.locator("form[action='/pause'] button"))
    assert "passes right now" in somebody.page.locator("h1").inner_text()
    assert home.sends("speaker", "report", REPORTS, wanted=lambda sent: sent > 4_000) > 4_000
    somebody.press(somebody.page.locator("form[action='/stop'] button"))
    assert home.sends("speaker", "report", REPORTS, wanted=lambda sent: sent == 0) == 0
    told = somebody.page.locator(".plainlist li", has_text=REPORTS)
    for _ in range(20):  # the ledger is written behind the packets
        somebody.go("/")
        if told.count():
            break
        somebody.page.wait_for_timeout(500)
    somebody.open_all()
    assert "Usage reports" in told.first.inner_text()
    somebody.press(told.first.get_by_role("button", name="Allow only this for an hour"))
    assert home.sends("speaker", "report", REPORTS, wanted=lambda sent: sent > 4_000) > 4_000
    grant = somebody.page.locator(f"{card(somebody, SPEAKER)} .grant.allowance")
    somebody.press(grant.get_by_role("button", name="Stop now").first)
    assert home.sends("speaker", "report", REPORTS, wanted=lambda sent: sent == 0) == 0


@pytest.mark.slow
def test_what_was_refused_can_be_allowed_from_its_line(person: Callable[..., Person], home: HomeProcess) -> None:
    assert home.sends("speaker", "report", REPORTS, wanted=lambda sent: sent == 0) == 0
    somebody = person()
    somebody.enter()
    somebody.go(f"/activity?device={SPEAKER}")
    stopped = somebody.page.locator("li.line a", has_text=REPORTS).filter(has=somebody.page.locator(".pill.stops"))
    somebody.press(stopped.first)
    chain = somebody.page.locator("main").inner_text()
    assert ".yaml" in chain and REPORTS in chain, "why, with the file and the line"
    somebody.press(somebody.page.get_by_role("button", name="hour").first)
    assert home.sends("speaker", "report", REPORTS, wanted=lambda sent: sent > 4_000) > 4_000
    home.do("ask", verb="stop", device="kitchen-speaker")
