"""Connect, hello, first byte: how long it takes, and how many a second there can be."""

from collections.abc import Callable
from typing import Any

from .figure import Figure, Goal, compare, percentile
from .lane import Lane

WORKERS = 16
_MEDIAN, _P99 = Goal(of="ratio", bound=2.0), Goal(of="ratio", bound=3.0)
Runs = list[tuple[dict[str, Any], dict[str, Any]]]


def measure(plain: Lane, curtain: Lane, *, repetitions: int, seconds: float, workers: int) -> Runs:
    """(plain, curtain) runs, each pair one right after the other."""
    for lane in (plain, curtain):
        lane.run("flows", seconds=seconds / 5, workers=workers)
    return [
        (plain.run("flows", seconds=seconds, workers=workers), curtain.run("flows", seconds=seconds, workers=workers))
        for _ in range(repetitions)
    ]


def latency(runs: Runs) -> list[Figure]:
    """Microseconds of flows that come one after another."""
    rows: tuple[tuple[str, str, str, float, Goal], ...] = (
        ("connect_p50_us", "connect, median", "connect_ns", 0.5, _MEDIAN),
        ("connect_p99_us", "connect, 99th percentile", "connect_ns", 0.99, _P99),
        ("first_byte_p50_us", "connect + hello + first byte, median", "byte_ns", 0.5, _MEDIAN),
        ("first_byte_p99_us", "connect + hello + first byte, 99th percentile", "byte_ns", 0.99, _P99),
    )
    note = _failures(runs)
    return [
        compare(name, title, "us", pairs=_microseconds(runs, key, share), goal=goal, note=note)
        for name, title, key, share, goal in rows
    ]


def rate(runs: Runs, *, name: str, title: str, goal_per_s: float) -> list[Figure]:
    """New flows a second, and what the clients themselves spent on one, which bounds what can be seen."""
    spent = [1e6 * run["cpu_s"] / max(1, len(run["byte_ns"])) for pair in runs for run in pair]
    note = f"the clients spend {min(spent):.0f} to {max(spent):.0f} us of CPU a flow themselves"
    pairs = _pairs(runs, lambda run: float(run["per_s"]))
    goal = Goal(of="value", bound=goal_per_s, at_least=True)
    return [compare(name, title, "flows/s", pairs=pairs, goal=goal, note="; ".join(filter(None, (note, _failures(runs)))))]


def crowd_latency(runs: Runs) -> list[Figure]:
    """What one of the workers waits for."""
    pairs = _microseconds(runs, "byte_ns", 0.99)
    return [compare("workers_first_byte_p99_us", f"first byte from {WORKERS} workers, 99th percentile", "us", pairs=pairs)]


def _microseconds(runs: Runs, key: str, share: float) -> list[tuple[float, float]]:
    return _pairs(runs, lambda run: percentile(run[key], share) / 1_000)


def _pairs(runs: Runs, read: Callable[[dict[str, Any]], float]) -> list[tuple[float, float]]:
    return [(read(plain), read(curtain)) for plain, curtain in runs]


def _failures(runs: Runs) -> str:
    plain, curtain = (sum(pair[side]["errors"] for pair in runs) for side in (0, 1))
    return f"{plain} plain and {curtain} curtain flows failed" if plain or curtain else ""
