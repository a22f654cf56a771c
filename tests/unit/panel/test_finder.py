"""The finder finds what the ledger's reader finds by going through everything."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.edge.ledger import open_ledger
from gateway.edge.ledger_reader import LedgerReader, told
from gateway.edge.ledger_schema import PUT_FLOW, PUT_JUDGEMENT, rows_of
from gateway.model.record import FlowRecord
from gateway.panel.finder import AGAIN_S, NEWEST, STRETCH, Finder
from tests.support.lived import record

FLOWS = 3 * NEWEST
RARE = (3, 4, STRETCH, 5_000, 5_001, FLOWS - NEWEST - 1, FLOWS - NEWEST, FLOWS - 2)


def flow(number: int) -> FlowRecord:
    """One purpose in 1,500 flows is rare, a device does something each hundredth time."""
    device = "02:00:00:00:00:09" if number % 100 == 7 else "02:00:00:00:00:01"
    purpose = "voice" if number in RARE else ("time", "control")[number % 2]
    return record(number, purpose, "pass" if purpose == "control" else "refuse", device=device, device_id=f"id-{device[-1]}")


def put(path: Path, records: list[FlowRecord]) -> None:
    rows = [rows_of(one) for one in records]
    with closing(open_ledger(path)) as database:
        database.execute("BEGIN")
        database.executemany(PUT_JUDGEMENT, [judgement for _, judgement in rows])
        database.executemany(PUT_FLOW, [numbers for numbers, _ in rows])
        database.execute("COMMIT")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    put(path, [flow(number) for number in range(1, FLOWS) if number != 4_096])
    return path


@pytest.fixture
def reader(path: Path) -> Iterator[LedgerReader]:
    with LedgerReader(path) as reader:
        yield reader


def found(
    finder: Finder, reader: LedgerReader, *, before: int = 0, limit: int = 50, floor: int = 0, **wanted: Any
) -> list[int]:
    judgements = reader.judgements(**told(**wanted))
    return [one.flow_id for one in finder.flows(reader, judgements, before=before, floor=floor, limit=limit)]


@pytest.mark.parametrize(("limit", "before"), [(1, 0), (50, 0), (400, 10**9), (7, 2), (50, 300), (50, 5_001), (400, FLOWS - 1)])
@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"purpose": "voice"}, id="a rare purpose"),
        pytest.param({"device": "02:00:00:00:00:09"}, id="a quiet device"),
        pytest.param({"device": "id-9", "purpose": "control"}, id="both"),
        pytest.param({"stopped": True}, id="half of all"),
        pytest.param({"purpose": "video"}, id="what never was"),
        pytest.param({"granted": "pause"}, id="what nobody granted"),
    ],
)
def test_it_finds_what_going_through_all_finds(reader: LedgerReader, wanted: dict[str, Any], before: int, limit: int) -> None:
    expected = [one.flow_id for one in reader.flows(**wanted, before=before, limit=limit)][::-1]
    assert found(Finder(), reader, before=before, limit=limit, **wanted) == expected


@pytest.mark.parametrize("floor", [1, 5, 5_000, 5_001, 5_002, FLOWS])
def test_nothing_is_older_than_the_floor(reader: LedgerReader, floor: int) -> None:
    assert found(Finder(), reader, purpose="voice", floor=floor) == [one for one in reversed(RARE) if one >= floor]


def test_what_is_written_later_is_found(path: Path, tmp_path: Path) -> None:
    later = tmp_path / "ledger.db"
    put(later, [flow(number) for number in range(1, 700)])
    finder = Finder()
    with LedgerReader(later) as reader:
        assert found(finder, reader, purpose="voice") == [256, 4, 3]
    put(later, [record(number, "voice" if number == 9_000 else "time") for number in range(700, 20_000)])
    with LedgerReader(later) as reader:
        assert found(finder, reader, purpose="voice") == [9_000, 256, 4, 3]


def test_what_was_judged_anew_long_after_is_found_when_the_bits_are_made_again(tmp_path: Path) -> None:
    path, clock = tmp_path / "ledger.db", [0.0]
    put(path, [record(number, "time") for number in range(1, 3 * NEWEST)])
    finder = Finder(mono=lambda: clock[0])
    with LedgerReader(path) as reader:
        assert finder.is_old and not finder.is_made
        assert found(finder, reader, purpose="time", limit=1) == [3 * NEWEST - 1]
        assert finder.is_made and not finder.is_old
    put(path, [record(50, "voice"), record(3 * NEWEST - 50, "voice")])
    with LedgerReader(path) as reader:
        assert found(finder, reader, purpose="voice") == [3 * NEWEST - 50]
        clock[0] += AGAIN_S
        assert finder.is_old
        finder.make(reader)
        assert not finder.is_old
        assert found(finder, reader, purpose="voice") == [3 * NEWEST - 50, 50]


def test_another_ledger_is_learnt_anew(path: Path, tmp_path: Path) -> None:
    other, finder = tmp_path / "ledger.db", Finder()
    put(other, [flow(number)._replace(purpose="update") for number in (5, 6)])
    with LedgerReader(path) as reader:
        assert found(finder, reader, purpose="voice", limit=2) == list(RARE[:-3:-1])
    with LedgerReader(other) as reader:
        assert found(finder, reader, purpose="update") == [6, 5]
        assert found(finder, reader, purpose="voice") == []


def test_ids_far_apart_take_no_memory(tmp_path: Path) -> None:
    path, finder = tmp_path / "ledger.db", Finder()
    numbers = (1, 2, 2**40, 2**61)
    put(path, [record(number, "voice") for number in numbers])
    with LedgerReader(path) as reader:
        for _ in range(2):
            assert found(finder, reader, purpose="voice") == list(reversed(numbers))
            assert found(finder, reader, purpose="voice", before=2**61, limit=2) == [2**40, 2]


def test_an_empty_ledger_has_nothing(tmp_path: Path) -> None:
    put(tmp_path / "ledger.db", [])
    with LedgerReader(tmp_path / "ledger.db") as reader:
        assert Finder().flows(reader, [1, 2], before=0, floor=0, limit=5) == []


@pytest.mark.parametrize(("floor", "expected"), [(1, True), (5_001, True), (FLOWS - 2, True), (FLOWS + STRETCH, False)])
def test_texts_that_still_occur(reader: LedgerReader, floor: int, expected: bool) -> None:
    finder = Finder()
    finder.learn(reader)
    judgements = reader.judgements(purpose="voice", device="id-1")
    assert (finder.occurs([*judgements, 77], floor) == set(judgements)) is expected


def test_a_ledger_in_trouble_is_the_callers_business(path: Path) -> None:
    reader = LedgerReader(path)
    reader.close()
    with pytest.raises(sqlite3.Error):
        Finder().learn(reader)
