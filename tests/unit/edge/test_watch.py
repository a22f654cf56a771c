"""Every way in which a policy directory changes is noticed, once, and nothing else is."""

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.edge import watch as watch_module
from gateway.edge.watch import Watch


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "etc" / "policies"
    (directory / "profiles").mkdir(parents=True)
    (directory / "household.yaml").write_text("version: 1\n")
    return directory


@pytest.fixture
def watch(home: Path, clock: Clock):
    made = Watch([home], mono=clock)
    yield made
    made.close()


def noticed(watch: Watch, clock: Clock) -> bool:
    """Let the kernel's word arrive, and time pass."""
    while select.select([watch], [], [], 0.02)[0]:
        watch.receive()
    clock.now += 1.1
    first = watch.settled()
    while select.select([watch], [], [], 0)[0]:
        watch.receive()
    clock.now += 0.3
    return first or watch.settled()


def _vim(home: Path) -> None:
    (home / "4913").touch()
    (home / "4913").unlink()
    (home / "household.yaml").rename(home / "household.yaml~")
    (home / "household.yaml").write_text("version: 1\npreset: strict\n")
    (home / "household.yaml~").unlink()


def _rename_over(home: Path) -> None:
    (home / ".new").write_text("version: 1\n")
    os.replace(home / ".new", home / "household.yaml")


def _anew(home: Path) -> None:
    shutil.rmtree(home)
    home.mkdir()
    (home / "household.yaml").write_text("version: 1\n")


def _swap(home: Path) -> None:
    other = home.with_name("other")
    other.mkdir()
    home.rename(home.with_name("before"))
    other.rename(home)


CHANGES: dict[str, Callable[[Path], object]] = {
    "written in place": lambda home: (home / "household.yaml").write_text("version: 1\n#\n"),
    "vim": _vim,
    "written aside and renamed": _rename_over,
    "a new file": lambda home: (home / "profiles" / "mine.yaml").write_text("version: 1\n"),
    "a new folder with a file": lambda home: ((home / "devices.d").mkdir(), (home / "devices.d" / "a.yaml").touch()),
    "a file deleted": lambda home: (home / "household.yaml").unlink(),
    "a link": lambda home: (home / "more.yaml").symlink_to("household.yaml"),
    "deleted and made anew": _anew,
    "another in its place": _swap,
    "deleted": shutil.rmtree,
    "an ancestor renamed": lambda home: home.parent.rename(home.parent.with_name("old")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes_are_noticed_once_and_the_next_one_too(home: Path, watch: Watch, clock: Clock, change) -> None:
    assert not noticed(watch, clock)
    change(home)
    assert noticed(watch, clock)
    assert not noticed(watch, clock)
    home.mkdir(parents=True, exist_ok=True)
    noticed(watch, clock)
    (home / "household.yaml").write_text("version: 1\npreset: gentle\n")
    assert noticed(watch, clock)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda home: (home / "notes.txt").write_text("?"), id="no policy"),
        pytest.param(lambda home: (home / ".household.yaml.swp").write_text("?"), id="an editor's own"),
        pytest.param(lambda home: (home.parent / "other.yaml").write_text("?"), id="a neighbour"),
        pytest.param(lambda home: (home.parent / "other").mkdir(), id="a neighbouring folder"),
        pytest.param(lambda home: (home / "household.yaml").read_text(), id="read"),
    ],
)
def test_the_rest_is_not(home: Path, watch: Watch, clock: Clock, change) -> None:
    change(home)
    assert not noticed(watch, clock)


def test_it_waits_until_writing_has_come_to_rest_but_not_for_ever(home: Path, watch: Watch, clock: Clock) -> None:
    told = []
    for step in range(25):
        (home / "household.yaml").write_text(f"# {step}\n")
        select.select([watch], [], [], 1)
        watch.receive()
        clock.now += 0.1
        told.append(watch.settled())
    assert told.index(True) * 0.1 == pytest.approx(watch_module.MAX_SETTLE_S, abs=0.21)


def test_a_directory_that_comes_later(tmp_path: Path, clock: Clock) -> None:
    late = tmp_path / "a" / "b" / "policies"
    watch = Watch([late], mono=clock)
    late.mkdir(parents=True)
    assert noticed(watch, clock)
    (late / "household.yaml").write_text("version: 1\n")
    assert noticed(watch, clock)
    watch.close()


@pytest.mark.net
def test_a_mount_over_it(tmp_path: Path) -> None:
    script = """
import subprocess, sys, time
from pathlib import Path
from gateway.edge.watch import Watch
home, data = Path(sys.argv[1]) / "home", Path(sys.argv[1]) / "data"
home.mkdir(), data.mkdir()
watch = Watch([home])
def noticed():
    for _ in range(40):
        time.sleep(0.05)
        watch.receive()
        if watch.settled():
            return True
    return False
subprocess.run(["mount", "--bind", data, home], check=True)
print(noticed())
(data / "household.yaml").touch()
print(noticed())
subprocess.run(["umount", home], check=True)
print(noticed())
"""
    top = Path(__file__).resolve().parents[3]
    command = ["unshare", "-Urm", sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=top, check=False)
    if "unshare" in done.stderr:
        pytest.skip("needs user namespaces")
    assert done.stdout.split() == ["True"] * 3, done.stderr


def test_a_change_is_told_within_a_second(home: Path) -> None:
    watch = Watch([home])
    started = time.monotonic()
    (home / "household.yaml").write_text("version: 1\n#\n")
    while not watch.settled():
        select.select([watch], [], [], 0.05)
        watch.receive()
        assert time.monotonic() - started < 1
    watch.close()
