"""``netcurtain bench``: both lanes stand, every figure is taken, and the goals are told."""

import pytest

from gateway.bench.figure import Report
from gateway.bench.suite import Plan, measure

pytestmark = pytest.mark.net
SHORT = Plan(quick=True, repetitions=1, seconds=0.15, starts=1, reloads=1, flows=20, parse_s=0.02)


@pytest.fixture(scope="module")
def report() -> Report:
    return measure(SHORT, lambda text: None)


def test_every_figure_is_taken(report: Report) -> None:
    missing = [figure.name for figure in report.figures if figure.curtain is None]
    assert not missing
    assert all(figure.curtain.median > 0 for figure in report.figures if figure.curtain and figure.name != "epoch_ms")


def test_no_flow_failed(report: Report) -> None:
    assert not [figure.note for figure in report.figures if "failed" in figure.note]


def test_goals_are_told(report: Report) -> None:
    told = report.as_json()["goals"]
    assert set(told) == {
        "start_s", "bulk_gbit_s", "connect_p50_us", "connect_p99_us", "first_byte_p50_us", "first_byte_p99_us",
        "flows_per_s", "workers_flows_per_s", "memory_mib",
    }  # fmt: skip
    assert all(isinstance(holds, bool) for holds in told.values())


def test_what_both_lanes_do_is_compared(report: Report) -> None:
    compared = {figure.name for figure in report.figures if figure.ratio is not None}
    assert {"bulk_gbit_s", "connect_p50_us", "first_byte_p99_us", "flows_per_s", "workers_flows_per_s"} <= compared
