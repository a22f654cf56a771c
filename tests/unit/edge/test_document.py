from pathlib import Path

import pytest

from gateway.edge.document import ChangedMeanwhile, read_text, replace_text


def test_a_file_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "household.yaml"
    file.write_bytes(b"a: 1\r\n")
    file.chmod(0o600)
    replace_text(file, read_text(file), "a: 2\r\n")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"a: 2\r\n", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_in_a_new_folder(tmp_path: Path) -> None:
    file = tmp_path / "devices.d" / "bell.yaml"
    assert read_text(file) is None
    replace_text(file, None, "ü\n")
    assert read_text(file) == "ü\n"


def test_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "real.yaml", tmp_path / "household.yaml"
    file.write_text("1")
    link.symlink_to(file)
    replace_text(link, "1", "2")
    assert link.is_symlink() and file.read_text() == "2"


@pytest.mark.parametrize("before", ["something else", None])
def test_what_somebody_changed_meanwhile_stays(tmp_path: Path, before: str | None) -> None:
    file = tmp_path / "household.yaml"
    file.write_text("theirs")
    with pytest.raises(ChangedMeanwhile):
        replace_text(file, before, "ours")
    assert file.read_text() == "theirs" and list(tmp_path.iterdir()) == [file]


def test_a_file_that_went_meanwhile_does_not_come_back(tmp_path: Path) -> None:
    with pytest.raises(ChangedMeanwhile):
        replace_text(tmp_path / "household.yaml", "before", "after")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_left_aside_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".household.yaml.new").write_text("half")
    replace_text(tmp_path / "household.yaml", None, "whole")
    assert [file.name for file in tmp_path.iterdir()] == ["household.yaml"]


def test_any_bytes_come_back(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_bytes(bytes(range(256)))
    text = read_text(file)
    assert text is not None
    replace_text(file, text, text)
    assert file.read_bytes() == bytes(range(256))
