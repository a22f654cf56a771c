"""The ledger keeps what it is given, sums it, forgets in time, and never stops the one who gives."""

import contextlib
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gateway.edge import ledger as ledger_module
from gateway.edge.ledger import BURST_BYTES, Ledger, WriteBudget, open_ledger
from gateway.edge.ledger_reader import LedgerReader, LedgerTotal, newest_flow_id
from gateway.model.record import FlowRecord
from tests.support.kill import killed

NOW = 1_790_000_000.0
RECORD = FlowRecord(
    flow_id=1,
    started=NOW,
    proto=6,
    src=bytes([192, 168, 50, 4]),
    sport=40_000,
    dst=bytes.fromhex("20010db8000000000000000000000001"),
    dport=443,
    device="02:00:5e:10:00:01",
    device_id="front-door",
    profile="ring-doorbell",
    app_proto="tls",
    server_name="fw.example.com",
    name_source="sni",
    names=("fw.example.com", "other.example.com"),
    vendor="ring",
    family="doorbell",
    alpn=("h2", "http/1.1"),
    ech=True,
    weighed=("other.example.com",),
    local=True,
    lookup=True,
    media_bytes=64_000,
    settled="unknown",
    main="control",
    judged_toserver=70_000,
    judged_toclient=0,
    dissector="fast",
    purpose="telemetry",
    also=("control",),
    confidence=0.9,
    action="block",
    effect="refuse",
    rule="profiles/ring-doorbell.yaml:7",
    reason="it is said so",
    mixed=True,
    held_bytes=517,
    attempts=3,
)


_READERS: list[LedgerReader] = []


def reader_of(folder: Path) -> LedgerReader:
    """A reader that is closed after the test."""
    _READERS.append(LedgerReader(folder / "ledger.db"))
    return _READERS[-1]


@pytest.fixture(autouse=True)
def close_readers():
    """Close what ``reader_of`` opened."""
    yield
    while _READERS:
        _READERS.pop().close()


@pytest.fixture
def make(tmp_path: Path):
    """A ledger that commits often; closed at the end."""
    made: list[Ledger] = []

    def make(wall: Callable[[], float] = lambda: NOW, **options) -> Ledger:
        made.append(Ledger(tmp_path / "ledger.db", wall=wall, batch_s=0.05, **options))
        return made[-1]

    yield make
    for ledger in made:
        ledger.close()


def test_a_record_comes_back_whole(make, tmp_path: Path) -> None:
    ledger = make()
    ledger.put(RECORD)
    assert ledger.flush()
    assert reader_of(tmp_path).flows() == [RECORD]


EARLIER = """
CREATE TABLE flow (
    flow_id INTEGER PRIMARY KEY, started INTEGER, proto, src, sport, dst, dport,
    bytes_toserver, bytes_toclient, pkts_toserver, pkts_toclient, held_bytes, attempts, judgement INTEGER NOT NULL
);
CREATE TABLE judgement (
    id INTEGER PRIMARY KEY, device, device_id, profile, app_proto, server_name, name_source, names, dissector,
    purpose, also, confidence, action, effect, rule, reason, mixed, capture
);
CREATE TABLE total (
    minute INTEGER, device TEXT, purpose TEXT, effect TEXT, attempts INTEGER NOT NULL, flows INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL, held_bytes INTEGER NOT NULL,
    PRIMARY KEY (minute, device, purpose, effect)
) WITHOUT ROWID;
INSERT INTO flow VALUES (
    1, 1790000000000000, 6, x'c0a83204', 40000, x'20010db8000000000000000000000001', 443, 0, 0, 0, 0, 517, 3, 5
);
INSERT INTO judgement VALUES (
    5, '02:00:5e:10:00:01', 'front-door', 'ring-doorbell', 'tls', 'fw.example.com', 'sni',
    '["fw.example.com", "other.example.com"]', 'fast', 'telemetry', '["control"]', 0.9, 'block', 'refuse',
    'profiles/ring-doorbell.yaml:7', 'it is said so', 1, ''
);
PRAGMA user_version = 1;
"""
"""As version 1 wrote it."""
NEW_FIELDS = (
    "vendor", "family", "alpn", "ech", "weighed", "local", "lookup", "media_bytes", "settled", "main", "judged_toserver",
    "judged_toclient",
)  # fmt: skip
FROM_EARLIER = RECORD._replace(**{name: FlowRecord._field_defaults[name] for name in NEW_FIELDS})


@pytest.mark.parametrize("more", ["", "ALTER TABLE flow ADD COLUMN judged_toserver;"], ids=["earlier", "cut off half-way"])
def test_a_ledger_of_an_earlier_version_is_read_and_written_on(make, tmp_path: Path, more: str) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.db")) as database:
        database.executescript(EARLIER + more)
    before = reader_of(tmp_path)
    assert before.flows() == [FROM_EARLIER]
    ledger = make()
    ledger.put(RECORD._replace(flow_id=2))
    ledger.put(FROM_EARLIER._replace(attempts=4))
    assert ledger.flush()
    revised = FROM_EARLIER._replace(attempts=4)
    assert reader_of(tmp_path).flows() == [revised, RECORD._replace(flow_id=2)]
    assert before.flows()[0] == revised, "who opened it before goes on reading"
    ledger.close()
    open_ledger(tmp_path / "ledger.db").close()  # what was added is not added again


