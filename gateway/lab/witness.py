"""Listens to what the gateway says of its flows: every revision of every record, with the time it was told."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from gateway.edge.control import ControlClient, ControlError

from .truth import WanFlow

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
        return told_of(flow, self._revisions.values())

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


def _began(record: Record) -> float:
    return datetime.fromisoformat(record["timestamp"]).timestamp()


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


def told_of(flow: WanFlow, records: Iterable[list[tuple[float, Record]]]) -> list[tuple[float, Record]]:
    """All revisions, in order, of the records that are about that flow."""
    wanted = tuple_of_flow(flow)
    known = [revisions for revisions in records if tuple_of_record(revisions[-1][1]) == wanted]
    if len(known) > 1:  # the ports were used again: what began after this one's last packet is another flow
        known = [revisions for revisions in known if _began(revisions[0][1]) <= flow.ended]
    told = sorted((revision for revisions in known for revision in revisions), key=lambda revision: revision[0])
    return [revision for revision in told if revision[0] >= flow.started - CLOCK_SLACK_S] or told


def refused_bytes(
    flow: WanFlow,
    revisions: Iterable[tuple[float, Record]],
    *,
    closings: Sequence[float] = (),
    openings: Sequence[float] = (),
) -> int:
    """Payload that left in a flow while it was refused, whatever the refusal is called: block, drop, outside a viewing, asked
    about, answered here, a budget that is spent. Nobody is excused for the time until a refusal was told.

    ``closings``, ``openings``: when somebody took something back, or let something pass (wall time). What was let out first and
    refused later counts from the first closing after it was told to pass; where nobody closed anything, the gateway itself
    found out late, and all of it counts. A flow of which nobody knows was never let out.
    """
    told = list(revisions)
    if not told:
        return flow.payload_bytes
    return sum(flow.bytes_between(since, until) for since, until in _refused_spans(told, closings, openings))


def _refused_spans(
    told: Sequence[tuple[float, Record]], closings: Sequence[float], openings: Sequence[float]
) -> Iterator[tuple[float, float]]:
    """From when until when a flow should have been shut. Neighbours that say the same are one."""
    passed_at: float | None = None
    spans = groupby(told, key=lambda revision: revision[1]["netcurtain"]["effect"] in PASSING)
    for passes, group in ((passes, list(group)) for passes, group in spans):
        if passes:
            passed_at = group[0][0]
            continue
        heard, last = group[0][0], group[-1][0]
        since = 0.0 if passed_at is None else min((at for at in closings if passed_at <= at <= heard), default=0.0)
        after = next((at for at, record in told if at > last and record["netcurtain"]["effect"] in PASSING), None)
        yield since, float("inf") if after is None else max((at for at in openings if last <= at <= after), default=last)
