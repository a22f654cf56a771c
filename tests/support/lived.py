"""A panel that somebody has lived with: a real ledger at a fixed noon, devices of a test's choice, visitors who are in."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.edge.ledger import Ledger
from gateway.model.record import FlowRecord
from gateway.panel.books import Books
from tests.support.browser import Browser
from tests.support.panel import DOOR, PHONE_AT, Served, Told, serving

NOW = 1_795_345_200.0
"""A Sunday in November, noon in Berlin."""
HOUR, DAY = 3_600.0, 86_400.0
PASSWORD = "seven green kettles"


def record(number: int = 1, purpose: str = "telemetry", effect: str = "refuse", **more: Any) -> FlowRecord:
    """A try of the front door, some minutes before noon."""
    passed = effect == "pass"
    given = {
        "flow_id": number, "started": NOW - 600, "proto": 6, "src": b"\xc0\xa8\x32\x28", "sport": 40_000,
        "dst": b"\xc6\x33\x64\x07", "dport": 443, "device": DOOR, "device_id": "front-door", "profile": "ring-doorbell",
        "app_proto": "tls", "server_name": f"{purpose}.example.com", "name_source": "sni", "purpose": purpose,
        "confidence": 0.9, "action": "limit" if passed else "block", "effect": effect, "rule": "profiles/ring-doorbell.yaml:12",
        "reason": "=it is written so", "bytes_toserver": 1_500 if passed else 0, "bytes_toclient": 9_000 if passed else 0,
        "held_bytes": 0 if passed else 517,
    }  # fmt: skip
    return FlowRecord(**given | more)


def write_ledger(path: Path, records: Iterable[FlowRecord]) -> None:
    """Each is written at the minute at which it began."""
    clock = [0.0]
    ledger = Ledger(path, wall=lambda: clock[0], may_prune=lambda: False)
    for one in records:
        if one.started // 60 != clock[0] // 60:
            assert ledger.flush()
            clock[0] = one.started
        ledger.put(one)
    assert ledger.flush() and not ledger.dropped
    ledger.close()


@contextmanager
def lived(folder: Path, records: Iterable[FlowRecord] = (), told: Told | None = None) -> Iterator[Served]:
    """The panel at ``NOW``; who may log in: the household and ``bea``, who only looks."""
    if records := list(records):
        write_ledger(folder / "no.db", records)
    with serving(folder, told) as served:
        panel = served.panel
        panel.books = panel.house.books = Books(folder / "no.db", wall=lambda: NOW)
        panel.access.accounts.add("household", "owner", PASSWORD)
        panel.access.add_reader("bea", PASSWORD)
        yield served


def logged_in(served: Served, name: str = "household") -> Browser:
    """A browser of the household's phone."""
    browser = Browser(served.app, address=PHONE_AT, url="https://192.168.50.1")
    browser.open("/login")
    browser.press("/login", password=PASSWORD, name=name)
    assert browser.status == 200
    return browser
