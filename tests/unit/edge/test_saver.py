import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.edge.disk import LocalDisk
from gateway.edge.saver import Saver
from gateway.edge.store import Store
from gateway.model.command import SaveState


class MoodyDisk(LocalDisk):
    """Full, or slow, as it is told."""

    def __init__(self) -> None:
        self.full = False
        self.free = threading.Event()
        self.free.set()
        self.writes = 0

    def write(self, path: Path, data: bytes) -> None:
        self.writes += 1
        self.free.wait(5)
        if self.full:
            raise OSError(28, "No space left on device")
        super().write(path, data)


def until(holds: Callable[[], object], timeout_s: float = 5.0) -> bool:
    end = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(holds())


@pytest.fixture
def disk() -> MoodyDisk:
    return MoodyDisk()


def test_what_was_put_last_is_written_at_the_end(disk: MoodyDisk, tmp_path: Path) -> None:
    saver = Saver(Store(tmp_path / "state.json", disk))
    disk.free.clear()
    for number in range(50):
        saver.put(SaveState(state={"version": number}))
    disk.free.set()
    saver.close()
    assert Store(tmp_path / "state.json").read() == {"version": 49}
    assert disk.writes <= 3, "only the newest counts"


def test_a_full_disk_keeps_the_last_good_state_and_is_tried_again(disk: MoodyDisk, tmp_path: Path) -> None:
    saver = Saver(Store(tmp_path / "state.json", disk), retry_s=0.02)
    saver.put(SaveState(state={"version": 1}))
    assert until(lambda: Store(tmp_path / "state.json").read())
    disk.full = True
    saver.put(SaveState(state={"version": 2}))
    assert until(lambda: saver.last_error)
    assert "No space" in saver.last_error and Store(tmp_path / "state.json").read() == {"version": 1}
    disk.full = False
    assert until(lambda: not saver.last_error), "nobody had to put it again"
    saver.close()
    assert Store(tmp_path / "state.json").read() == {"version": 2}


def test_the_end_does_not_wait_for_a_full_disk(disk: MoodyDisk, tmp_path: Path) -> None:
    disk.full = True
    saver = Saver(Store(tmp_path / "state.json", disk), retry_s=60.0)
    saver.put(SaveState(state={"version": 1}))
    assert until(lambda: saver.last_error)
    began = time.monotonic()
    saver.close()
    assert time.monotonic() - began < 2.0


def test_a_state_that_is_no_json_is_told(disk: MoodyDisk, tmp_path: Path) -> None:
    saver = Saver(Store(tmp_path / "state.json", disk), retry_s=60.0)
    saver.put(SaveState(state={"version": object()}))
    assert until(lambda: saver.last_error)
    saver.put(SaveState(state={"version": 2}))
    assert until(lambda: not saver.last_error)
    saver.close()


def test_what_is_forgotten_is_in_no_file_even_if_a_newer_state_came_meanwhile(disk: MoodyDisk, tmp_path: Path) -> None:
    saver = Saver(Store(tmp_path / "state.json", disk))
    saver.put(SaveState(state={"device": "hall-bell"}))
    assert until(lambda: Store(tmp_path / "state.json").read())
    disk.free.clear()
    saver.put(SaveState(state={"device": "hall-bell", "more": 1}))
    assert until(lambda: disk.writes == 2)
    saver.put(SaveState(state={"device": ""}, alone=True))
    saver.put(SaveState(state={"device": "", "more": 2}))
    disk.free.set()
    saver.close()
    assert Store(tmp_path / "state.json").read() == {"device": "", "more": 2}
    assert not [path for path in tmp_path.iterdir() if b"hall-bell" in path.read_bytes()]
