"""What it costs to wake a process."""

from dataclasses import replace

from gateway.bench.plan import QUICK
from gateway.bench.row import OURS
from gateway.bench.wake import measure


def test_waking_takes_time() -> None:
    (sample,) = measure(replace(QUICK, repetitions=2), {}).values()
    assert all(0 < value < 100_000 for value in sample.values[OURS]) and len(sample.values[OURS]) == 2
