"""Which rows there are; what happens where one of them fails."""

from typing import Any

import pytest

from gateway.bench import suite
from gateway.bench.plan import QUICK
from gateway.bench.row import OURS, Sample, Spec
from gateway.lab.namespace import LabError

GOALS = {
    "tcp_bulk_1": 0.97, "tcp_bulk_16": 0.97, "udp_bulk": 0.97,
    "connect_median": 2, "connect_p99": 3, "connect_median_500": 2, "connect_p99_500": 3,
    "judged_flows_per_s": 5_000, "judged_flows_per_s_16": 10_000, "queued_packets_per_1000_flows": 2_500,
    "dns_queries_per_s": 2_000, "dns_added_ms": 0.5, "cpu_s_per_10000_flows": 1.5,
    "gateway_rss_mib": 80, "gateway_rss_mib_200000": 160, "disk_mb_per_day": 20, "first_verdict_s": 1.5,
}  # fmt: skip


def test_every_promise_has_its_row() -> None:
    specs = [spec for section in suite.SECTIONS for spec in section.rows]
    assert len({spec.id for spec in specs}) == len(specs)
    assert {spec.id: spec.goal for spec in specs if spec.goal is not None} == GOALS


@pytest.mark.parametrize("error", [LabError("it fell"), OSError("it fell"), ValueError("it fell")], ids=repr)
def test_what_fails_is_said_at_its_rows(error: Exception) -> None:
    def fail(plan: Any, lanes: Any) -> dict[str, Sample]:
        raise error

    said: list[str] = []
    section = suite.Section(title="falling", rows=(Spec(id="x", title="x", unit="s"),), measure=fail)
    (row,) = suite._take(section, QUICK, said.append, {OURS: None})  # type: ignore[dict-item]
    assert row.ok is False and row.note == "could not be measured: it fell"
    assert said == ["falling", "falling: it fell"]
