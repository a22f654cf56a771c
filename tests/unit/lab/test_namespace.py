import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.lab.namespace import WORK, LabError, Namespace, inside

pytestmark = pytest.mark.net


def test_a_value_comes_out() -> None:
    assert inside(lambda: (os.getpid(), WORK.is_dir()))[1]
    assert not WORK.exists()


def test_an_exception_comes_out_with_its_trace() -> None:
    def fail() -> None:
        raise ValueError("no such bell")

    with pytest.raises(LabError, match="no such bell"):
        inside(fail)


def test_a_value_that_cannot_come_out_is_told() -> None:
    with pytest.raises(LabError, match="cannot be handed over"):
        inside(lambda: lambda: None)


def test_networks_are_apart() -> None:
    def work() -> list[str]:
        one, two = Namespace("one"), Namespace("two")
        one.ip("link add a0 type veth peer name b0 netns " + two.path, peers=[two])
        return [one.run("ip", "-br", "link"), two.run("ip", "-br", "link")]

    left, right = inside(work)
    assert "a0" in left and "b0" not in left.split("@")[0]
    assert "b0" in right


def test_a_killed_lab_leaves_no_process_behind(tmp_path: Path) -> None:
    marker = f"9{os.getpid()}.5"
    code = (
        "import subprocess\nfrom gateway.lab.namespace import inside\n"
        f"inside(lambda: subprocess.run(['sleep', '{marker}']))\n"
    )
    lab = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    try:
        assert _await(lambda: _alive(marker)), "the lab's process never came up"
    finally:
        lab.kill()
        lab.wait()
    assert _await(lambda: not _alive(marker)), "a process outlived its lab"


def _alive(marker: str) -> bool:
    return any(marker.encode() in _cmdline(entry) and b"sleep" in _cmdline(entry)[:6] for entry in Path("/proc").glob("[0-9]*"))


def _cmdline(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def _await(holds: object, timeout_s: float = 5.0) -> bool:
    assert callable(holds)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False
