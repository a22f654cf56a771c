"""The real panel with its real files, before a gateway that only tells what a test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from gateway.edge.control_client import ControlError
from gateway.panel.app import build
from gateway.panel.panel import Panel, PanelSettings

DOOR, YARD, PHONE, GUEST, LAMP = (f"02:00:5e:10:00:{number}" for number in ("01", "02", "aa", "bb", "05"))
PHONE_AT, GUEST_AT = "192.168.50.10", "192.168.50.11"
HOUSEHOLD = f"""\
# Ours.
version: 1
timezone: Europe/Berlin
devices:
  front-door: {{mac: "{DOOR}", profile: ring-doorbell, confirmed: true}}
  yard: {{mac: "{YARD}", profile: wyze-cam, confirmed: true}}
"""


def row(mac: str, address: str, **more: Any) -> dict[str, Any]:
    """A device as the gateway tells of it."""
    plain = {
        "mac": mac, "id": mac, "profile": "careful", "family": "", "trusted": False, "owner": "", "confirmed": False,
        "hostname": "",
        "first_seen": 1_795_340_000.0, "last_seen": 1_795_345_200.0, "addresses": [address], "manner": None, "named": False,
        "guess": None, "set_up_s": 0,
    }  # fmt: skip
    return plain | more


@dataclass(slots=True)
class Told:
    """What the gateway tells; ``down`` where it does not answer."""

    devices: list[dict[str, Any]] = field(
        default_factory=lambda: [
            row(DOOR, "192.168.50.40", id="front-door", profile="ring-doorbell", family="doorbell", named=True, confirmed=True),
            row(YARD, "192.168.50.41", id="yard", profile="wyze-cam", family="camera", named=True, confirmed=True),
            row(PHONE, PHONE_AT, hostname="Annas-iPhone"),
            row(GUEST, GUEST_AT, hostname="Galaxy"),
        ]
    )
    status: dict[str, Any] = field(
        default_factory=lambda: {
            "policy": "", "policy_faults": [], "grants": [], "questions": [], "problems": [], "clock_trusted": True,
            "totals": [], "trials": [], "shadows": [], "devices": 4, "live_flows": 0, "epoch": 1,
        }
    )  # fmt: skip
    down: bool = False


@dataclass(slots=True, kw_only=True)
class Served:
    """The parts that a test looks at."""

    app: FastAPI
    panel: Panel
    told: Told
    household: Path


@contextmanager
def serving(folder: Path, told: Told | None = None, **settings: Any) -> Iterator[Served]:
    """A panel over ``folder``; again over the same folder, it is the same panel after a restart."""
    told = told or Told()
    policies = folder / "policies"
    policies.mkdir(exist_ok=True)
    household = policies / "household.yaml"
    if not household.exists():
        household.write_text(HOUSEHOLD, encoding="utf-8")
    panel = Panel(
        PanelSettings(
            control=folder / "no.sock", policies=(policies,), state_dir=folder / "state", ledger=folder / "no.db", **settings
        )  # fmt: skip
    )
    panel.link.start = lambda: None
    panel.link.devices = lambda: _unless_down(told, told.devices)
    panel.link.status = lambda: _unless_down(told, told.status)
    yield Served(app=build(panel), panel=panel, told=told, household=household)
    panel.close()


def _unless_down(told: Told, answer: Any) -> Any:
    if told.down:
        raise ControlError("not-running", "the gateway is not running", "start it")
    return answer
