"""The ledger read back: pages of flows, sums by the hour, what was kept at home."""

from pathlib import Path

import pytest

from gateway.edge.ledger import Ledger
from gateway.edge.ledger_reader import LedgerReader, told
from gateway.model.record import FlowRecord

HOUR = 3_600
BEGAN = 500_000 * HOUR
DOOR, PHONE = "02:00:00:00:00:01", "02:00:00:00:00:02"


def flow(number: int, **changes) -> FlowRecord:
    given = {
        "flow_id": 100 + number * 3, "started": float(BEGAN + number * HOUR / 2), "proto": 6, "src": b"\x0a\0\0\x01",
        "sport": 1_000,
        "dst": b"\xc0\0\x02\x01", "dport": 443, "device": DOOR, "device_id": "door", "profile": "bell", "purpose": "telemetry",
        "effect": "refuse", "server_name": "es.example.com", "held_bytes": 10, "bytes_toserver": 0,
    } | changes  # fmt: skip
    return FlowRecord(**given)


@pytest.fixture
def reader(tmp_path: Path):
    """Every other flow of ten passes; the last one does because of a pause."""
    path = tmp_path / "ledger.db"
    clock = [0.0]
    ledger = Ledger(path, wall=lambda: clock[0], batch_s=0.005, may_prune=lambda: False)
    for number in range(10):
        record = flow(number)
        if number % 2:
            said = {"effect": "pass", "purpose": "control", "server_name": "api.example.com", "held_bytes": 0}
            record = flow(number, **said, bytes_toserver=100, grant="pause" if number == 9 else "")
        clock[0] = record.started
        ledger.put(record)
        assert ledger.flush()
    ledger.close()
    with LedgerReader(path) as found:
        yield found


@pytest.mark.parametrize(
    "asked, numbers",
    [
        pytest.param({"limit": 3}, [7, 8, 9], id="the last"),
        pytest.param({"limit": 3, "before": 100 + 7 * 3}, [4, 5, 6], id="before those"),
        pytest.param({"limit": 3, "after": 100 + 3}, [2, 3, 4], id="after"),
        pytest.param({"stopped": True, "limit": 2}, [6, 8], id="stopped"),
        pytest.param({"stopped": False, "limit": 2}, [7, 9], id="passed"),
        pytest.param({"granted": "pause"}, [9], id="by a pause"),
        pytest.param({"purpose": "control", "device": "door", "limit": 2}, [7, 9], id="of a device, for a purpose"),
        pytest.param({"device": PHONE}, [], id="of nobody"),
        pytest.param({"since": BEGAN + 4 * HOUR}, [8, 9], id="since"),
    ],
)
def test_flows(reader: LedgerReader, asked: dict, numbers: list[int]) -> None:
    assert [(record.flow_id - 100) // 3 for record in reader.flows(**asked)] == numbers


def test_one_flow(reader: LedgerReader) -> None:
    found = reader.flow(100)
    assert found is not None and found.server_name == "es.example.com"
    assert reader.flow(101) is None


def test_sums_by_the_hour(reader: LedgerReader) -> None:
    hours = reader.hours(BEGAN + HOUR, BEGAN + 3 * HOUR)
    assert sorted(hours) == [500_001, 500_002]
    told = {(total.purpose, total.effect): (total.attempts, total.bytes_out, total.held_bytes) for total in hours[500_001]}
    assert told == {("control", "pass"): (1, 100, 0), ("telemetry", "refuse"): (1, 0, 10)}


@pytest.mark.parametrize("hours", [0, 0.4, 0.5, 2, 4.5])
def test_ids_from_a_time_on(reader: LedgerReader, hours: float) -> None:
    since = BEGAN + hours * HOUR
    expected = next(record.flow_id for record in reader.flows(limit=10) if record.started >= since)
    first = reader.first_flow_id(since)
    assert [record.flow_id for record in reader.flows(after=first - 1, limit=1)] == [expected]


def test_ids_of_a_time_to_come(reader: LedgerReader) -> None:
    assert reader.first_flow_id(BEGAN + 99 * HOUR) > 100 + 9 * 3


def test_names_that_were_kept(reader: LedgerReader) -> None:
    kept = reader.kept_names()
    assert [row[1:] for row in kept] == [(DOOR, "telemetry", "es.example.com")]
    assert [row[0] for row in kept] == reader.judgements(stopped=True)


def test_flows_by_their_texts(reader: LedgerReader) -> None:
    stopped = reader.judgements(**told(device="door", stopped=True, purpose=None))
    assert [one.flow_id for one in reader.judged(stopped, 106, 125, 2)] == [124, 118]
    assert reader.judged([], 0, 10**6, 9) == []
    assert [number for number, text in reader.judged_by(106) if text in stopped] == [112, 118, 124]
    assert reader.span() == (100, 127)
    assert reader.judgements(device="nobody") == [] and reader.flows(device="nobody") == []
