"""Resident memory, as /proc tells it."""

from pathlib import Path

import pytest

from gateway.bench.memory import measure


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    for pid, lines in {
        7: "Name:\tpython\nPPid:\t1\nVmRSS:\t   65536 kB\n",
        8: "Name:\tdnsmasq\nPPid:\t7\nVmRSS:\t    2048 kB\n",
        9: "Name:\tstranger\nPPid:\t1\nVmRSS:\t    4096 kB\n",
        10: "Name:\tzombie\nPPid:\t7\n",
    }.items():
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "status").write_text(lines)
    (tmp_path / "11").mkdir()  # it ended while we looked
    return tmp_path


def test_the_process_and_its_children(proc: Path) -> None:
    figure = measure(7, proc)
    assert figure.curtain is not None and figure.curtain.median == 64
    assert figure.reached
    assert figure.note == "beside it: dnsmasq 2.0 MiB"


def test_a_process_that_is_not_there(proc: Path) -> None:
    figure = measure(99, proc)
    assert figure.curtain is None and figure.reached is False and "does not show" in figure.note
