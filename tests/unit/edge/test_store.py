"""The state file survives a power cut at every moment of a write."""

from itertools import combinations
from pathlib import Path

import pytest

from gateway.edge.disk import LocalDisk
from gateway.edge.store import Store, decode, encode

STATE = {
    "version": 1,
    "devices": {"02:00:5e:10:00:01": {"number": 1, "hostname": "Ring-1"}},
    "grants": [{"kind": "pause", "mac": None}, {"kind": "viewing", "mac": "02:00:5e:10:00:01"}],
    "questions": [],
    "next_change": None,
}


class RecordingDisk(LocalDisk):
    """Does what it is told, and remembers it."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, Path, bytes | Path | None]] = []

    def write(self, path: Path, data: bytes) -> None:
        self.steps.append(("write", path, data))
        super().write(path, data)

    def sync(self, path: Path) -> None:
        self.steps.append(("sync", path, None))
        super().sync(path)

    def rename(self, old: Path, new: Path) -> None:
        self.steps.append(("rename", old, new))
        super().rename(old, new)


def crashes(
    before: dict[str, bytes], steps: list[tuple[str, Path, bytes | Path | None]]
) -> list[dict[str, bytes]]:
    """The folders that a power cut can leave behind: every prefix of the steps, and of what was not synced any part."""
    found = []
    for length in range(len(steps) + 1):
        done = steps[:length]
        synced = {path.name for kind, path, _ in done if kind == "sync"}
        renames = [step for step in done if step[0] == "rename"]
        folder_synced = any(kind == "sync" and path.suffix == "" for kind, path, _ in done)
        parts = [list(part) for size in range(len(renames) + 1) for part in combinations(renames, size)]
        for kept in [renames] if folder_synced else parts:
            for share in (0.0, 0.5, 1.0):
                folder = dict(before)
                for kind, path, data in done:
                    if kind == "write":
                        assert isinstance(data, bytes)
                        folder[path.name] = data if path.name in synced else data[: int(len(data) * share)]
                for _, old, new in kept:
                    assert isinstance(new, Path)
                    if old.name in folder:
                        folder[new.name] = folder.pop(old.name)
                found.append(folder)
    return found


def test_what_was_written_is_read(tmp_path: Path) -> None:
    Store(tmp_path / "state.json").write(STATE)
    assert Store(tmp_path / "state.json").read() == STATE


def test_nothing_is_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.json")
    assert store.read() == {} and store.damage == ""


def test_every_power_cut_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    home, disk = tmp_path / "home", RecordingDisk()
    home.mkdir()
    store = Store(home / "state.json", disk)
    store.write({"version": 1})
    store.write({"version": 2})
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    disk.steps.clear()
    store.write({"version": 3})
    seen = set()
    for number, folder in enumerate(crashes(before, disk.steps)):
        after = tmp_path / str(number)
        after.mkdir()
        for name, data in folder.items():
            (after / name).write_bytes(data)
        seen.add(Store(after / "state.json").read()["version"])
    assert seen == {2, 3}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda raw: raw[: len(raw) // 2], id="half"),
        pytest.param(lambda raw: b"", id="empty"),
        pytest.param(lambda raw: raw.replace(b'"value":2', b'"value":9'), id="one digit"),
        pytest.param(lambda raw: b"\0" * len(raw), id="zeros"),
        pytest.param(lambda raw: raw[:-1], id="no end"),
    ],
)
def test_a_damaged_file_opens_as_the_last_good_state(tmp_path: Path, damage) -> None:
    path = tmp_path / "state.json"
    store = Store(path)
    store.write({"version": 1})
    store.write({"version": 2})
    path.write_bytes(damage(path.read_bytes()))
    fresh = Store(path)
    assert fresh.read() == {"version": 1}
    assert "damaged" in fresh.damage
    fresh.write({"version": 3})
    assert Store(path).read() == {"version": 3}
    path.write_bytes(b"?")
    assert Store(path).read() == {"version": 1}, "the damaged file never became the old one"


def test_a_state_that_is_no_json_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.json")
    store.write(STATE)
    with pytest.raises(TypeError):
        store.write({**STATE, "grants": [{"mac": object()}]})
    assert Store(tmp_path / "state.json").read() == STATE


def test_a_full_medium_changes_nothing(tmp_path: Path) -> None:
    class FullDisk(LocalDisk):
        def write(self, path: Path, data: bytes) -> None:
            super().write(path, data[:10])
            raise OSError(28, "No space left on device")

    Store(tmp_path / "state.json").write(STATE)
    with pytest.raises(OSError, match="No space"):
        Store(tmp_path / "state.json", FullDisk()).write({"version": 9})
    assert Store(tmp_path / "state.json").read() == STATE


def test_tables_survive_their_encoding() -> None:
    tables = {"values": {"1": {"key": "ü", "value": 1.5}}}
    assert decode(encode(tables)) == tables
