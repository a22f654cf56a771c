"""A device is erased from a real ledger: its rows, its sums, its name in sentences about others, and its bytes in the file."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.edge import ledger_erasure
from gateway.edge.ledger import Ledger, open_ledger
from gateway.edge.ledger_erasure import erase
from gateway.edge.ledger_reader import LedgerReader
from gateway.model.command import Erase
from gateway.model.record import FlowRecord
from tests.support.records import make_record

NOW = 1_790_000_000.0
GONE, OTHER = "02:00:5e:10:00:01", "02:00:5e:10:00:02"
NAME = "hall-bell-of-ours"
WANTED = Erase(GONE, (NAME,), 1_000)


def bell(number: int, **more: object) -> FlowRecord:
    given = {"flow_id": number, "started": NOW + number, "device": GONE, "device_id": NAME, "reason": f"said of {NAME}"}
    return make_record(**{**given, **more})  # type: ignore[arg-type]


def yard(number: int, **more: object) -> FlowRecord:
    return bell(number, **{"device": OTHER, "device_id": "yard", "reason": f"{NAME} opened the live view", **more})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(path, wall=lambda: NOW, batch_s=0.02)
    yield ledger
    ledger.close()


def filled(ledger: Ledger) -> None:
    for number in range(1, 900, 3):
        ledger.put(bell(number))
        ledger.put(bell(number + 1, purpose="telemetry", effect="refuse", device_id=f"{NAME}-2"))
        ledger.put(yard(number + 2))
    assert ledger.flush()


def until_erased(ledger: Ledger, timeout_s: float = 10.0) -> list[str]:
    end = time.monotonic() + timeout_s
    while not (done := ledger.take_erased()) and time.monotonic() < end:
        time.sleep(0.005)
    return done


def holds(path: Path, *words: str) -> set[str]:
    """The words that stand in the ledger's files, wherever."""
    files = [one.read_bytes() for one in path.parent.iterdir()]
    return {word for word in words if any(word.encode() in data for data in files)}


def test_all_that_is_its_own_goes_and_nothing_else(ledger: Ledger, path: Path) -> None:
    filled(ledger)
    assert holds(path, GONE, NAME) == {GONE, NAME}
    ledger.erase(WANTED)
    assert until_erased(ledger) == [GONE] and until_erased(ledger, 0.0) == []
    with contextlib.closing(LedgerReader(path)) as reader:
        found = reader.flows(limit=2_000)
        assert {one.device for one in found} == {OTHER} and len(found) == 300
        assert {one.reason for one in found} == {"a forgotten device opened the live view"}
        assert [(one.device, one.flows) for one in reader.totals()] == [(OTHER, 300)]
    assert holds(path, GONE, NAME, OTHER, "yard") == {OTHER, "yard"}
    assert not ledger.trouble()


def test_what_was_pruned_before_goes_from_the_file_too(path: Path) -> None:
    clock = [NOW]
    old = Ledger(path, wall=lambda: clock[0], batch_s=0.02, days=1, months=1)
    filled(old)
    old.close()
    clock[0] += 90 * 86_400
    with contextlib.closing(open_ledger(path)) as database:
        database.execute("PRAGMA secure_delete = OFF").fetchall()
        database.execute("DELETE FROM flow")
        database.execute("DELETE FROM judgement")
        database.execute("DELETE FROM total")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert holds(path, GONE, NAME) == {GONE, NAME}, "as SQLite deletes"
    ledger = Ledger(path, wall=lambda: clock[0], batch_s=0.02)
    ledger.erase(WANTED)
    assert until_erased(ledger) == [GONE]
    assert holds(path, GONE, NAME) == set()
    ledger.close()


