"""The model of a home's day, and the real books that it is written into."""

import random
from pathlib import Path

import pytest

from gateway.bench import day
from gateway.edge.ledger_reader import LedgerReader


def test_a_home_of_thirty() -> None:
    assert sum(kind.devices for kind in day.HOME) == 30
    assert len(list(day.devices())) == 30


def test_flows_come_in_order_under_rising_ids() -> None:
    puts = day.flows(random.Random(1), since=0.0, until=3_600.0, first_id=100)
    assert [at for at, _ in puts] == sorted(at for at, _ in puts)
    first = list(dict.fromkeys(record.flow_id for _, record in puts))
    assert first == sorted(first) and first[0] == 100
    live = sum(kind.devices * kind.live for kind in day.HOME)
    opened = sum(kind.devices * round(kind.flows / 24) for kind in day.HOME)
    assert len(first) == live + opened


def test_what_was_written_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day, "HOME", day.HOME[:1])
    told = day.main(tmp_path, 0.1)
    assert told["commits"] >= 2 and told["saves"] >= 2 and told["puts"] > 0
    reader = LedgerReader(tmp_path / "ledger.db")
    assert reader.last_flow_id() > 0 and (tmp_path / "state.json").stat().st_size > 1_000
    reader.close()