def test_the_last_of_a_flow_counts(make, tmp_path: Path) -> None:
    ledger = make()
    ledger.put(RECORD._replace(bytes_toserver=10))
    assert ledger.flush()
    ledger.put(RECORD._replace(bytes_toserver=20))
    ledger.put(RECORD._replace(bytes_toserver=35, attempts=5))
    assert ledger.flush()
    reader = reader_of(tmp_path)
    assert [record.bytes_toserver for record in reader.flows()] == [35]
    assert reader.totals() == [
        LedgerTotal(
            device=RECORD.device, purpose="telemetry", effect="refuse",
            attempts=5, flows=1, bytes_out=35, bytes_in=0, held_bytes=517,
        )
    ]  # fmt: skip


def test_a_flow_judged_anew_counts_in_both_lines_its_bytes_once(make, tmp_path: Path) -> None:
    ledger = make()
    ledger.put(RECORD._replace(effect="pass", bytes_toserver=100, held_bytes=0, attempts=1))
    assert ledger.flush()
    ledger.put(RECORD._replace(effect="refuse", bytes_toserver=130, held_bytes=50, attempts=1))
    assert ledger.flush()
    totals = {total.effect: total for total in reader_of(tmp_path).totals()}
    assert (totals["pass"].flows, totals["pass"].bytes_out) == (1, 100)
    assert (totals["refuse"].flows, totals["refuse"].bytes_out, totals["refuse"].held_bytes) == (1, 30, 50)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({}, [1, 2, 3, 4, 5, 6], id="all, oldest first"),
        pytest.param({"limit": 2}, [5, 6], id="the last two"),
        pytest.param({"after": 2, "limit": 2}, [3, 4], id="the next two after a flow"),
        pytest.param({"since": NOW + 4}, [4, 5, 6], id="since"),
        pytest.param({"device": "02:00:5e:10:00:01"}, [1, 3, 5], id="by MAC"),
        pytest.param({"device": "speaker"}, [2, 4, 6], id="by id"),
        pytest.param({"purpose": "voice", "device": "speaker"}, [2, 4, 6], id="by purpose"),
        pytest.param({"purpose": "voice", "device": "front-door"}, [], id="none"),
    ],
)
def test_flows_are_found(make, tmp_path: Path, query, expected) -> None:
    ledger = make()
    for number in range(1, 7):
        other = {} if number % 2 else {"device": "02:00:5e:10:00:02", "device_id": "speaker", "purpose": "voice"}
        ledger.put(RECORD._replace(flow_id=number, started=NOW + number, **other))
    assert ledger.flush()
    assert [record.flow_id for record in reader_of(tmp_path).flows(**query)] == expected
    assert reader_of(tmp_path).last_flow_id() == 6


def test_detail_is_kept_for_days_and_sums_for_months(make, tmp_path: Path) -> None:
    clock = [NOW]
    first = make(wall=lambda: clock[0], days=2, months=1)
    first.put(RECORD)
    assert first.flush()
    clock[0] += 61
    first.put(RECORD._replace(flow_id=2, started=clock[0]))
    first.close()
    clock[0] = NOW + 3 * 86_400
    second = make(wall=lambda: clock[0], days=2, months=1)
    second.put(RECORD._replace(flow_id=3, started=clock[0]))
    second.close()
    reader = reader_of(tmp_path)
    assert [record.flow_id for record in reader.flows()] == [3]
    assert sum(total.flows for total in reader.totals()) == 3, "the sums stay"
    with sqlite3.connect(tmp_path / "ledger.db") as database:
        assert database.execute("SELECT count(*), count(DISTINCT minute) FROM total").fetchone() == (2, 2)
        assert database.execute("SELECT count(*) FROM judgement").fetchone() == (1,)
    database.close()
    clock[0] = NOW + 62 * 86_400
    make(wall=lambda: clock[0], days=2, months=1).close()
    assert reader.totals() == []


def test_a_full_queue_loses_rows_and_counts_them(make, monkeypatch) -> None:
    monkeypatch.setattr(ledger_module, "MAX_WAITING", 10)
    monkeypatch.setattr(Ledger, "_commit", lambda self, database: database)
    ledger = make()
    for _ in range(25):
        ledger.put(RECORD)
    assert ledger.dropped == 15


def test_a_medium_that_refuses_is_told_once_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "missing"
    told: list[str] = []
    ledger = Ledger(folder / "ledger.db", batch_s=0.02, on_error=told.append, wall=lambda: NOW)
    ledger.put(RECORD)
    assert not ledger.flush()
    ledger.put(RECORD)
    assert not ledger.flush()
    assert ledger.dropped == 2 and "cannot be written" in ledger.last_error and len(told) == 1
    folder.mkdir()
    ledger.put(RECORD)
    assert ledger.flush()
    assert ledger.last_error == ""
    ledger.close()
    assert reader_of(folder).flows() == [RECORD]


