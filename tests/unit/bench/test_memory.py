"""Resident memory, as /proc tells it; connections as ``conntrack`` loads them."""

from pathlib import Path

import pytest

from gateway.bench.memory import _entries, children, resident_mib


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
    assert resident_mib(7, proc) == 64
    assert children(7, proc) == [("dnsmasq", 2.0)]


def test_a_process_that_is_not_there(proc: Path) -> None:
    with pytest.raises(OSError, match="No such"):
        resident_mib(99, proc)


def test_connections_of_all_marked_gadgets() -> None:
    lines = [line for line, _ in zip(_entries({4: 0x1000_1022, 5: 0x2000_1022}), range(4), strict=False)]
    assert len(set(lines)) == 4
    assert "-s 10.77.0.5 -d 203.0.113.5" in lines[1] and lines[1].endswith("-m 536875042\n")
