"""What the panel's group may do with the gateway's files, and nobody else."""

import grp
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from gateway.edge import share as module
from gateway.edge.ledger import open_ledger
from gateway.edge.share import group_number, share

OWN = grp.getgrgid(os.getegid()).gr_name


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_group_is_found_by_its_name() -> None:
    assert group_number(OWN) == os.getegid()
    with pytest.raises(ValueError, match="there is no group 'nobody-is-in-it'"):
        group_number("nobody-is-in-it")


@pytest.mark.parametrize(("name", "number"), [(OWN, os.getegid()), ("nobody-is-in-it", -1)])
def test_the_panels_own_group_counts_where_there_is_one(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    monkeypatch.setattr(module, "PANEL_GROUP", name)
    assert group_number("") == number


def test_a_file_is_the_groups_to_read_and_nobody_elses(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    for _ in range(2):
        share(file, os.getegid())
        assert (mode(file), file.stat().st_gid) == (0o640, os.getegid())
        file.chmod(0o666)


def test_what_cannot_be_shared_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    share(tmp_path / "nowhere" / "ledger.db", -1)
    assert "cannot be shared with the panel" in caplog.text


def test_the_ledger_and_what_stands_beside_it_are_shared(tmp_path: Path) -> None:
    for _ in range(2):  # made, and found with other rights
        database = open_ledger(tmp_path / "ledger.db", os.getegid())
        database.execute("INSERT INTO total VALUES (1, 'a', 'b', 'c', 1, 1, 1, 1, 1)" if _ == 0 else "DELETE FROM total")
        files = sorted(tmp_path.glob("ledger.db*"))
        assert [file.name for file in files] == ["ledger.db", "ledger.db-shm", "ledger.db-wal"]
        assert {mode(file) for file in files} == {0o640}
        left = sqlite3.connect(tmp_path / "ledger.db")  # so that its companions outlive the writer
        left.execute("SELECT * FROM total").fetchall()
        database.close()
        for file in files:
            file.chmod(0o644)
    left.close()
