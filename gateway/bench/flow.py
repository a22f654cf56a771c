"""Connect, hello, first byte: how long it takes, how many a second there can be, and what they cost."""

import time
from contextlib import ExitStack
from typing import Any

from .lane import Lane
from .plan import Lanes, Plan, turns
from .row import PLAIN, Sample, Spec, by_lane, percentile

TITLE = "new flows"
WORKERS = 16
LOAD_PER_S = 500
SETTLE_S = 0.1
"""A process that makes the load is there by then."""


def _latency(name: str, title: str, goals: tuple[float | None, float | None]) -> list[Spec]:
    """Median and 99th percentile, alone and under load."""
    return [
        Spec(id=f"{name}_{word}{suffix}", title=f"{title}{load}, {share}", unit="us", reads="ratio", goal=goal)
        for suffix, load in (("", ""), ("_500", f" under {LOAD_PER_S} new flows a second"))
        for word, share, goal in (("median", "median", goals[0]), ("p99", "99th percentile", goals[1]))
    ]


ROWS = (
    *_latency("connect", "connect", (2.0, 3.0)),
    *_latency("first_byte", "first byte after connect and hello", (None, None)),
    Spec(id="judged_flows_per_s", title="judged flows, one after another", unit="flows/s", goal=5_000, more_is_better=True),
    Spec(id="judged_flows_per_s_16", title=f"… from {WORKERS} clients", unit="flows/s", goal=10_000, more_is_better=True),
    Spec(id="queued_packets_per_1000_flows", title="packets queued for 1,000 flows", unit="packets", goal=2_500),
    Spec(id="cpu_s_per_10000_flows", title="CPU time of the gateway for 10,000 flows", unit="s", goal=1.5),
)  # fmt: skip
Turns = list[dict[str, dict[str, Any]]]


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """Flows one after another: alone, beside others, and from many clients."""
    alone = turns(plan.repetitions, lanes, lambda lane: _run(lane, seconds=plan.seconds, workers=1))
    beside = turns(plan.repetitions, lanes, lambda lane: _beside_load(lane, seconds=plan.seconds))
    many = turns(plan.repetitions, lanes, lambda lane: _run(lane, seconds=plan.seconds, workers=WORKERS))
    return {
        **_latencies(alone, ""),
        **_latencies(beside, "_500"),
        "judged_flows_per_s": _rate(alone),
        "judged_flows_per_s_16": _rate(many),
        "queued_packets_per_1000_flows": _cost(alone, "queued", flows=1_000),
        "cpu_s_per_10000_flows": _cost(many, "gateway_cpu_s", flows=10_000),
    }


def _run(lane: Lane, **config: Any) -> dict[str, Any]:
    """Flows, and what the process in the middle did for them."""
    before, cpu_s = lane.queued(), lane.cpu_s()
    result = lane.run("flows", **config)
    time.sleep(SETTLE_S)  # it writes down what it judged once nothing comes any more
    after = lane.queued()
    queued = None if before is None or after is None else after - before
    return {**result, "queued": queued, "gateway_cpu_s": lane.cpu_s() - cpu_s}


def _beside_load(lane: Lane, *, seconds: float) -> dict[str, Any]:
    with ExitStack() as load:
        load.enter_context(lane.started("flows", workers=1, every_s=1 / LOAD_PER_S, seconds=60.0))
        time.sleep(SETTLE_S)
        return lane.run("flows", workers=1, seconds=seconds)


def _latencies(found: Turns, suffix: str) -> dict[str, Sample]:
    note = _failures(found)
    return {
        f"{name}_{word}{suffix}": Sample(
            values=by_lane(found, lambda run, key=key, share=share: percentile(run[key], share) / 1_000),  # type: ignore[misc]
            note=note,
        )
        for name, key in (("connect", "connect_ns"), ("first_byte", "byte_ns"))
        for word, share in (("median", 0.5), ("p99", 0.99))
    }


def _rate(found: Turns) -> Sample:
    """With what the clients themselves spent on one flow, which bounds what can be seen."""
    spent = [1e6 * run["cpu_s"] / max(1, len(run["byte_ns"])) for run in _all(found)]
    note = f"the clients spend {min(spent):.0f} to {max(spent):.0f} us of CPU time a flow themselves"
    notes = filter(None, (note, _failures(found)))
    return Sample(values=by_lane(found, lambda run: float(run["per_s"])), note="; ".join(notes))


def _cost(found: Turns, key: str, *, flows: int) -> Sample:
    """There is none where nobody judges."""
    if any(run[key] is None for run in _all(found)):
        return Sample(note="could not be measured: only root reads the queue's counters")
    judged = [{lane: run for lane, run in turn.items() if lane != PLAIN} for turn in found]
    return Sample(values=by_lane(judged, lambda run: run[key] * flows / max(1, len(run["byte_ns"]))))


def _failures(found: Turns) -> str:
    failed = by_lane(found, lambda run: float(run["errors"]))
    return "; ".join(f"{sum(counts):.0f} flows failed in the {lane} lane" for lane, counts in failed.items() if sum(counts))


def _all(found: Turns) -> list[dict[str, Any]]:
    return [run for turn in found for run in turn.values()]
