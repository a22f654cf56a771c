"""The state file survives a power cut at every moment of a write."""

import os
import random
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.disk import LocalDisk
from gateway.edge.store import Store, decode, encode
from tests.support.kill import killed
from tests.support.power import PowerCut, PowerDisk

STATE = {
    "version": 1,
    "devices": {"02:00:5e:10:00:01": {"number": 1, "hostname": "Ring-1"}},
    "grants": [{"kind": "pause", "mac": None}, {"kind": "viewing", "mac": "02:00:5e:10:00:01"}],
    "questions": [],
    "next_change": None,
}


HERE = Path("state.json")


def generation(number: int) -> dict[str, object]:
    """A state that grows and shrinks."""
    return {"version": number, "devices": {str(at): "." * at for at in range(number * 7 % 23)}, "grants": [{"mac": number}]}


def live(disk: PowerDisk, generations: Iterable[int]) -> tuple[int, int]:
    """Write them one after another; (the last that was acknowledged, the one that was under way) when the power was cut."""
    acknowledged = under_way = 0
    store = Store(HERE, disk)
    try:
        for under_way in generations:
            with suppress(OSError):
                store.write(generation(under_way))
                acknowledged = under_way
    except PowerCut:
        pass
    return acknowledged, under_way


def opened(disk: PowerDisk) -> int:
    """The generation that is found; 0 where there is none. It must be whole."""
    found = Store(HERE, disk).read()
    number = found.get("version", 0)
    assert found == (generation(number) if number else {})
    return number


def test_what_was_written_is_read(tmp_path: Path) -> None:
    Store(tmp_path / "state.json").write(STATE)
    assert Store(tmp_path / "state.json").read() == STATE


def test_nothing_is_empty(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.json")
    assert store.read() == {} and store.damage == ""


def test_every_power_cut_leaves_the_last_state_that_was_acknowledged_or_the_one_under_way() -> None:
    cuts, seen = 0, set()
    for cut_at in range(60 * 5 + 1):
        disk = PowerDisk(cut_at=cut_at)
        acknowledged, under_way = live(disk, range(1, 61))
        for after in disk.cuts():
            cuts += 1
            number = opened(after)
            assert number in (acknowledged, under_way), f"cut {cut_at}: {number}, acknowledged {acknowledged}"
            seen.add(number - acknowledged)
    assert cuts >= 1_000, cuts
    assert seen == {0, 1}, "both happen"


def test_a_second_cut_while_the_first_is_mended_loses_nothing_either() -> None:
    cuts = 0
    for first in range(12, 25):
        disk = PowerDisk(cut_at=first)
        live(disk, range(1, 7))
        for before in disk.cuts():
            found = opened(before)
            for second in range(11):
                again = PowerDisk(names=dict(before.names), _synced=dict(before._synced), cut_at=second)
                acknowledged, under_way = live(again, range(found + 1, found + 3))
                for after in again.cuts():
                    cuts += 1
                    assert opened(after) in (acknowledged or found, under_way)
    assert cuts >= 1_000, cuts


@given(fails=st.lists(st.integers(0, 12), max_size=4), cut_at=st.integers(0, 40))
def test_a_disk_that_fails_now_and_then_and_is_cut_loses_nothing(fails: list[int], cut_at: int) -> None:
    """A full disk, or an input/output error, anywhere; the next state is written all the same, and then the power is cut."""
    disk = PowerDisk(cut_at=cut_at)
    store = Store(HERE, disk)
    acknowledged = under_way = 0
    with suppress(PowerCut):
        for fails_at in fails:
            disk.fails_at = fails_at
            for _ in range(2):
                under_way += 1
                with suppress(OSError):
                    store.write(generation(under_way))
                    acknowledged = under_way
    for after in disk.cuts():
        assert acknowledged <= opened(after) <= under_way


@pytest.mark.parametrize("step", range(5))
def test_after_a_failure_of_any_step_the_next_state_is_written(step: int) -> None:
    disk = PowerDisk()
    store = Store(HERE, disk)
    store.write(generation(1))
    disk.fails_at = step
    with pytest.raises(OSError, match="told to fail"):
        store.write(generation(2))
    assert opened(disk) in (1, 2)
    store.write(generation(3))
    assert opened(disk) == 3


operations = st.lists(
    st.tuples(st.sampled_from(["write", "sync", "rename"]), st.sampled_from("ab"), st.binary(max_size=9)), max_size=20
)


@given(operations)
def test_the_disk_of_the_cuts_behaves_like_a_real_one(done: list[tuple[str, str, bytes]]) -> None:
    with TemporaryDirectory() as folder:
        disks = ((PowerDisk(), Path()), (LocalDisk(), Path(folder)))
        for what, name, data in done:
            if what != "write" and disks[0][0].read(Path(name)) is None:
                continue
            for disk, top in disks:
                if what == "write":
                    disk.write(top / name, data)
                elif what == "sync":
                    disk.sync(top / name)
                else:
                    disk.rename(top / name, top / "c")
        assert len({tuple(disk.read(top / name) for name in "abc") for disk, top in disks}) == 1


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_leave_the_last_state_that_was_acknowledged_or_the_one_under_way(tmp_path: Path, kills: int) -> None:
    path, last = tmp_path / "state.json", 0
    for number in range(kills):

        def write(told: int, first: int = last + 1) -> None:
            store = Store(path)
            for version in count(first):
                store.write(generation(version))
                os.write(told, version.to_bytes(8, "big"))

        acknowledged = killed(write, after_s=random.Random(number).uniform(0.0, 0.02))
        told = int.from_bytes(acknowledged[-8:], "big") or last
        found = Store(path).read()
        assert found == (generation(found["version"]) if found else {})
        last = found.get("version", 0)
        assert last in (told, told + 1)
    assert last > kills, "most of them wrote"


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
