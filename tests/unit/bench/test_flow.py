"""Runs of flows become rows."""

from typing import Any

import pytest

from gateway.bench import flow


def run(*, us: int, per_s: float, errors: int = 0, cpu_s: float = 0.001) -> dict[str, Any]:
    return {
        "connect_ns": [us * 400] * 100, "byte_ns": [us * 1_000] * 98 + [us * 5_000] * 2,
        "per_s": per_s, "errors": errors, "cpu_s": cpu_s,
    }  # fmt: skip


RUNS = [(run(us=100, per_s=9_000), run(us=150, per_s=6_000)), (run(us=100, per_s=9_100), run(us=170, per_s=5_800))]


def test_latency_by_percentile() -> None:
    rows = {figure.name: figure for figure in flow.latency(RUNS)}
    assert list(rows) == ["connect_p50_us", "connect_p99_us", "first_byte_p50_us", "first_byte_p99_us"]
    assert rows["first_byte_p50_us"].ratio == 1.6
    assert rows["connect_p50_us"].plain is not None and rows["connect_p50_us"].plain.median == 40
    assert rows["first_byte_p99_us"].curtain is not None and rows["first_byte_p99_us"].curtain.max == 850
    assert all(figure.reached for figure in rows.values())


def test_rate_tells_what_the_clients_cost() -> None:
    (figure,) = flow.rate(RUNS, name="x", title="x", goal_per_s=5_000)
    assert figure.reached and figure.curtain is not None and figure.curtain.min == 5_800
    assert figure.note == "the clients spend 10 to 10 us of CPU a flow themselves"


@pytest.mark.parametrize("side", [0, 1], ids=["plain", "curtain"])
def test_failed_flows_are_told(side: int) -> None:
    pair = [run(us=100, per_s=1.0), run(us=100, per_s=1.0)]
    pair[side]["errors"] = 3
    plain, curtain = (3, 0) if side == 0 else (0, 3)
    expected = f"{plain} plain and {curtain} curtain flows failed"
    (rate,) = flow.rate([(pair[0], pair[1])], name="x", title="x", goal_per_s=1)
    assert rate.note.endswith(expected)
    assert flow.latency([(pair[0], pair[1])])[0].note == expected


def test_workers_wait() -> None:
    (figure,) = flow.crowd_latency(RUNS)
    assert figure.plain is not None and figure.plain.median == 500
