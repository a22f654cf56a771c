"""What the panel keeps: crash-safe, and for nobody else's eyes."""

from pathlib import Path

import pytest

from gateway.panel.access.keep import Keep, PrivateDisk


class FullDisk(PrivateDisk):
    """A card without room."""

    is_full = False

    def write(self, path: Path, data: bytes) -> None:
        if self.is_full:
            raise OSError("no space left on device")
        super().write(path, data)


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "panel.json"
    (tmp_path / "panel.json.new").write_text("somebody left it there")
    (tmp_path / "panel.json.new").chmod(0o666)
    keep = Keep(path)
    keep.put("accounts", [{"name": "household"}])
    keep.put("accounts", [{"name": "household", "again": True}])
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()} == {
        "panel.json": "0o600", "panel.json.old": "0o600",
    }  # fmt: skip


def test_tables_and_the_secret_outlive_a_restart(tmp_path: Path) -> None:
    keep = Keep(tmp_path / "panel.json")
    keep.put("accounts", [{"name": "household"}])
    again = Keep(tmp_path / "panel.json")
    assert again.rows("accounts") == [{"name": "household"}]
    assert again.secret == keep.secret
    assert len(keep.secret) == 32


def test_what_is_read_is_a_copy(tmp_path: Path) -> None:
    keep = Keep(tmp_path / "panel.json")
    keep.put("accounts", [{"name": "household"}])
    keep.rows("accounts")[0]["name"] = "stranger"
    assert keep.rows("accounts") == [{"name": "household"}]
    assert keep.rows("nothing") == []


def test_a_full_card_changes_nothing_where_that_matters(tmp_path: Path) -> None:
    disk = FullDisk()
    keep = Keep(tmp_path / "panel.json", disk)
    keep.put("accounts", [{"name": "household"}])
    disk.is_full = True
    with pytest.raises(OSError):
        keep.put("accounts", [])
    assert keep.rows("accounts") == [{"name": "household"}]
    assert keep.try_put("sessions", [{"id": "1"}]) is False
    assert keep.rows("sessions") == [{"id": "1"}]


def test_a_damaged_file_goes_on_from_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "panel.json"
    keep = Keep(path)
    keep.put("accounts", [{"name": "household"}])
    keep.put("sessions", [{"id": "1"}])
    path.write_bytes(path.read_bytes()[:-7])
    again = Keep(path)
    assert again.rows("accounts") == [{"name": "household"}]
    assert not again.is_lost


def test_a_box_whose_files_are_all_damaged_is_not_a_new_box(tmp_path: Path) -> None:
    path = tmp_path / "panel.json"
    assert not Keep(path).is_lost
    path.write_bytes(b"\0" * 100)
    assert Keep(path).is_lost
