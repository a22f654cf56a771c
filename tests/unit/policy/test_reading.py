from pathlib import Path

from gateway.policy.reading import compile_files, read_files
from tests.support.policies import FILES, berlin


def test_the_household_comes_first_since_times_are_in_its_zone(tmp_path: Path) -> None:
    (tmp_path / "household.yaml").write_text("version: 1\ntimezone: Europe/Berlin\n")
    device = 'mac: "02:00:5e:10:00:01", exceptions: [{to: a.de, action: allow, until: 2026-07-01T00:00}]'
    text = f"version: 1\ndevices: {{a: {{{device}}}}}\n"
    (tmp_path / "a.yaml").write_text(text)
    files = {"devices.d/a.yaml": tmp_path / "a.yaml", "household.yaml": tmp_path / "household.yaml"}
    assert [name for name, _ in compile_files(files)] == ["household.yaml", "devices.d/a.yaml"]
    part = read_files(files).parts["devices.d/a.yaml"]
    assert part.devices[0].level.exemptions[0].until == berlin("2026-07-01T00:00")


def test_faults_of_files_and_between_them(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("version: 1\nprofil: x\n")
    (tmp_path / "household.yaml").write_text(FILES["household.yaml"])
    read = read_files({"profiles/p.yaml": tmp_path / "p.yaml", "household.yaml": tmp_path / "household.yaml"})
    files = [fault.file for fault in read.faults]
    assert "profiles/p.yaml" in files and "household.yaml" in files
    assert list(read.parts) == ["household.yaml"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    read = read_files({"profiles/p.yaml": tmp_path / "gone"})
    assert [str(fault) for fault in read.faults] == ["profiles/p.yaml: cannot be read: No such file or directory"]
