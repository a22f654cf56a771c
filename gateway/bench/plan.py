"""How much of everything is measured, and in which order: the lanes by turns, so that none has the better hour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from gateway.lab.namespace import LabError

from .lane import Lane
from .router import Curtain
from .row import COMPARED, OURS

Lanes = Mapping[str, Lane]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often, how long, how many."""

    repetitions: int
    """Of what compares lanes."""
    seconds: float
    """Of one repetition of flows or questions."""
    bulk_turns: int
    bulk_s: float
    """Of one turn of throughput."""
    starts: int
    reloads: int
    live: int
    """Flows that are judged again when an epoch changes."""
    known: int
    """Flows in the kernel's table while the gateway's memory is read: below 200,000 for tests only."""
    parked: int
    """Those of them that are really judged, and left there."""
    days: float
    """How much of a day's writing is done."""
    parse_s: float


FULL = Plan(
    repetitions=7, seconds=2.0, bulk_turns=101, bulk_s=0.15, starts=5, reloads=5, live=1_000,
    known=200_000, parked=200_000, days=1.0, parse_s=0.7,
)  # fmt: skip
QUICK = Plan(
    repetitions=3, seconds=0.35, bulk_turns=13, bulk_s=0.05, starts=2, reloads=2, live=1_000,
    known=200_000, parked=2_000, days=1.0, parse_s=0.1,
)  # fmt: skip


def turns(times: int, lanes: Lanes, work: Callable[[Lane], T]) -> list[dict[str, T]]:
    """``work`` in every lane, one right after the other, so many times; every second time in reverse.

    A lane beside those two that are compared is left out where it fails.
    """
    found: list[dict[str, T]] = [{} for _ in range(times)]
    order, failed = list(lanes.items()), set()
    for turn, results in enumerate(found):
        for name, lane in order[:: -1 if turn % 2 else 1]:
            try:
                if name not in failed:
                    results[name] = work(lane)
            except LabError:
                if name in COMPARED:
                    raise
                failed.add(name)
    return [{name: result for name, result in results.items() if name not in failed} for results in found]


def curtain_of(lanes: Lanes) -> tuple[Lane, Curtain]:
    """Our lane, and what stands in it."""
    lane = lanes[OURS]
    assert isinstance(lane.middle, Curtain)
    return lane, lane.middle
