"""Runs of flows become rows."""

from typing import Any

import pytest

from gateway.bench import flow
from gateway.bench.row import OURS, PLAIN, fill


def run(*, us: int, per_s: float, errors: int = 0, cpu_s: float = 0.001, queued: int | None = 200) -> dict[str, Any]:
    return {
        "connect_ns": [us * 400] * 100, "byte_ns": [us * 1_000] * 98 + [us * 5_000] * 2,
        "per_s": per_s, "errors": errors, "cpu_s": cpu_s, "queued": queued, "gateway_cpu_s": 0.012,
    }  # fmt: skip


RUNS = [
    {PLAIN: run(us=100, per_s=9_000), OURS: run(us=150, per_s=6_000)},
    {OURS: run(us=170, per_s=5_800), PLAIN: run(us=100, per_s=9_100)},
]


def test_latency_by_percentile() -> None:
    samples = flow._latencies(RUNS, "_500")
    rows = {row.spec.id: row for row in fill(flow.ROWS, samples) if row.ours}
    assert set(rows) == {"connect_median_500", "connect_p99_500", "first_byte_median_500", "first_byte_p99_500"}
    assert rows["first_byte_median_500"].median == 1.6
    assert rows["connect_median_500"].plain == (40, 40)
    assert rows["first_byte_p99_500"].ours == (750, 850)
    assert rows["connect_p99_500"].ok


def test_rate_tells_what_the_clients_cost() -> None:
    sample = flow._rate(RUNS)
    assert sample.values[OURS] == [6_000, 5_800]
    assert sample.note == "the clients spend 10 to 10 us of CPU time a flow themselves"


def test_costs_are_those_of_who_judges() -> None:
    assert flow._cost(RUNS, "queued", flows=1_000).values == {OURS: [2_000, 2_000]}
    assert flow._cost(RUNS, "gateway_cpu_s", flows=10_000).values == {OURS: [1.2, 1.2]}


def test_counters_that_only_root_reads() -> None:
    hidden = [{PLAIN: run(us=1, per_s=1), OURS: run(us=1, per_s=1, queued=None)}]
    assert "could not be measured" in flow._cost(hidden, "queued", flows=1_000).note


@pytest.mark.parametrize("lane", [PLAIN, OURS])
def test_failed_flows_are_told(lane: str) -> None:
    pair = {PLAIN: run(us=100, per_s=1.0), OURS: run(us=100, per_s=1.0)}
    pair[lane]["errors"] = 3
    assert flow._rate([pair]).note.endswith(f"3 flows failed in the {lane} lane")
    assert flow._latencies([pair], "")["connect_median"].note == f"3 flows failed in the {lane} lane"