def test_what_it_does_afterwards_is_written_and_stays(ledger: Ledger, path: Path) -> None:
    filled(ledger)
    ledger.erase(WANTED)
    ledger.put(bell(1_001, device_id=GONE, reason="nobody knows it"))
    assert until_erased(ledger) == [GONE] and ledger.flush()
    with contextlib.closing(LedgerReader(path)) as reader:
        assert [(one.flow_id, one.device_id) for one in reader.flows(device=GONE)] == [(1_001, GONE)]


def test_others_are_written_and_read_meanwhile(ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_erasure, "PIECE_FLOWS", 7)
    filled(ledger)
    over, counts = threading.Event(), []

    def read() -> None:
        while not over.is_set():
            with contextlib.closing(LedgerReader(path)) as reader:
                counts.append(len(reader.flows(device=OTHER, limit=2_000)))

    reading = threading.Thread(target=read)
    reading.start()
    ledger.erase(WANTED)
    for number in range(1_001, 1_301):
        ledger.put(yard(number))
        time.sleep(0.0005)
    assert until_erased(ledger) == [GONE] and ledger.flush()
    over.set()
    reading.join()
    assert min(counts) >= 300 and not ledger.dropped
    with contextlib.closing(LedgerReader(path)) as reader:
        assert len(reader.flows(device=OTHER, limit=2_000)) == 600 and reader.flows(device=GONE) == []


def test_pieces_are_small(path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer rests between them: no piece deletes more than was asked for."""
    monkeypatch.setattr(ledger_erasure, "PIECE_FLOWS", 50)
    filled(ledger)
    ledger.close()
    with contextlib.closing(open_ledger(path)) as database:
        left = [600]
        for _ in erase(database, WANTED, wall=lambda: NOW):
            query = "SELECT count(*) FROM flow JOIN judgement j ON j.id = judgement WHERE j.device = ?"
            left.append(database.execute(query, (GONE,)).fetchone()[0])
        assert left[-1] == 0 and max(a - b for a, b in zip(left, left[1:], strict=False)) <= 50


@pytest.mark.parametrize("after", [0, 1, 3, 10])
def test_begun_again_after_a_cut_it_comes_to_its_end(
    ledger: Ledger, path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_erasure, "PIECE_FLOWS", 50)
    filled(ledger)
    ledger.close()
    database = open_ledger(path)
    pieces = erase(database, WANTED, wall=lambda: NOW)
    for _ in range(after):
        next(pieces)
    database.close()
    pieces.close()
    again = Ledger(path, wall=lambda: NOW, batch_s=0.02)
    again.erase(WANTED)
    assert until_erased(again) == [GONE] and holds(path, GONE, NAME) == set()
    again.close()


def test_a_medium_that_refuses_is_told_and_tried_again(ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(ledger)
    full = [True]

    def refuse(*given: object, **named: object) -> Iterator[None]:
        if full[0]:
            raise sqlite3.OperationalError("database or disk is full")
        return erase(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("gateway.edge.ledger.erase", refuse)
    monkeypatch.setattr("gateway.edge.ledger.ERASE_AGAIN_S", 0.05)
    ledger.erase(WANTED)
    end = time.monotonic() + 5.0
    while "full" not in ledger.trouble() and time.monotonic() < end:
        time.sleep(0.005)
    assert "full" in ledger.last_error and ledger.take_erased() == []
    full[0] = False
    assert until_erased(ledger) == [GONE]


def test_an_empty_ledger_holds_nothing_of_anybody(ledger: Ledger) -> None:
    ledger.erase(WANTED)
    assert until_erased(ledger) == [GONE]


def test_a_ledger_that_was_made_anew_says_so(ledger: Ledger, path: Path) -> None:
    filled(ledger)
    with contextlib.closing(LedgerReader(path)) as reader:
        before = reader.making()
    ledger.put(yard(999))
    assert ledger.flush()
    with contextlib.closing(LedgerReader(path)) as reader:
        assert reader.making() == before
    ledger.erase(WANTED)
    assert until_erased(ledger) == [GONE]
    with contextlib.closing(LedgerReader(path)) as reader:
        assert reader.making() != before
