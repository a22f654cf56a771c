"""Who watches a camera, for scenarios about viewings: the doorbell films, and somebody asks for it, or nobody does.

A viewing that a sign opens is told by the gateway; what left is read from the capture upstream.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from .gadget import Gadget, Pending
from .outcome import Outcome
from .scenario import PACE, Stage

ENTRY = "profile: ring-doorbell, confirmed: true"
DOOR = "front-door"
MEDIA = "198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com"
SIGNALLING = "api.prod.signalling.ring.devices.a2z.com"
"""What Ring's app opens for a live view."""
CONTROL, CONTROL_PORT, REPORT = "rss-dpd-service.ring.com", 9998, "fw.ring.com"
RELAY, RELAY_PORT = "198.51.100.77", 36000
"""An address without a name."""
RATE, PICTURE_BYTES = 100, 856
BYTES_PER_S = RATE * PICTURE_BYTES
CUT_S = 2.0
KNOWN_S = 3.5 * PACE
"""The gateway asks where the live view is, and looks at the table twice, before it can tell that a connection is new."""


def viewing(way: str, length: str) -> Callable[[Path], None]:
    """``prepare``: the household's file says how the door may be viewed."""

    def prepare(policies: Path) -> None:
        file = policies / "household.yaml"
        rule = f"rules: {{video: {{action: owner-only, viewing: {way}, for: {length}, budget: 64kB}}}}"
        file.write_text(file.read_text(encoding="utf-8").replace(ENTRY, f"{ENTRY}, {rule}"), encoding="utf-8")

    return prepare


class Film(NamedTuple):
    """A camera that films, or tries to, until it is stopped."""

    camera: Gadget
    pending: Pending
    address: str
    since: float

    def stop(self) -> Outcome:
        """It falls silent; what became of its last try."""
        self.camera.stop()
        return self.pending.wait()[-1]


def film(stage: Stage, camera: str = "doorbell", to: str = MEDIA, *, port: int = 17000) -> Film:
    """It looks for a way, and sends pictures for as long as that is open; else it tries again."""
    pictures = {"packets": 100_000, "rate": RATE, "size": PICTURE_BYTES}
    host, gadget = stage.home.zone.hosts.get(to), stage.home[camera]
    pending = gadget.begin([{"media": to, "port": port, "timeout_s": 0.3, "for_s": 60, **pictures}])
    return Film(gadget, pending, host.address4 if host else to, time.time())


def left(stage: Stage, address: str, *, since: float = 0.0, until: float = float("inf")) -> int:
    """Payload that left for an address."""
    return stage.truth().bytes_to(address, since=since, until=until)


def try_to_film(
    stage: Stage, camera: str = "doorbell", to: str = MEDIA, *, port: int = 17000, for_s: float = 1.6
) -> tuple[int, str]:
    """It films for a while: how many bytes left, and what it met."""
    running = film(stage, camera, to, port=port)
    time.sleep(for_s * PACE)
    met = running.stop()
    sent = left(stage, running.address, since=running.since)
    return sent, f"{sent} of {met.sent_bytes} bytes left: {met.result}"


def live_view(phone: Gadget, *, for_s: float) -> Pending:
    """The vendor's app on a phone: it opens the live view, and keeps the connection for so long."""
    return phone.begin([{"tls": SIGNALLING, "up": 900, "down": 3000, "for_s": for_s, "every_s": 0.4}])


def command(doorbell: Gadget) -> Outcome:
    """An exchange on the control connection, which is open all the time."""
    return doorbell.one(again="control", up=120, down=400)


def connect(doorbell: Gadget) -> Outcome:
    """Open that connection."""
    return doorbell.one(tls=CONTROL, port=CONTROL_PORT, up=160, keep="control", timeout_s=3.0 * PACE)


def open_viewing(stage: Stage, device: str = DOOR) -> dict[str, Any]:
    """As ``status`` tells it; empty where none is open."""
    grants = stage.home.ask("status")["grants"]
    return next((dict(grant) for grant in grants if (grant["kind"], grant["device"]) == ("viewing", device)), {})


def told(stage: Stage, what: str, device: str = DOOR, *, since: float = 0.0) -> list[tuple[float, dict[str, Any]]]:
    """Events of viewings that were ``opened`` or ``ended``: (wall time, the viewing)."""
    found = [(at, data[what]) for at, kind, data in list(stage.witness.events) if kind == "viewing" and what in data]
    return [(at, view) for at, view in found if view["device"] == device and at >= since]


def note_viewings(stage: Stage) -> None:
    """What signs opened, and what ended by itself, for the books: what passed then was let out."""
    for at, kind, data in list(stage.witness.events):
        if kind == "viewing":
            (stage.home.openings if "opened" in data else stage.home.closings).append(at)


def await_end(stage: Stage, device: str = DOOR, *, since: float, timeout_s: float) -> float:
    """When a viewing ended, wall time; 0.0: it did not."""
    stage.until(lambda: bool(told(stage, "ended", device, since=since)), timeout_s=timeout_s)
    return next((at for at, _ in told(stage, "ended", device, since=since)), 0.0)


def check_cut(stage: Stage, running: Film, ended: float, when: str) -> None:
    """The camera goes on sending: its packets must stop coming through."""
    time.sleep(max(ended + CUT_S + 0.3 - time.time(), 0))
    before = left(stage, running.address, since=ended - 1, until=ended)
    within, late = (left(stage, running.address, since=ended + after) for after in (0.0, CUT_S))
    seen = f"{before} bytes in its last second, {within} after its end, {late} after 2 s"
    stage.check(f"{when} video is cut within 2 s", before > 0 and late == 0, seen)


def described(stage: Stage, address: str, device: str = DOOR) -> list[dict[str, Any]]:
    """What the gateway says of a device's flows to an address."""
    flows = [flow for flow in stage.flows(device) if flow["dest_ip"] == address]
    return [flow["netcurtain"] | {"app_proto": flow["app_proto"]} for flow in flows]
