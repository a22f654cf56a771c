"""What the files say, read and written in a real child process."""

import sys
from functools import partial
from pathlib import Path

import pytest

from gateway.edge.apart import apart
from gateway.household import Faulty, Household
from gateway.panel.files import Files
from gateway.policy import load
from tests.support.panel import DOOR, HOUSEHOLD

AMEND = partial(Household.amend, file="household.yaml", way=("timezone",))


@pytest.fixture(autouse=True)
def really_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.panel.files.apart", apart)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "household.yaml").write_text(HOUSEHOLD, encoding="utf-8")
    return tmp_path


def test_it_says_what_pages_show_and_not_what_flows_are_judged_by(folder: Path) -> None:
    whole = load(folder)
    loaded, faults = Files((folder,)).read()
    assert loaded.policy is not None and whole.policy is not None and faults == ()
    assert loaded.policy.devices == whole.policy.devices and loaded.policy.profiles == whole.policy.profiles
    assert (loaded.policy.digest, loaded.profiles) == (whole.policy.digest, whole.profiles)
    assert whole.policy.catalogue.size and not loaded.policy.catalogue.size and not loaded.policy.identity.traits


def test_what_was_written_is_what_is_read_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files((folder,))
    files.read()
    edit = files.write(Household([folder]), partial(AMEND, value="Asia/Amman"))
    assert edit.before == HOUSEHOLD and "Asia/Amman" in (folder / "household.yaml").read_text()
    monkeypatch.setattr("gateway.panel.files.apart", None)  # nobody has to read it again
    files.forget()
    loaded, _ = files.read()
    assert loaded.policy is not None and loaded.policy.timezone == "Asia/Amman"


def test_a_fault_is_told_with_its_place_and_nothing_is_written(folder: Path) -> None:
    with pytest.raises(Faulty, match="Mars") as told:
        Files((folder,)).write(Household([folder]), partial(AMEND, value="Mars"))
    assert [fault.file for fault in told.value.faults] == ["household.yaml"]
    assert (folder / "household.yaml").read_text() == HOUSEHOLD


def test_files_that_were_never_good_leave_the_shipped_ones(folder: Path) -> None:
    (folder / "household.yaml").write_text("version: 1\ndevices: 3\n")
    loaded, faults = Files((folder,)).read()
    assert len(faults) == 1 and loaded.policy is not None
    assert not loaded.policy.devices and loaded.policy.profiles


def test_without_a_child_the_last_good_ones_hold_and_somebody_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    files = Files((folder,), mono=lambda: clock[0])
    files.read()
    (folder / "household.yaml").write_text(HOUSEHOLD.replace("yard:", "garden:"))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        clock[0] += 5
        loaded, faults = files.read()
        assert len(faults) == 1 and loaded.policy is not None and DOOR in loaded.policy.devices
        with pytest.raises(OSError):
            Files((folder,)).read()
    clock[0] += 5
    loaded, faults = files.read()
    assert faults == () and loaded.policy is not None
    assert "garden" in {entry.device.id for entry in loaded.policy.devices.values()}
