"""Throughput of one flow that was judged: the kernel forwards it alone."""

from .figure import Figure, Goal, compare
from .lane import Lane


def measure(plain: Lane, curtain: Lane, *, repetitions: int, seconds: float) -> Figure:
    """Gbit/s, the two lanes by turns."""
    pairs = [(_gbit_s(plain, seconds), _gbit_s(curtain, seconds)) for _ in range(repetitions)]
    goal = Goal(of="ratio", bound=0.97, at_least=True)
    return compare("bulk_gbit_s", "throughput of a judged flow", "Gbit/s", pairs=pairs, goal=goal)


def _gbit_s(lane: Lane, seconds: float) -> float:
    return float(lane.run("bulk", seconds=seconds)["bytes_per_s"]) * 8 / 1e9
