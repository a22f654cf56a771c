"""One browser and one home for all tests of a run; the first ones find it unclaimed."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from .harness import HomeProcess, Person, chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found
    assert not any(name.partition(".")[0] == "scapy" for name in sys.modules), "Playwright and Scapy met in one process"


@pytest.fixture(scope="session")
def home() -> Iterator[HomeProcess]:
    found = HomeProcess()
    yield found
    log = found.do("panel_log")
    found.close()
    assert "Traceback" not in log, log[log.index("Traceback") :][:3_000]


@pytest.fixture
def person(browser: Browser, home: HomeProcess) -> Iterator[Callable[..., Person]]:
    """Make somebody with a browser; whatever their browser complained of fails the test."""
    made: list[Person] = []

    def make(**options: Any) -> Person:
        made.append(Person(browser, home, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
    home.do("reset")
    for one in made:
        assert one.complaints == []
        assert one.hosts <= {home.url.removeprefix("http://")}, "a request left for another host"