def test_a_file_that_is_no_database_is_put_aside(make, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database at all" * 100)
    ledger = make()
    ledger.put(RECORD)
    assert ledger.flush()
    assert reader_of(tmp_path).flows() == [RECORD]
    assert (tmp_path / "ledger.db.damaged").exists()


def test_what_a_killed_gateway_committed_is_there(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db", batch_s=0.02, wall=lambda: NOW)
    ledger.put(RECORD)
    assert ledger.flush()
    copy = tmp_path / "after"
    copy.mkdir()
    for path in tmp_path.glob("ledger.db*"):  # as a power cut leaves them: nobody closed the database
        (copy / path.name).write_bytes(path.read_bytes())
    ledger.close()
    assert reader_of(copy).flows() == [RECORD]


def test_a_clock_that_nobody_believes_makes_nothing_old(make, tmp_path: Path) -> None:
    believed: list[bool] = []
    ledger = make(wall=lambda: NOW + 56 * 365 * 86_400, may_prune=lambda: bool(believed))
    ledger.put(RECORD)
    assert ledger.flush() and reader_of(tmp_path).flows() == [RECORD]
    believed.append(True)
    ledger.put(RECORD._replace(flow_id=2))
    assert ledger.flush() and reader_of(tmp_path).flows() == []


def test_ids_go_on_after_the_newest_one(make, tmp_path: Path) -> None:
    assert newest_flow_id(tmp_path / "ledger.db") == 0
    ledger = make()
    ledger.put(RECORD._replace(flow_id=7 << 40))
    assert ledger.flush()
    assert newest_flow_id(tmp_path / "ledger.db") == 7 << 40


def test_writing_counts_as_well_again_only_when_a_row_was_written(tmp_path: Path, monkeypatch) -> None:
    ledger = Ledger(tmp_path / "ledger.db", batch_s=0.02, wall=lambda: NOW)

    def refuse(self: Ledger, database: sqlite3.Connection, batch: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_insert", refuse)
        ledger.put(RECORD)
        assert not ledger.flush()
        time.sleep(0.1)  # several beats without a row
        assert "disk is full" in ledger.last_error
    ledger.put(RECORD)
    assert ledger.flush() and ledger.last_error == "" and ledger.dropped == 1
    ledger.close()


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_leave_every_row_that_was_acknowledged(tmp_path: Path, kills: int) -> None:
    path, written = tmp_path / "ledger.db", 0
    open_ledger(path).close()
    for number in range(kills):

        def write(told: int, first: int = written + 1) -> None:
            ledger = Ledger(path, batch_s=0.002, wall=lambda: NOW)
            for batch in count():
                for at in range(5):
                    ledger.put(RECORD._replace(flow_id=first + batch * 5 + at, sport=at + 1))
                if ledger.flush():
                    os.write(told, (first + batch * 5 + 4).to_bytes(8, "big"))

        said = killed(write, after_s=random.Random(number).uniform(0.0, 0.02))
        acknowledged = int.from_bytes(said[-8:], "big") or written
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            rows, written = database.execute("SELECT count(*), coalesce(max(flow_id), 0) FROM flow").fetchone()
            (summed,) = database.execute("SELECT coalesce(sum(flows), 0) FROM total").fetchone()
        assert acknowledged <= written <= acknowledged + 5, "at most the batch under way"
        assert rows == written == summed, "no row is missing before the last, and the sums are theirs"
    assert written > 5 * kills, "most of them wrote"


def test_there_is_nothing_to_read_where_there_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be read"):
        LedgerReader(tmp_path / "ledger.db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_somebody_who_may_only_read_reads_beside_a_writer_and_after_it() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        path = Path(name) / "ledger.db"
        ledger = Ledger(path, batch_s=0.02, wall=lambda: NOW)
        ledger.put(RECORD)
        assert ledger.flush()
        beside = _read_as_nobody(path)
        ledger.close()
        assert (beside, _read_as_nobody(path)) == ([RECORD], [RECORD])


def _read_as_nobody(path: Path) -> list[FlowRecord]:
    try:
        os.seteuid(65_534)
    except OSError:
        pytest.skip("there is nobody in this user namespace")
    try:
        reader = LedgerReader(path)
        found = reader.flows()
        reader.close()
        return found
    finally:
        os.seteuid(0)


def test_put_costs_the_packet_loop_almost_nothing(make) -> None:
    ledger = make()
    started = time.thread_time()
    for _ in range(20_000):
        ledger.put(RECORD)
    assert (time.thread_time() - started) / 20_000 < 2e-6


def test_the_budget_slows_down_who_writes_too_much(monkeypatch) -> None:
    written = [0]
    monkeypatch.setattr(ledger_module, "written_by_thread", lambda: written[0])
    budget = WriteBudget(0.0)
    written[0] += BURST_BYTES - 10_000
    assert budget.wait_s(2.0) == ledger_module.BATCH_S, "a burst is fine"
    written[0] += 30_000
    assert 60 < budget.wait_s(4.0) < ledger_module.MAX_BATCH_S
    written[0] += 10_000_000
    assert budget.wait_s(6.0) == ledger_module.MAX_BATCH_S
