"""Which figures there are, and the order they are taken in."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from gateway.lab.namespace import WORK, inside, set_resolver

from . import bulk, flow, memory, parse, reload, start, wake
from .figure import Figure, Report
from .lane import Lane
from .machine import describe

RESOLVER = "203.0.113.53"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of everything."""

    quick: bool
    repetitions: int
    """Of what compares two lanes."""
    seconds: float
    """Of one repetition of it."""
    starts: int
    reloads: int
    flows: int
    """Live ones, when an epoch changes."""
    parse_s: float


FULL = Plan(quick=False, repetitions=5, seconds=2.0, starts=3, reloads=3, flows=500, parse_s=0.7)
QUICK = Plan(quick=True, repetitions=2, seconds=0.5, starts=1, reloads=1, flows=200, parse_s=0.2)


def measure(plan: Plan, say: Say) -> Report:
    """Everything, in a sealed world of its own; ``say`` is told what is being done. LabError where that cannot be built."""
    machine, began = describe(), time.monotonic()
    say("in this process: parsers and engine")
    figures = parse.measure(repetitions=5, seconds=plan.parse_s)
    figures = [*inside(lambda: _on_the_wire(plan, say)), wake.measure(repetitions=plan.repetitions), *figures]
    return Report(machine=machine, quick=plan.quick, seconds=time.monotonic() - began, figures=tuple(figures))


def _on_the_wire(plan: Plan, say: Say) -> list[Figure]:
    set_resolver(RESOLVER)
    with Lane("plain", WORK / "plain", curtain=False) as plain, Lane("curtain", WORK / "curtain", curtain=True) as curtain:
        assert curtain.curtain is not None
        say("start to first verdict")  # first: from here on the gateway runs
        figures = [start.measure(curtain, repetitions=plan.starts)]
        say("throughput of a judged flow")
        figures.append(bulk.measure(plain, curtain, repetitions=plan.repetitions, seconds=plan.seconds))
        figures += _flows(plan, say, plain, curtain)
        figures.append(memory.measure(curtain.curtain.pid))  # after the load
        say("edits of the policy")
        figures.append(reload.measure_cut(curtain, repetitions=plan.reloads))
        figures.append(reload.measure_epoch(curtain, repetitions=plan.reloads, flows=plan.flows))
    return figures


def _flows(plan: Plan, say: Say, plain: Lane, curtain: Lane) -> list[Figure]:
    say("new flows, one after another")
    single = flow.measure(plain, curtain, repetitions=plan.repetitions, seconds=plan.seconds, workers=1)
    say(f"new flows from {flow.WORKERS} workers")
    many = flow.measure(plain, curtain, repetitions=plan.repetitions, seconds=plan.seconds, workers=flow.WORKERS)
    return [
        *flow.latency(single),
        *flow.rate(single, name="flows_per_s", title="judged new flows, one after another", goal_per_s=5_000),
        *flow.rate(many, name="workers_flows_per_s", title=f"judged new flows from {flow.WORKERS} workers", goal_per_s=10_000),
        *flow.crowd_latency(many),
    ]
