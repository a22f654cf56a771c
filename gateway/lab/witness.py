"""Listens to what the gateway says of its flows: every revision of every record, with the time it was told."""

import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gateway.edge.control import ControlClient, ControlError

from .truth import WanFlow

REFUSED = ("block", "drop")
PASSING = ("pass",)
Record = dict[str, Any]
Tuple5 = tuple[str, str, int, str, int]
CLOCK_SLACK_S = 1.0


class Witness:
    """A subscriber of the control socket, through restarts of the gateway."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._revisions: dict[int, list[tuple[float, Record]]] = {}
        self.events: list[tuple[float, str, Any]] = []
        """(wall time, kind, data) of everything that is no flow."""
        self._closing = threading.Event()
        self._connected = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        self._connected.wait(3)

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()

    def catch_up(self) -> None:
        """Take the gateway's own list too: what was revised without an event."""
        with ControlClient(self._socket) as client:
            for record in client.ask("flows", limit=1000):
                self._take(record)

    def final(self) -> list[Record]:
        """The last revision of every flow."""
        return [revisions[-1][1] for revisions in self._revisions.values()]

    def revisions(self, flow: WanFlow) -> list[tuple[float, Record]]:
        """What the gateway said of a flow that was seen outside, in order; empty if it knows nothing of it."""
        assert flow.sender is not None
        wanted = tuple_of_flow(flow)
        known = [revisions for revisions in self._revisions.values() if tuple_of_record(revisions[-1][1]) == wanted]
        told = sorted((revision for revisions in known for revision in revisions), key=lambda revision: revision[0])
        return [revision for revision in told if revision[0] >= flow.started - CLOCK_SLACK_S] or told

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                with ControlClient(self._socket) as client:
                    client.start()
                    self._connected.set()
                    while not self._closing.is_set():
                        for event in client.receive(0.2):
                            self._hear(event)
            except ControlError:
                time.sleep(0.02)  # between two lives of the gateway

    def _hear(self, event: Record) -> None:
        if event["event"] == "flow":
            self._take(event["data"])
        else:
            self.events.append((time.time(), event["event"], event.get("data")))

    def _take(self, record: Record) -> None:
        revisions = self._revisions.setdefault(record["flow_id"], [])
        if not revisions or _judgement(revisions[-1][1]) != _judgement(record):
            revisions.append((time.time(), record))
        else:
            revisions[-1] = (revisions[-1][0], record)


def _judgement(record: Record) -> tuple[str, str]:
    return record["netcurtain"]["action"], record["netcurtain"]["effect"]


def tuple_of_record(record: Record) -> Tuple5:
    """Protocol, addresses and ports of a record."""
    return record["proto"], record["src_ip"], record["src_port"], record["dest_ip"], record["dest_port"]


def tuple_of_flow(flow: WanFlow) -> Tuple5:
    """The same of a flow, as it looks inside the home."""
    from ipaddress import ip_address

    from gateway.model.record import PROTO_NAMES

    assert flow.sender is not None
    key = flow.sender.key
    name = PROTO_NAMES.get(key.proto, str(key.proto))
    return name, str(ip_address(key.src)), key.sport, str(ip_address(key.dst)), key.dport


def refused_bytes(flow: WanFlow, revisions: Iterable[tuple[float, Record]]) -> int:
    """Payload that left in a flow whose last word is block or drop.

    What left while an earlier policy let it pass is no leak; everything after the refusal, and everything of a flow that never
    passed, is.
    """
    told = list(revisions)
    if not told or told[-1][1]["netcurtain"]["action"] not in REFUSED:
        return 0
    passed = [index for index, (_, record) in enumerate(told) if record["netcurtain"]["effect"] in PASSING]
    if not passed:
        return flow.payload_bytes
    return flow.bytes_between(told[passed[-1] + 1][0])
