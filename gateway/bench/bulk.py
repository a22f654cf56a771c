"""Throughput of flows that were judged, towards the gadgets, as films and updates come: the kernel forwards them alone.

The flows live in every lane all the time, and run by turns of a moment: what this machine does faster or slower from second to
second, it does to all lanes.
"""

import subprocess
from contextlib import ExitStack
from typing import Any

from . import gadget
from .lane import Lane
from .plan import Lanes, Plan, turns
from .row import Sample, Spec, by_lane
from .sample import name_of, quic_initial

TITLE = "throughput of judged flows"
LEAST = 0.97
MANY = 16
ROWS = (
    Spec(id="tcp_bulk_1", title="TCP, one flow", unit="Gbit/s", reads="ratio", goal=LEAST, more_is_better=True),
    Spec(id="tcp_bulk_16", title=f"TCP, {MANY} flows", unit="Gbit/s", reads="ratio", goal=LEAST, more_is_better=True),
    Spec(id="udp_bulk", title="QUIC, one flow", unit="Gbit/s", reads="ratio", goal=LEAST, more_is_better=True),
)


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """Gbit/s that arrive."""
    host = gadget.HOSTS[0]
    quic = {"hello": quic_initial(name_of(host)).hex(), "servers": [gadget.server(host)]}
    return {
        "tcp_bulk_1": _by_turns(plan, lanes, "bulk", flows=1),
        "tcp_bulk_16": _by_turns(plan, lanes, "bulk", flows=MANY),
        "udp_bulk": _by_turns(plan, lanes, "datagrams", **quic),
    }


def _by_turns(plan: Plan, lanes: Lanes, end: str, **config: Any) -> Sample:
    """The same flows again and again, for a moment each."""
    with ExitStack() as live:
        ends: dict[str, subprocess.Popen[bytes]] = {}

        def turn(lane: Lane) -> float:
            if lane.name not in ends:
                ends[lane.name] = live.enter_context(lane.started(end, seconds=plan.bulk_s, **config))
                lane.await_ready(ends[lane.name])
            return float(lane.ask(ends[lane.name])["bytes_per_s"]) * 8 / 1e9

        return Sample(values=by_lane(turns(plan.bulk_turns, lanes, turn), float))
