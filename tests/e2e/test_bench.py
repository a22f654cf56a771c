"""``netcurtain bench``: the lanes stand, every row is taken, and the command tells which goals were missed."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.bench import suricata
from gateway.bench.plan import QUICK
from gateway.bench.row import COMPARED, SURICATA, Report
from gateway.bench.suite import SECTIONS, measure

pytestmark = [pytest.mark.net, pytest.mark.slow]
SHORT = replace(
    QUICK, repetitions=1, seconds=0.15, bulk_turns=2, bulk_s=0.05, live=60, known=5_000, parked=200, days=0.01, parse_s=0.02,
)  # fmt: skip


@pytest.fixture(scope="module")
def report() -> Report:
    return measure(SHORT, lambda text: None)


def test_every_row_is_measured(report: Report) -> None:
    assert [row.spec.id for row in report.rows] == [spec.id for section in SECTIONS for spec in section.rows]
    assert not [f"{row.spec.id}: {row.note}" for row in report.rows if row.median is None]
    assert all(min(row.ours) >= 0 for row in report.rows) and report.host["seconds"] > 0


def test_nothing_failed_on_the_way(report: Report) -> None:
    assert not [row.note for row in report.rows if "failed" in row.note or "not answered" in row.note]


def test_one_look_judges_a_flow(report: Report) -> None:
    """Its handshake passes in the kernel, since a name led there."""
    (queued,) = [row for row in report.rows if row.spec.id == "queued_packets_per_1000_flows"]
    assert queued.median is not None and 950 <= queued.median <= 1_250


def test_a_table_full_of_flows_is_known(report: Report) -> None:
    (loaded,) = [row for row in report.rows if row.spec.id == "gateway_rss_mib_200000"]
    assert int(loaded.note.split()[0].replace(",", "")) >= SHORT.known
    assert loaded.median is not None and 20 < loaded.median < 400


@pytest.mark.skipif(bool(suricata.missing()), reason="Suricata is not installed")
def test_suricata_on_the_same_queue() -> None:
    report = measure(SHORT, lambda text: None, lanes=(*COMPARED, SURICATA))
    beside = {row.spec.id for row in report.rows if row.spec.id.endswith("_suricata") and row.ours}
    assert {"tcp_bulk_1_suricata", "judged_flows_per_s_suricata", "gateway_rss_mib_suricata"} <= beside


def test_the_command(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "gateway", "bench", "--quick", "--json"]
    first = subprocess.run(argv, capture_output=True, text=True)
    told = json.loads(first.stdout)
    assert set(told) == {"host", "rows"}
    assert first.returncode == (1 if any(row["ok"] is False for row in told["rows"]) else 0), first.stderr
    earlier = tmp_path / "earlier.json"
    earlier.write_text(first.stdout)
    second = subprocess.run([*argv, "--against", str(earlier)], capture_output=True, text=True)
    rows = json.loads(second.stdout)["rows"]
    assert all("change_in_spreads" in row for row in rows if row["median"] is not None), second.stderr
    assert all((f"worse: {row['id']} " in second.stderr) is row.get("worse", False) for row in rows)
