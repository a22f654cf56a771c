"""A recording in the place of a running gateway: the same engine judges it, and the live view asks it as it asks a gateway.

Nothing here needs rights, a firewall or Linux.
"""

import itertools
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.edge.control_client import ControlError
from gateway.engine import Engine
from gateway.engine.total import Totals
from gateway.model.device import Device, Mac
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord

from .inspect import replay

PAUSE_BETWEEN_S = 1.0


class Playback:
    """Speaks to the live view as a control socket does. The recording begins when it is made, and again at its end."""

    def __init__(self, recording: Path, policy: Policy, *, speed: float = 1.0) -> None:
        """Judge the whole recording at once (it is small); what was found is told in the recording's own time."""
        self._policy = policy
        self._records = sorted(_judged(recording, policy), key=lambda record: record.started)
        if not self._records:
            raise ValueError(f"{recording}: no flow in it crosses the curtain")
        self._first = self._records[0].started
        self.length_s = (self._records[-1].started - self._first) / speed + PAUSE_BETWEEN_S
        self._began_mono, self._began = time.monotonic(), time.time()
        self._script = self._tell(speed)
        self._next = next(self._script)
        self._stopped: dict[tuple[str, str, str | None], FlowRecord] = {}
        self._totals = Totals()
        self._devices: dict[str, dict[str, Any]] = {}
        self._never, self._silent = socket.socketpair()  # a view waits for something to become readable

    def __enter__(self) -> "Playback":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The end."""
        self._never.close()
        self._silent.close()

    def fileno(self) -> int:
        """For a selector; events come by the clock, so it is never readable."""
        return self._never.fileno()

    def start(self) -> None:
        """Every event is told anyway."""

    def ask(self, do: str, **args: Any) -> Any:
        """What a view asks. ControlError for what only a gateway can do."""
        match do:
            case "status":
                return {"policy": self._policy.digest, "totals": self._totals.view(), "grants": []}
            case "devices":
                return list(self._devices.values())
            case "flows":
                return []
        raise ControlError("not-here", "this is a recording: there is nothing to switch")

    def receive(self, timeout_s: float | None = None) -> list[dict[str, Any]]:
        """What happened until now; waits for the first of it, at most ``timeout_s``."""
        wait_s = self._next[0] - (time.monotonic() - self._began_mono)
        if wait_s > 0:
            time.sleep(wait_s if timeout_s is None else min(wait_s, timeout_s))
        events: list[dict[str, Any]] = []
        while self._next[0] <= time.monotonic() - self._began_mono:
            events += self._take(self._next[1])
            self._next = next(self._script)
        return events

    def _tell(self, speed: float) -> Iterator[tuple[float, FlowRecord]]:
        """(seconds after the beginning, record), round after round."""
        for round_ in itertools.count():
            for number, record in enumerate(self._records):
                after_s = round_ * self.length_s + (record.started - self._first) / speed
                flow_id = round_ * len(self._records) + number + 1
                yield after_s, record._replace(flow_id=flow_id, started=self._began + after_s)

    def _take(self, record: FlowRecord) -> Iterator[dict[str, Any]]:
        record, before = self._as_a_try(record)
        self._totals.add(record, before)
        if record.device not in self._devices:
            self._devices[record.device] = self._device(record)
            yield {"event": "device", "data": self._devices[record.device]}
        yield {"event": "flow", "data": record.eve()}

    def _as_a_try(self, record: FlowRecord) -> tuple[FlowRecord, FlowRecord | None]:
        """What is stopped again and again is one flow with many tries, as in a gateway; and what it was before this try."""
        if record.effect == "pass":
            return record, None
        key = (record.device, record.purpose, record.server_name)
        before = self._stopped.get(key)
        if before is not None:
            held_bytes = before.held_bytes + record.held_bytes
            record = record._replace(flow_id=before.flow_id, attempts=before.attempts + 1, held_bytes=held_bytes)
        self._stopped[key] = record
        return record, before

    def _device(self, record: FlowRecord) -> dict[str, Any]:
        known = self._policy.devices.get(Mac(record.device))
        device = known.device if known else Device(mac=Mac(record.device), id=record.device_id, profile=record.profile)
        return {"mac": device.mac, "id": device.id, "profile": device.profile, "family": device.family,
                "trusted": device.trusted, "hostname": ""}  # fmt: skip


def _judged(recording: Path, policy: Policy) -> Iterator[FlowRecord]:
    """The flows that a gateway would have been asked about. What it stops was never sent then: it counts as held."""
    engine = Engine(policy, replay=True)
    for record in replay(engine, str(recording), progress=False):
        known = policy.devices.get(Mac(record.device))
        if record.purpose == Purpose.LOCAL or (known is not None and known.device.trusted):
            continue
        if record.effect != "pass":
            record = record._replace(held_bytes=record.bytes_toserver, bytes_toserver=0, bytes_toclient=0)
        yield record._replace(capture="")
