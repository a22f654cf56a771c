"""The ledger as a table: what is in it, that it is classified as it was judged, and that nothing is lost by it."""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.export import HEADER
from tests.support.records import make_record, write_ledger

NOW = time.time()
RECORDS = [
    make_record("update", name="old.example.com", started=NOW - 8 * 86_400.0),
    make_record("control", name="fw.ring.com", profile="ring-doorbell", vendor="ring", family="doorbell", started=NOW - 90.0),
    make_record(
        "motion-event", "drop", main="control", also=("motion-event",), mixed=True, name="fw.ring.com", action="drop",
        profile="ring-doorbell", vendor="ring", family="doorbell", started=NOW - 60.0,
    ),
    make_record("unknown", name="=cmd.example", device="02:00:5e:10:00:05", device_id="gizmo", started=NOW - 30.0),
]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    write_ledger(tmp_path / "ledger.db", RECORDS, now=NOW)

    def run(*words: object) -> Result:
        return CliRunner().invoke(main, ["flows", "--state", str(tmp_path), *map(str, words)], prog_name="netcurtain")

    return run


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


CHOSEN = [
    pytest.param([], ["fw.ring.com", "fw.ring.com", "=cmd.example"], id="a week"),
    pytest.param(["--since", "30d"], ["old.example.com", "fw.ring.com", "fw.ring.com", "=cmd.example"], id="longer"),
    pytest.param(["--device", "gizmo"], ["=cmd.example"], id="a device"),
    pytest.param(["--purpose", "control"], ["fw.ring.com", "fw.ring.com"], id="a purpose"),
    pytest.param(["--purpose", "motion-event"], ["fw.ring.com"], id="the purpose that it was judged by"),
    pytest.param(["--purpose", "voice"], [], id="none"),
]


@pytest.mark.parametrize(("options", "wanted"), CHOSEN)
def test_flows_are_chosen(run: Callable[..., Result], tmp_path: Path, options: list[str], wanted: list[str]) -> None:
    result = run("--export", tmp_path / "out.csv", *options)
    assert (result.exit_code, result.output) == (0, f"{len(wanted)} flows: {tmp_path / 'out.csv'}\n")
    assert [row["domain"].lstrip("'") for row in rows(tmp_path / "out.csv")] == wanted


def test_what_was_found_stands_beside_it(run: Callable[..., Result], tmp_path: Path) -> None:
    assert json.loads(run("--export", tmp_path / "out.csv", "--json").output) == {"file": str(tmp_path / "out.csv"), "flows": 3}
    first, second, third = rows(tmp_path / "out.csv")
    assert tuple(first) == HEADER
    assert (first["kind"], first["profile"], first["extent"], first["bytes_out"]) == (
        "doorbell",
        "ring-doorbell",
        "so-far",
        "0",
    )
    assert [second[column] for column in ("purpose", "confidence", "action", "effect")] == ["control", "0.90", "drop", "drop"]
    assert third["domain"] == "'=cmd.example", "no formula for a spreadsheet"


def test_it_is_classified_as_it_was_judged(run: Callable[..., Result], tmp_path: Path) -> None:
    run("--export", tmp_path / "out.csv")
    told = CliRunner().invoke(main, ["classify", str(tmp_path / "out.csv"), "--json"], prog_name="netcurtain").output
    found = {row["id"]: row["purpose"] for row in map(json.loads, told.splitlines())}
    assert found == {row["id"]: row["purpose"] for row in rows(tmp_path / "out.csv")}


def test_an_earlier_table_is_replaced(run: Callable[..., Result], tmp_path: Path) -> None:
    for _ in range(2):
        assert run("--export", tmp_path / "out.csv").exit_code == 0
    assert len(rows(tmp_path / "out.csv")) == 3


LOST = [
    pytest.param(["--export", "ledger.db"], 1, "is there already, and is no table of flows", id="another file"),
    pytest.param(["--export", "gone/out.csv"], 1, "No such file or directory", id="no folder"),
    pytest.param(["--export", "out.csv", "--state", "empty"], 1, "the ledger empty/ledger.db cannot be read", id="no ledger"),
    pytest.param(["--export", "out.csv", "--follow"], 2, "--export stands alone", id="it does not follow"),
    pytest.param(["--since", "1d"], 2, "go with --export", id="since without export"),
]


@pytest.mark.parametrize(("options", "code", "said"), LOST)
def test_nothing_is_lost(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    result = run(*options)
    assert result.exit_code == code and said in result.output
    assert {file.name: file.stat().st_size for file in tmp_path.iterdir()} == before


def test_a_table_that_breaks_off_is_not_left_behind(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--export", tmp_path / "out.csv").exit_code == 0
    before = (tmp_path / "out.csv").read_bytes()
    monkeypatch.setattr("os.fsync", _full)
    assert run("--export", tmp_path / "out.csv", "--since", "30d").exit_code == 1
    assert (tmp_path / "out.csv").read_bytes() == before and not list(tmp_path.glob("*.new"))


def _full(_: int) -> None:
    raise OSError(28, "No space left on device")
