from pathlib import Path

import pytest

from gateway.cli import past as past_module
from gateway.cli.past import Past
from tests.support.policies import NOON
from tests.support.records import make_record, write_ledger

DAY_S = 86_400.0


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Eight days, two devices in turn."""
    path = tmp_path / "ledger.db"
    macs = ("02:00:00:00:00:01", "02:00:00:00:00:02")
    records = (
        make_record(started=NOON.wall - (8 - day) * DAY_S, device=macs[day % 2], device_id=f"d{day % 2}") for day in range(8)
    )
    write_ledger(path, records, now=NOON.wall)
    return path


@pytest.mark.parametrize("rows", [1, 2, 5_000])
def test_flows_come_in_their_order_whatever_a_page_holds(ledger: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(past_module, "PAGE_ROWS", rows)
    assert [record.flow_id for record in Past(ledger, 0.0).flows()] == list(range(1, 9))
    assert [record.flow_id for record in Past(ledger, NOON.wall - 3 * DAY_S).flows()] == [6, 7, 8]


def test_a_page_is_read_when_it_is_wanted(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "PAGE_ROWS", 2)
    flows = Past(ledger, 0.0).flows()
    assert next(flows).flow_id == 1
    monkeypatch.setattr(past_module, "PAGE_ROWS", 1)
    assert [record.flow_id for record in flows] == list(range(2, 9))


@pytest.mark.parametrize("device", ["d1", "02:00:00:00:00:02"])
def test_of_one_device(ledger: Path, device: str) -> None:
    past = Past(ledger, NOON.wall - 3.5 * DAY_S)
    assert [record.flow_id for record in past.flows(device)] == [6, 8]
    first = past.first(device)
    assert first is not None and first.flow_id == 2, "however long ago"


def test_nothing(ledger: Path, tmp_path: Path) -> None:
    assert Past(ledger, 0.0).first("d7") is None
    with pytest.raises(OSError, match="cannot be read"):
        next(Past(tmp_path / "none.db", 0.0).flows())
