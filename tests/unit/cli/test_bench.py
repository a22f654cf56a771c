"""How a report looks to people and machines, and what the command is worth in a script."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from gateway.bench.change import Change
from gateway.bench.row import Report, Row, Spec
from gateway.cli import bench as module
from gateway.cli.bench import bench, show

HOST = {"cpu": "Cortex-A76", "cores": 4, "kernel": "6.12", "python": "3.13", "load_before": 0.1, "seconds": 3.4}
RATIO = Spec(id="rate", title="rate", unit="flows/s", reads="ratio", goal=0.4, more_is_better=True)
MEMORY = Spec(id="memory", title="memory", unit="MiB", goal=80)
START = Spec(id="start", title="start", unit="s")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            Row(spec=RATIO, plain=(10_000, 12_000), ours=(5_000, 6_000)),
            ["rate (flows/s)", "10,000 … 12,000", "5,000 … 6,000", "x 0.5", ">= 0.4", "reached"],
            id="compared",
        ),
        pytest.param(Row(spec=MEMORY, ours=(90,)), ["memory (MiB)", "90", "<= 80", "missed"], id="missed"),
        pytest.param(Row(spec=MEMORY, note="not seen"), ["<= 80", "not measured", "memory: not seen"], id="not measured"),
        pytest.param(Row(spec=START, ours=(0.8,)), ["start (s)", "0.8"], id="once, without a goal"),
    ],
)
def test_rows(row: Row, expected: list[str]) -> None:
    text = shown(Report(host=HOST, rows=(row,)))
    assert "Cortex-A76, 4 cores, Linux 6.12" in text
    assert not [part for part in expected if part not in text]


def test_changes_stand_beside_their_rows() -> None:
    report = Report(host=HOST, rows=(Row(spec=START, ours=(0.8,)), Row(spec=MEMORY, ours=(70,))))
    text = shown(report, [Change(id="start", before=0.5, now=0.8, spreads=3.0, worse=True)])
    assert "before" in text and "0.5" in text and "+3.0 worse" in text


def shown(report: Report, changes: list[Change] | None = None) -> str:
    output = io.StringIO()
    show(report, changes, Console(file=output, width=160))
    return output.getvalue()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, with a report in place of some minutes of measuring."""

    def run(*rows: Row, args: tuple[str, ...] = ()) -> Any:
        monkeypatch.setattr(module, "measure", lambda plan, say, lanes: Report(host=HOST, rows=rows))
        return CliRunner().invoke(bench, list(args))

    return run


@pytest.mark.parametrize(
    ("row", "status"),
    [
        pytest.param(Row(spec=MEMORY, ours=(70,)), 0, id="reached"),
        pytest.param(Row(spec=MEMORY, ours=(90,)), 1, id="missed"),
        pytest.param(Row(spec=START, note="why"), 1, id="not measured"),
        pytest.param(Row(spec=START, ours=(9,)), 0, id="without a goal"),
    ],
)
def test_a_missed_goal_is_a_failure(run: Any, row: Row, status: int) -> None:
    done = run(row, args=("--json",))
    assert done.exit_code == status
    assert json.loads(done.stdout)["rows"][0]["id"] == row.spec.id


def test_against_an_earlier_run(run: Any, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(run(Row(spec=START, ours=(0.5, 0.5)), args=("--json",)).stdout)
    done = run(Row(spec=START, ours=(0.8, 0.8)), args=("--json", "--against", str(earlier)))
    (row,) = json.loads(done.stdout)["rows"]
    assert (row["before"], row["worse"], done.exit_code) == (0.5, True, 0)
    assert "worse: start is 0.8, it was 0.5" in done.stderr


def test_against_what_is_no_report(run: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"version": 1}')
    done = run(args=("--against", str(other)))
    assert done.exit_code == 1 and "no rows of an earlier run" in done.stderr


def test_suricata_that_is_not_there(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.suricata, "missing", lambda: "apt install it")
    done = run(args=("--with", "suricata"))
    assert done.exit_code == 1 and "apt install it" in done.stderr
