"""``netcurtain classify``: a line per row, and what becomes of tables that are none."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.classify import MAX_FAULTS, classify
from gateway.purpose import COLUMNS

HEADER = "id,device,vendor,kind,t,transport,domain,bytes_out,bytes_in"
ROWS = (
    "1,cam,ring,doorbell,0,tcp,fw.ring.com,200,300",
    "2,cam,ring,doorbell,1,udp,198.51.100.9,500000,900",
    "3,bulb,,light,2,tcp,,150,160",
    "4,box,,other,3,tcp,,150,160",
)


def _run(tmp_path: Path, *lines: str | bytes, args: tuple[str, ...] = ("--json",)) -> Result:
    flows = tmp_path / "flows.csv"
    flows.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
    return CliRunner().invoke(classify, [str(flows), *args])


def _said(result: Result) -> dict[str, str]:
    return {answer["id"]: answer["purpose"] for answer in map(json.loads, result.stdout.splitlines())}


def test_a_line_per_row(tmp_path: Path) -> None:
    result = _run(tmp_path, HEADER, *ROWS)
    assert result.exit_code == 0
    assert _said(result) == {"1": "control", "2": "video", "3": "control", "4": "unknown"}


def test_the_answer(tmp_path: Path) -> None:
    answer = json.loads(_run(tmp_path, HEADER, ROWS[1]).stdout)
    assert answer == {
        "id": "2",
        "purpose": "video",
        "confidence": 0.7,
        "because": [
            "500 kB went up from a doorbell, most of the flow: pictures",
            "no name: neither in the flow nor from DNS",
        ],
    }


def test_for_people(tmp_path: Path) -> None:
    result = _run(tmp_path, HEADER, "\x1b[1m,,,,,,,,", args=())
    assert (
        result.stdout == "\N{REPLACEMENT CHARACTER}[1m             unknown            0.10  neither name nor address is known\n"
    )


def test_what_comes_later_changes_nothing(tmp_path: Path) -> None:
    rows = [f"{n},plug,,plug,{n * 20},tcp,a.example,," for n in range(12)]
    whole, part = (_run(tmp_path, HEADER, *some).stdout for some in (rows, rows[:9]))
    assert whole.startswith(part)
    assert "control" in whole


def test_only_the_id_has_to_be_there(tmp_path: Path) -> None:
    assert _said(_run(tmp_path, "truth,id", "video,a", ",b")) == {"a": "unknown", "b": "unknown"}
    assert _said(_run(tmp_path, b"\xef\xbb\xbfid", "a")) == {"a": "unknown"}


FAULTS = [
    pytest.param(["device", "a"], "1: no column 'id' in the header", id="no-id"),
    pytest.param([""], "1: no column 'id' in the header", id="empty"),
    pytest.param(['"id"x', "a"], "1: ',' expected after '\"'", id="header-that-is-no-csv"),
    pytest.param(["id,t,t", "a,1,2"], "1: column 't' is there twice", id="twice"),
    pytest.param([HEADER, ROWS[0], "2,cam,,,x,,,,"], "3: column 't': 'x' is not a number", id="no-number"),
    pytest.param(["id,t", "a,1,2"], "2: more cells than columns", id="too-many-cells"),
    pytest.param(["id,t", ",1"], "2: column 'id' is blank", id="blank-id"),
    pytest.param(["id,domain", b"a,\xff.example"], "2: column 'domain' is not UTF-8", id="not-utf-8"),
    pytest.param(["id,domain", b"a," + b"x" * 140_000], "2: field larger than field limit (131072)", id="endless-cell"),
    pytest.param(["id,domain", 'a,"b', "c"], "3: unexpected end of data", id="open-quote"),
]


@pytest.mark.parametrize(("lines", "told"), FAULTS)
def test_faults_name_line_and_column(tmp_path: Path, lines: list[str | bytes], told: str) -> None:
    result = _run(tmp_path, *lines)
    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path}/flows.csv:{told}\n"


@pytest.mark.parametrize("bad", ["x,,,,now,,,,", 'x,"a"b,,,,,,,'], ids=["cell", "quotes"])
def test_one_bad_row_loses_no_other(tmp_path: Path, bad: str) -> None:
    result = _run(tmp_path, HEADER, ROWS[0], bad, ROWS[1])
    assert (result.exit_code, _said(result)) == (1, {"1": "control", "2": "video"})


def test_no_table_at_all(tmp_path: Path) -> None:
    result = _run(tmp_path, "id,t", *["a,x"] * 50)
    assert len(result.stderr.splitlines()) == MAX_FAULTS + 1
    assert result.stderr.endswith(f": given up after {MAX_FAULTS} faults\n")


def test_what_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(classify, [str(tmp_path / "none.csv")])
    assert (result.exit_code, result.stderr) == (1, f"{tmp_path}/none.csv: No such file or directory\n")
    assert CliRunner().invoke(classify, ["x.csv", "--policies", str(tmp_path / "none")]).exit_code == 2


def test_a_catalogue_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "mine.yaml").write_text(
        "version: 1\nvendor: mine\nrows:\n  - {match: a.example, purpose: account, devices: [any], evidence: a test,"
        " confidence: high, date: 2026-11-22}\n"
    )
    result = _run(tmp_path, "id,domain,transport", "1,a.example,tcp", args=("--json", "--policies", str(tmp_path)))
    assert _said(result) == {"1": "account"}


def test_a_directory_that_is_no_policy(tmp_path: Path) -> None:
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "mine.yaml").write_text("version: 99\n")
    assert _run(tmp_path, "id", "1", args=("--policies", str(tmp_path))).exit_code == 1


def test_the_columns_are_told() -> None:
    told = CliRunner().invoke(classify, ["--columns"]).stdout
    assert [re.split(r"\s{2,}", line)[0] for line in told.splitlines()] == list(COLUMNS)
