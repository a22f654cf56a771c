from pathlib import Path

import pytest

from gateway.lab import clock as clock_module
from gateway.lab.clock import WrongClock, set_clock


def test_a_clock_is_as_wrong_as_its_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "_true_time", lambda: 1_000.0)
    file = tmp_path / "clock"
    set_clock(file, wrong_by_s=-900.0, trusted=False)
    clock = WrongClock(file)
    assert (clock.time(), clock.is_trusted()) == (100.0, False)
    set_clock(file, wrong_by_s=0.0, trusted=True)
    assert (clock.time(), clock.is_trusted()) == (1_000.0, True)
    file.write_text("")
    assert clock.time() == 1_000.0, "it is just being written"
