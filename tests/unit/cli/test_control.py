"""Each command against a gateway in another process: what it asks, prints, and with which code it ends."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.support.fake_gateway import STATUS, TOP, running


@pytest.fixture
def netcurtain(socket_path: Path):
    def run(*words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--control", str(socket_path)], prog_name="netcurtain")

    return run


SHOWN = {
    "status": (["status"], ["2 devices", "12m 34s left; annas-phone opened", "presett", "not synchronised", "1.0 kB"]),
    "flows": (["flows"], ["front-door", "refused", "metrics.example.com", "telemetry stays at home"]),
    "flows of a device": (["flows", "--device", "speaker"], ["metrics.example.com"]),
    "pause all": (["pause", "all", "--for", "10m"], ["pause: all, for 10m"]),
    "pause one purpose": (["pause", "speaker", "telemetry", "--for", "1h30m"], ["pause: speaker telemetry, for 1h 30m"]),
    "allow": (["allow", "speaker", "telemetry", "--for", "1h"], ["allowance: speaker telemetry, for 1h"]),
    "allow a flow": (["allow", "102", "--for", "90s"], ["allowance: speaker, for 1m 30s"]),
    "view": (["view", "front-door"], ["viewing: front-door video, for 15m"]),
    "stop": (["stop", "all"], ["ended: viewing of front-door video"]),
    "reload": (["reload"], ["policy 0123456789abcdef is in force"]),
}


@pytest.mark.parametrize(("words", "shown"), SHOWN.values(), ids=SHOWN)
def test_people_read(netcurtain, words: list[str], shown: list[str]) -> None:
    result = netcurtain(*words)
    assert result.exit_code == 0, result.output
    for text in shown:
        assert text in result.output
    assert "\x1b" not in result.output, "no colours, and nothing a device said, moves the cursor"


@pytest.mark.parametrize("words", [case[0] for case in SHOWN.values()], ids=SHOWN)
def test_programs_read(netcurtain, words: list[str]) -> None:
    result = netcurtain(*words, "--json")
    assert result.exit_code == 0, result.output
    for line in result.output.splitlines():
        json.loads(line)
    if words == ["status"]:
        assert json.loads(result.output) == STATUS


def test_spreadsheets_read(netcurtain) -> None:
    head, *rows = csv.reader(io.StringIO(netcurtain("flows", "--csv").stdout))
    assert len(rows) == 2 and {len(row) for row in rows} == {len(head)}
    assert rows[1][head.index("reason")] == "'=telemetry stays at home", "no formula of a stranger"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["view", "nobody"], "devices: front-door, speaker", id="unknown device"),
        pytest.param(["flows", "--device", "nobody"], "no device is called", id="unknown device of flows"),
    ],
)
def test_a_refusal_ends_with_1(netcurtain, words: list[str], told: str) -> None:
    result = netcurtain(*words)
    assert result.exit_code == 1
    assert told in result.stderr and result.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["pause", "all"], id="no duration"),
        pytest.param(["pause", "all", "--for", "soon"], id="no such duration"),
        pytest.param(["pause", "all", "--for", "0s"], id="an empty duration"),
        pytest.param(["pause", "all", "world-peace", "--for", "1m"], id="no such purpose"),
        pytest.param(["allow", "speaker", "--for", "1m"], id="a device without a purpose"),
        pytest.param(["allow", "102", "telemetry", "--for", "1m"], id="a flow with a purpose"),
        pytest.param(["flows", "--csv", "--json"], id="two formats"),
        pytest.param(["flows", "--limit", "0"], id="no flows"),
        pytest.param(["explode"], id="no such command"),
    ],
)
def test_wrong_usage_ends_with_2(netcurtain, words: list[str]) -> None:
    assert netcurtain(*words).exit_code == 2


@pytest.mark.parametrize("words", [case[0] for case in SHOWN.values()], ids=SHOWN)
def test_without_a_gateway_it_says_what_to_do(tmp_path: Path, words: list[str]) -> None:
    result = CliRunner().invoke(main, [*words, "--control", str(tmp_path / "none.sock")])
    assert result.exit_code == 1
    assert str(tmp_path / "none.sock") in result.stderr and "netcurtain run" in result.stderr


def test_the_socket_may_stand_in_the_environment(socket_path: Path) -> None:
    result = CliRunner().invoke(main, ["status"], env={"NETCURTAIN_CONTROL": str(socket_path)})
    assert result.exit_code == 0


def test_a_policy_with_faults_ends_with_1(tmp_path: Path) -> None:
    with running(tmp_path / "control.sock", is_broken=True):
        result = CliRunner().invoke(main, ["reload", "--control", str(tmp_path / "control.sock")])
    assert result.exit_code == 1
    assert "presett" in result.stderr and "last good policy stays" in result.stderr


@pytest.mark.parametrize("form", ["--json", "--csv", ""], ids=["json", "csv", "text"])
def test_follow_goes_on_until_it_is_ended(socket_path: Path, form: str) -> None:
    command = [sys.executable, "-m", "gateway", "flows", "--follow", "--purpose", "telemetry", "--control", str(socket_path)]
    with subprocess.Popen([*command, *form.split()], stdout=subprocess.PIPE, text=True, cwd=TOP) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGINT)
        assert process.wait(5) in (0, 1)
    assert all("telemetry" in line for line in lines[1:])
    assert not any("control" in line.replace(str(socket_path), "") for line in lines[1:])


def test_follow_ends_when_the_gateway_goes(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with running(path) as gateway:
        command = [sys.executable, "-m", "gateway", "flows", "--follow", "--json", "--control", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.readline()
            gateway.kill()
            process.stdout.read()
            assert "closed the connection" in process.stderr.read()
            assert process.wait(5) == 1


def test_help_answers_at_once_and_lists_what_is_there() -> None:
    spent = []
    for _ in range(3):
        started = time.monotonic()
        environment = {**os.environ, "COLUMNS": "100"}
        done = subprocess.run(
            [sys.executable, "-m", "gateway", "--help"], capture_output=True, text=True, cwd=TOP, env=environment, check=True
        )
        spent.append(time.monotonic() - started)
    assert "pause" in done.stdout and "inspect" in done.stdout
    assert min(spent) < 0.5  # 0.07 s on an idle machine
