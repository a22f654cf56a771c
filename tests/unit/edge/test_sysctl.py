"""Kernel settings are changed once, and the true originals come back however the process ended."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.edge.sysctl import ALL, COUNTING, FORWARDING, LAN, Sysctls
from tests.support.power import PowerCut, PowerDisk


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A tree like /proc/sys, in which nothing is as we need it."""
    return furnish(tmp_path / "proc")


def furnish(root: Path) -> Path:
    """Make such a tree."""
    keys = [*FORWARDING, *COUNTING, *ALL, *(key.format("wlan0") for key in LAN), "net/ipv6/conf/eth0/accept_ra"]
    for key in keys:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("7\n")
    (root / "net/ipv6/conf/eth0/accept_ra").write_text("1\n")
    return root


def read_all(proc: Path) -> dict[str, str]:
    return {str(path.relative_to(proc)): path.read_text().strip() for path in proc.rglob("*") if path.is_file()}


def set_all(sysctls: Sysctls, lan: tuple[str, ...], wan: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Both steps, as a gateway that starts."""
    return sysctls.prepare() + sysctls.forward(lan, wan)


def test_nothing_is_forwarded_before_it_is_said(proc: Path, tmp_path: Path) -> None:
    sysctls = Sysctls(tmp_path / "sysctl.json", proc=proc)
    sysctls.prepare()
    assert read_all(proc)["net/ipv4/ip_forward"] == "7" and read_all(proc)["net/netfilter/nf_conntrack_acct"] == "1"


def test_set_and_restore(proc: Path, tmp_path: Path) -> None:
    before, file = read_all(proc), tmp_path / "state" / "sysctl.json"
    file.parent.mkdir()
    sysctls = Sysctls(file, proc=proc)
    assert set_all(sysctls, ("wlan0",), ("eth0",)) == ()
    after = read_all(proc)
    assert after["net/ipv4/ip_forward"] == "1" and after["net/ipv4/conf/wlan0/send_redirects"] == "0"
    assert after["net/ipv6/conf/eth0/accept_ra"] == "2", "else the upstream router is lost once we forward"
    sysctls.restore()
    assert read_all(proc) == before and not file.exists()


def test_the_successor_of_a_crashed_process_restores_the_true_originals(proc: Path, tmp_path: Path) -> None:
    before, file = read_all(proc), tmp_path / "sysctl.json"
    set_all(Sysctls(file, proc=proc), ("wlan0",), ("eth0",))
    successor = Sysctls(file, proc=proc)
    assert set_all(successor, ("wlan0",), ("eth0",)) == ()
    successor.restore()
    assert read_all(proc) == before


def test_a_process_that_never_set_anything_can_restore(proc: Path, tmp_path: Path) -> None:
    before, file = read_all(proc), tmp_path / "sysctl.json"
    set_all(Sysctls(file, proc=proc), ("wlan0",), ("eth0",))
    Sysctls(file, proc=proc).restore()
    assert read_all(proc) == before


def test_every_power_cut_after_a_change_leaves_all_originals(tmp_path: Path) -> None:
    file, seen = Path("sysctl.json"), set()
    for cut_at in range(9):
        proc = furnish(tmp_path / str(cut_at))
        before, disk = read_all(proc), PowerDisk(cut_at=cut_at)
        with suppress(PowerCut):
            set_all(Sysctls(file, proc=proc, disk=disk), ("wlan0",), ("eth0",))
        changed = {key: before[key] for key, value in read_all(proc).items() if value != before[key]}
        for after in disk.cuts():
            left = after.read(file)
            assert left is None or json.loads(left).keys() <= before.keys(), "never half a file"
            assert not changed or (left is not None and changed.items() <= json.loads(left).items())
            seen.add((bool(changed), left is not None))
    assert seen == {(False, False), (False, True), (True, True)}


def test_a_full_disk_is_told_and_the_kernel_set_all_the_same(proc: Path) -> None:
    (complaint,) = set_all(Sysctls(Path("sysctl.json"), proc=proc, disk=PowerDisk(fails_at=0)), ("wlan0",), ("eth0",))
    assert "could not be kept" in complaint
    assert read_all(proc)["net/ipv4/ip_forward"] == "1"


@pytest.mark.parametrize("text", ["{", "[]", ""], ids=["cut", "no object", "empty"])
def test_a_spoilt_file_counts_as_none(proc: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "sysctl.json"
    file.write_text(text)
    sysctls = Sysctls(file, proc=proc)
    set_all(sysctls, ("wlan0",))
    sysctls.restore()
    assert read_all(proc)["net/ipv4/ip_forward"] == "7"


def test_what_the_kernel_does_not_have_is_left_alone(tmp_path: Path) -> None:
    sysctls = Sysctls(tmp_path / "sysctl.json", proc=tmp_path / "nothing")
    assert set_all(sysctls, ("wlan0",)) == () and not (tmp_path / "sysctl.json").exists()
    sysctls.restore()


def test_what_is_right_already_is_not_written(proc: Path, tmp_path: Path) -> None:
    for key, value in (FORWARDING | COUNTING | ALL | {key.format("wlan0"): value for key, value in LAN.items()}).items():
        (proc / key).write_text(value)
    set_all(Sysctls(tmp_path / "sysctl.json", proc=proc), ("wlan0",), ("gone0",))
    assert not (tmp_path / "sysctl.json").exists()


def test_what_cannot_be_set_is_said(proc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def refuse(self: Path, text: str) -> int:
        if self.name == "ip_forward":
            raise PermissionError(13, "Permission denied")
        return write(self, text)

    monkeypatch.setattr(Path, "write_text", refuse)
    problems = set_all(Sysctls(tmp_path / "sysctl.json", proc=proc), ("wlan0",), ("eth0",))
    assert problems == ("net.ipv4.ip_forward could not be set to 1: Permission denied",)


def test_without_names_every_other_interface_is_upstream(proc: Path, tmp_path: Path) -> None:
    set_all(Sysctls(tmp_path / "sysctl.json", proc=proc, interfaces=("lo", "wlan0", "eth0")), ("wlan0",))
    assert read_all(proc)["net/ipv6/conf/eth0/accept_ra"] == "2"
    assert read_all(proc)["net/ipv6/conf/wlan0/accept_ra"] == "0"
