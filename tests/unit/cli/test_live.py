"""The live view against a gateway in another process: as lines, and on a terminal of 80 by 24 with keys pressed."""

import fcntl
import io
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from gateway.cli import main
from gateway.cli.live import switch_preset, watch
from gateway.cli.scene import Scene
from gateway.cli.screen import draw
from tests.support.fake_gateway import BELL, DEVICES, PASSED, SPEAKER, STATUS, STOPPED, TOP, running


@pytest.fixture
def gateway(tmp_path: Path):
    with running(tmp_path / "control.sock") as process:
        yield process


@pytest.fixture
def path(gateway: subprocess.Popen[str], tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def scene() -> Scene:
    made = Scene()
    made.take_status(STATUS)
    made.take_devices(DEVICES)
    made.take_flows([PASSED.eve(), STOPPED.eve()])
    return made


HINTS = {"p": "pause", "v": "view door", "a": "allow last", "s": "preset", "t": "telemetry"}


def picture(of: Scene, *, width: int = 80, height: int = 24) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    console.print(draw(of, console, hints=HINTS))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_lines_for_programs_end_by_themselves(path: Path) -> None:
    command = [sys.executable, "-m", "gateway", "live", "--plain", "--for", "1s", "--control", str(path)]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=TOP, check=False)
    assert done.returncode == 0, done.stderr
    assert 1.0 <= time.monotonic() - started < 3.0
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    flows = [row for row in rows if row[1] == "flow"]
    assert len(flows) > 6 and {len(row) for row in flows} == {7}
    assert ["speaker", "telemetry", "metrics.example.com", "refused"] in [row[2:6] for row in flows]
    assert ["total", "telemetry", "stopped=6", "held_bytes=1034", "passed=0"] in rows
    assert rows[-1] == ["kept at home", "6 tries stopped, 1.0 kB held back; 3 flows passed"]
    assert {row[1] for row in rows} >= {"flow", "device", "viewing", "question"}


def test_without_a_terminal_it_is_plain(path: Path) -> None:
    result = CliRunner().invoke(main, ["live", "--for", "0.2s", "--control", str(path)])
    assert result.exit_code == 0 and "\tflow\t" in result.output and "\x1b" not in result.output


def test_a_reader_that_leaves_is_no_fault(path: Path) -> None:
    command = f"{sys.executable} -m gateway live --plain --for 5s --control {path} | head -n 3"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20, cwd=TOP, check=False)
    assert len(done.stdout.splitlines()) == 3 and done.stderr == ""


def test_without_a_gateway_it_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["live", "--plain", "--control", str(tmp_path / "none.sock")])
    assert result.exit_code == 1 and "netcurtain run" in result.stderr


def test_a_gateway_that_goes_ends_it(gateway: subprocess.Popen[str], path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "gateway", "live", "--plain", "--control", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        gateway.kill()
        process.stdout.read()
        assert "closed the connection" in process.stderr.read()
        assert process.wait(5) == 1


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60), (60, 16)], ids=["80x24", "200x60", "60x16"])
def test_the_picture_fits(width: int, height: int) -> None:
    full = scene()
    for number in range(300):
        full.take({"event": "flow", "data": STOPPED.eve()}, now="12:00:00")
        full.devices[f"02:00:00:00:00:{number:02x}"] = {**DEVICES[0], "id": f"gadget-with-a-long-name-{number}"}
    lines = picture(full, width=width, height=height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for word in ("front-door", "telemetry", "refused", "metrics.exam", "viewing", "kept at home: 6 tries"):
        assert word in text
    assert "q quit" in text
    assert "t telemetry" in text or width < 80
    assert ("×3" in text) and ("Why" in text) == (width >= 100) and ("Time" in text) == (width >= 140)


def test_the_first_picture_of_an_empty_house() -> None:
    empty = Scene()
    assert len(picture(empty)) <= 24
    assert empty.camera() == "" and empty.last_stopped() is None
    empty.pick(1)
    assert empty.picked == ""


def test_a_picked_device_is_looked_at_alone() -> None:
    made = scene()
    assert made.camera() == "front-door"
    stopped = made.last_stopped()
    assert stopped is not None and (stopped.device, stopped.purpose) == ("speaker", "telemetry")
    made.pick(1)
    assert made.picked == BELL
    assert [line.device for line in made.shown()] == ["front-door"]
    assert list(made.kept()) == ["control"] and made.last_stopped() is None
    made.pick(2)
    assert made.picked == SPEAKER and made.camera() == "speaker"
    made.pick(2)
    assert made.picked == "" and len(made.shown()) == 2


def test_a_device_that_was_forgotten_is_not_on_the_screen_any_more() -> None:
    made = scene()
    made.pick(1)
    waits = made.take({"event": "forgetting", "data": {"mac": BELL, "what": "waiting"}}, now="12:00")
    assert waits.why == "is to be forgotten" and BELL in made.devices
    over = made.take({"event": "forgetting", "data": {"mac": BELL, "what": "forgotten"}}, now="12:01")
    assert (over.device, over.why) == ("", "a device was forgotten")
    assert made.picked == "" and BELL not in made.devices and not [line for line in made.lines if line.mac == BELL]
    assert [line.device for line in made.lines if line.mac] == ["speaker"]


def test_a_flow_that_comes_again_is_one_line_at_the_end() -> None:
    made = scene()
    tried_again = STOPPED.eve()
    tried_again["netcurtain"]["attempts"] = 4
    made.take({"event": "flow", "data": PASSED.eve()}, now="12:00:01")
    made.take({"event": "flow", "data": tried_again}, now="12:00:02")
    assert [(line.time, line.device, line.tries) for line in made.lines] == [
        ("12:00:01", "front-door", 1), ("12:00:02", "speaker", 4)
    ]  # fmt: skip


def test_reasons_leave_out_what_is_seen_beside_them() -> None:
    made = scene()
    flow = STOPPED.eve()
    reason = "x serves telemetry (c.yaml:1); telemetry is blocked for speaker (profiles/echo.yaml:21)"
    flow["netcurtain"] |= {"rule": "profiles/echo.yaml:21", "reason": reason}
    line = made.take({"event": "flow", "data": flow}, now="")
    assert (line.ruling, line.cause) == ("telemetry is blocked", "blocked")
    assert line.plain().endswith("telemetry is blocked for speaker (profiles/echo.yaml:21)")
    assert "stopped by profiles/echo.yaml:21  speaker: telemetry is blocked" in "\n".join(picture(made))
    assert "echo.yaml:21 blocked" in "\n".join(picture(made, width=120))


def test_named_devices_come_first_and_strangers_are_called_what_they_call_themselves() -> None:
    made = Scene()
    mac = "02:00:00:00:00:09"
    made.take_devices([{**DEVICES[0], "mac": "02:00:00:00:00:01", "trusted": True}])
    made.take({"event": "device", "data": {**DEVICES[0], "mac": mac, "id": mac, "hostname": "ESP_1"}}, now="")
    made.take({"event": "device", "data": DEVICES[1]}, now="")
    assert [device["id"] for device in made.devices.values()] == ["speaker", mac, "front-door"]
    assert made.label(BELL, BELL, short=True) == "…10:00:01" and made.label("", "") == ""
    assert made.label(mac, mac) == "ESP_1" and made.label(BELL, "front-door") == "front-door"


def test_what_a_device_says_never_moves_the_cursor_nor_becomes_markup() -> None:
    made = scene()
    name = "[bold]x[/]\x1b[2J"
    flow = STOPPED.eve()
    flow["netcurtain"]["server_name"] = name
    line = made.take({"event": "flow", "data": flow}, now="")
    assert "\x1b" not in line.plain() and "\t[bold]x[/]" in line.plain()
    assert "[bold]x[/]" in "\n".join(picture(made))


@contextmanager
def terminal(path: Path, *words: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The live view on a terminal of 80 by 24."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "gateway", "live", "--control", str(path), *words]
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=TOP, env=environment)
    os.close(theirs)
    try:
        yield ours, process
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read_until(ours: int, text: str, timeout_s: float = 5.0) -> str:
    """What the terminal shows, until this text came."""
    seen, end = "", time.monotonic() + timeout_s
    while text not in seen:
        assert time.monotonic() < end, seen[-3_000:]
        if select.select([ours], [], [], 0.1)[0]:
            try:
                seen += os.read(ours, 65_536).decode(errors="replace")
            except OSError:
                break  # the other end closed
    return seen


def test_keys(gateway: subprocess.Popen[str], path: Path) -> None:
    with terminal(path) as (ours, process):
        read_until(ours, "metrics.example.com")
        pressed = {"p": "pause of all", "v": "viewing of front-door ended", "a": "allowance of speaker", "2": ""}
        for key, told in pressed.items():
            os.write(ours, key.encode())
            read_until(ours, told)
        os.write(ours, b"q")
        read_until(ours, "tries stopped")
        assert process.wait(5) == 0
    assert gateway.stdout is not None
    gateway.kill()
    asked = gateway.stdout.read()
    assert "pause {'device': 'all', 'seconds': 60.0}" in asked
    assert "stop {'device': 'front-door'}" in asked, "a viewing was open"
    assert "allow {'device': 'speaker', 'seconds': 600.0, 'purpose': 'telemetry'}" in asked


def test_it_ends_after_its_time_and_gives_the_terminal_back(path: Path) -> None:
    with terminal(path, "--for", "0.5s") as (ours, process):
        before = termios.tcgetattr(ours)
        seen = read_until(ours, "\x1b[?1049l")
        assert process.wait(5) == 0
        assert termios.tcgetattr(ours)[3] == before[3]
    assert "\x1b[?1049h" in seen


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("version: 1\npreset: recommended  # ours\ndevices: {}\n", "strict", id="the next"),
        pytest.param("preset: strict\n", "gentle", id="the one after"),
        pytest.param("preset: gentle\n", "recommended", id="round"),
        pytest.param("preset: my-own\n", "recommended", id="an own one"),
        pytest.param("version: 1\n", "strict", id="none"),
    ],
)
def test_a_preset_is_switched_and_nothing_else(tmp_path: Path, before: str, after: str) -> None:
    household = tmp_path / "household.yaml"
    household.write_text(before)
    assert switch_preset(household) == after
    lines = household.read_text().splitlines()
    assert f"preset: {after}" in [line.split("  #")[0] for line in lines]
    rest = [line for line in before.splitlines() if not line.startswith("preset")]
    assert [line for line in lines if not line.startswith("preset")] == rest
    assert [path.name for path in tmp_path.iterdir()] == ["household.yaml"]


def test_watch_returns_1_where_there_is_no_gateway(tmp_path: Path) -> None:
    assert watch(tmp_path / "none.sock", plain=True, seconds=0.1) == 1
