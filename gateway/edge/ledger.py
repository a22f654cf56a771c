"""The ledger: every judged flow in SQLite, written by a thread of its own behind a bounded queue.

``put`` costs the packet loop an append. The writer commits every two seconds, and less often – up to five minutes – once more
was written than a day's budget has room for: a card wears out by being written to, and rows gathered longer share pages. What
it cannot write is lost and counted; judging never waits for it.
"""

import contextlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from operator import add
from pathlib import Path
from typing import Any

from gateway.model.command import Erase
from gateway.model.record import FlowRecord

from .ledger_erasure import erase
from .ledger_schema import (
    ADD_TOTAL,
    FOLD_HOURS,
    NEWEST,
    PUT_FLOW,
    PUT_JUDGEMENT,
    READ_OLD,
    SCHEMA,
    additions,
    columns,
    rows_of,
)
from .share import share

BATCH_ROWS = 2_048
"""Rows that are not gathered any longer."""
QUIET_S = 0.05
"""A pause between flows in which writing disturbs no judgement: both want the interpreter."""
MAX_PATIENCE_S = 10.0
BATCH_S = 2.0
MAX_BATCH_S = 300.0
MAX_WAITING = 8_192
BUDGET_BYTES_DAY = 13_000_000
"""Below the 20 MB a day that are promised: pruning, and what the file system adds, come on top."""
BURST_BYTES = 500_000
PRUNE_EVERY_S = 6 * 3600.0
PAGE_BYTES = 512
"""Most commits change a few rows: small pages, less to write (a fifth less than with 1,024, less than half of 4,096)."""
CHECKPOINT_PAGES = 4_000
KNOWN_JUDGEMENTS = 4_096
MAX_REST_S = 1.0
ERASE_AGAIN_S = 60.0
_DAY_S = 86_400


class WriteBudget:
    """How long to wait before the next commit, so that a day's writing stays bounded. A bucket of bytes."""

    def __init__(self, now: float, *, written: Callable[[], int] | None = None) -> None:
        """``written`` tells the bytes written so far; without it, those of the thread that asks."""
        self._credit = float(BURST_BYTES)
        self._at = now
        self._written = written or written_by_thread
        self._seen = self._written()

    def wait_s(self, now: float) -> float:
        """Charge what was written since the last time; tell how long to gather rows."""
        seen = self._written()
        earned = (now - self._at) * BUDGET_BYTES_DAY / _DAY_S
        self._credit = min(float(BURST_BYTES), self._credit + earned - (seen - self._seen))
        self._at, self._seen = now, seen
        owed = max(0.0, -self._credit) / BUDGET_BYTES_DAY * _DAY_S
        return min(MAX_BATCH_S, BATCH_S + owed)

    def pass_over(self) -> None:
        """What was written since the last time is charged to nobody: people seldom want it, and then at once."""
        self._seen = self._written()


def written_by_thread() -> int:
    """Bytes that this thread has made the disk write so far, in whole pages; 0 where the kernel does not count them."""
    with contextlib.suppress(OSError), open("/proc/thread-self/io", encoding="ascii") as counters:
        for line in counters:
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
    return 0


class Ledger:
    """The writing side. One per database."""

    def __init__(
        self,
        path: Path,
        *,
        days: int = 14,
        months: int = 12,
        on_error: Callable[[str], None] | None = None,
        wall: Callable[[], float] = time.time,
        batch_s: float | None = None,
        may_prune: Callable[[], bool] = lambda: True,
        group: int = -1,
    ) -> None:
        """``on_error`` is called in the writer's thread. ``batch_s`` commits on a fixed beat in place of the budget's.

        ``may_prune``: the wall clock is believed. One that runs decades ahead would take everything for old.
        """
        self.dropped = 0
        """Rows that were lost: the queue was full, or the medium refused them."""
        self.last_error = ""
        """Why rows are being lost; empty again once writing works."""
        self._told = 0
        self._path = path
        self._days, self._months = days, months
        self._on_error = on_error
        self._wall = wall
        self._batch_s = batch_s
        self._may_prune = may_prune
        self._group = group
        self._waiting: deque[FlowRecord | threading.Event | Erase] = deque()
        self._erasures: deque[Erase] = deque()
        self._erased: deque[str] = deque()
        self._erase_at = 0.0
        """When it is tried again."""
        self._wake = threading.Event()
        self._closing = False
        self._known: set[int] = set()
        self._newest = 0
        """The largest flow id in the database."""
        self._pruned_at = float("-inf")
        self._thread = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._thread.start()

    def put(self, record: FlowRecord) -> None:
        """Take a flow; the same ``flow_id`` again revises it. Never blocks, never raises."""
        waiting = self._waiting
        if len(waiting) >= MAX_WAITING:
            self.dropped += 1
            return
        waiting.append(record)
        if len(waiting) == BATCH_ROWS:
            self._wake.set()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Have everything put so far written now; True if that was done in time."""
        written = threading.Event()
        self._waiting.append(written)
        self._wake.set()
        return written.wait(timeout_s) and not self.last_error

    def erase(self, wanted: Erase) -> None:
        """Leave nothing of a device, of what was put so far; ``take_erased`` tells when it is done. Never blocks."""
        self._waiting.append(wanted)
        self._wake.set()

    def take_erased(self) -> list[str]:
        """Devices (MAC) of which nothing is left, since this was asked last."""
        return [self._erased.popleft() for _ in range(len(self._erased))]

    def trouble(self) -> str:
        """Why rows are being lost, now or since this was last asked; empty if none is."""
        lost, self._told = self.dropped > self._told, self.dropped
        if not self.last_error and not lost:
            return ""
        return f"flows are judged but not written down: {self.last_error or 'there are too many at once'}"

    def close(self) -> None:
        """Write what waits, and end."""
        self._closing = True
        self._wake.set()
        self._thread.join(timeout=5.0)

    def _write(self) -> None:
        budget = WriteBudget(time.monotonic())
        database: sqlite3.Connection | None = None
        while not self._closing:
            wait_s = self._batch_s or budget.wait_s(time.monotonic())
            self._wake.wait(wait_s)
            self._wait_for_quiet()
            self._wake.clear()
            database = self._commit(database)
            if self._erasures and database is not None and time.monotonic() >= self._erase_at:
                database = self._erase(database)
                budget.pass_over()
        database = self._commit(database)
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                database.close()

    def _erase(self, database: sqlite3.Connection) -> sqlite3.Connection | None:
        """Piece by piece, with a rest as long as each took; what waits is written in between."""
        wanted = self._erasures[0]
        current: sqlite3.Connection | None = database
        began = time.monotonic()
        try:
            with contextlib.closing(erase(database, wanted, wall=self._wall)) as pieces:
                for _ in pieces:
                    self._known.clear()
                    self._wake.wait(min(MAX_REST_S, time.monotonic() - began))
                    self._wake.clear()
                    current = self._commit(database)
                    if self._closing or current is not database:
                        return current
                    began = time.monotonic()
        except (sqlite3.Error, OSError) as err:
            self._fail(err, 0)
            self._erase_at = time.monotonic() + ERASE_AGAIN_S
            return current
        self._known.clear()
        self._erasures.popleft()
        self._erased.append(wanted.mac)
        return current

    def _wait_for_quiet(self) -> None:
        """Let a burst of flows go by, unless the queue fills up, somebody waits, or it never ends."""
        patience = time.monotonic() + MAX_PATIENCE_S
        seen = -1
        while seen != len(self._waiting) < BATCH_ROWS and not self._wake.is_set() and time.monotonic() < patience:
            seen = len(self._waiting)
            self._wake.wait(QUIET_S)

    def _commit(self, database: sqlite3.Connection | None) -> sqlite3.Connection | None:
        """One batch; a connection that failed is opened anew the next time."""
        batch: dict[int, FlowRecord] = {}
        with contextlib.ExitStack() as told:
            for _ in range(len(self._waiting)):
                record = self._waiting.popleft()
                if isinstance(record, FlowRecord):
                    batch[record.flow_id] = record
                elif isinstance(record, Erase):
                    self._erasures.append(record)
                else:
                    told.callback(record.set)
            return self._write_batch(database, batch)

    def _write_batch(
        self, database: sqlite3.Connection | None, batch: dict[int, FlowRecord]
    ) -> sqlite3.Connection | None:
        if not batch and database is not None and time.monotonic() - self._pruned_at < PRUNE_EVERY_S:
            return database
        try:
            if database is None:
                database = open_ledger(self._path, self._group)
                self._newest = database.execute(NEWEST).fetchone()[0]
            if batch:
                self._insert(database, batch)
            self._prune(database)
        except (sqlite3.Error, OSError) as err:
            self._fail(err, len(batch))
            if database is not None:
                with contextlib.suppress(sqlite3.Error):
                    database.close()
            return None
        if batch:  # a medium that takes an empty word may still be full
            self.last_error = ""
        return database

    def _insert(self, database: sqlite3.Connection, batch: dict[int, FlowRecord]) -> None:
        minute = int(self._wall() // 60)
        totals: dict[tuple[str, str, str], tuple[int, ...]] = {}
        flows: list[tuple[Any, ...]] = []
        written: set[int] = set()
        with database:
            database.execute("BEGIN IMMEDIATE")
            for record in batch.values():
                counts: tuple[int, ...] = (record.attempts, 1, record.bytes_toserver, record.bytes_toclient, record.held_bytes)
                key = (record.device, record.purpose, record.effect)
                if record.flow_id <= self._newest:  # ids rise: a larger one was never written
                    counts = _growth(counts, key, database.execute(READ_OLD, (record.flow_id,)).fetchone())
                line = totals.get(key)
                totals[key] = counts if line is None else tuple(map(add, line, counts))
                flow, judgement = rows_of(record)
                flows.append(flow)
                if judgement[0] not in self._known and judgement[0] not in written:
                    database.execute(PUT_JUDGEMENT, judgement)
                    written.add(judgement[0])
            database.executemany(PUT_FLOW, flows)
            database.executemany(ADD_TOTAL, [(minute, *key, *line) for key, line in totals.items() if any(line)])
        if len(self._known) > KNOWN_JUDGEMENTS:
            self._known.clear()
        self._known |= written
        self._newest = max(self._newest, *batch)

    def _prune(self, database: sqlite3.Connection) -> None:
        """Drop detail older than its days, fold minutes of that age into hours, drop roll-ups older than their months."""
        if time.monotonic() - self._pruned_at < PRUNE_EVERY_S or not self._may_prune():
            return
        self._pruned_at = time.monotonic()
        now = self._wall()
        oldest = int(now - self._days * _DAY_S)
        with database:
            database.execute("BEGIN IMMEDIATE")
            gone = database.execute("DELETE FROM flow WHERE started < ?", (oldest * 1_000_000,)).rowcount
            if gone:
                database.execute("DELETE FROM judgement WHERE id NOT IN (SELECT judgement FROM flow)")
                self._known.clear()
            database.execute(FOLD_HOURS, (oldest // 3600 * 60,))
            database.execute("DELETE FROM total WHERE minute < ? AND minute % 60", (oldest // 3600 * 60,))
            database.execute("DELETE FROM total WHERE minute < ?", (int(now - self._months * 30.5 * _DAY_S) // 60,))

    def _fail(self, err: Exception, rows: int) -> None:
        self.dropped += rows
        self._known.clear()
        first = not self.last_error
        self.last_error = f"the ledger {self._path} cannot be written: {err}"
        if first and self._on_error is not None:
            self._on_error(self.last_error)


def _growth(counts: tuple[int, ...], key: tuple[str, ...], before: tuple[int | str, ...] | None) -> tuple[int, ...]:
    """What a revised flow adds to its line. One that is judged anew counts as a flow of both lines, its bytes only once."""
    if before is None:
        return counts
    attempts, bytes_out, bytes_in, held = (int(value) for value in before[3:])
    is_same = before[:3] == key
    grown = (counts[0] - attempts, 0 if is_same else 1, counts[2] - bytes_out, counts[3] - bytes_in, counts[4] - held)
    return tuple(max(0, value) for value in grown)


def open_ledger(path: Path, group: int = -1) -> sqlite3.Connection:
    """Open for writing; this group may read. A file that is no database is put aside, and a new one begun."""
    try:
        return _open(path, group)
    except sqlite3.OperationalError:
        raise  # the medium refuses: nothing is wrong with the file
    except sqlite3.DatabaseError:
        path.replace(path.with_name(path.name + ".damaged"))
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        return _open(path, group)


def _open(path: Path, group: int) -> sqlite3.Connection:
    share(path, group)  # first: what SQLite makes beside it gets the same rights
    for rest in ("-wal", "-shm"):
        if (beside := path.with_name(path.name + rest)).exists():
            share(beside, group)
    database = sqlite3.connect(path, isolation_level=None, timeout=2.0, check_same_thread=False)
    try:
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")  # else a power cut takes every batch since the last checkpoint
        database.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        database.execute(f"PRAGMA journal_size_limit = {4 * CHECKPOINT_PAGES * PAGE_BYTES}")
        database.executescript(SCHEMA)
        for addition in additions(columns(database)):
            database.execute(addition)
    except sqlite3.Error:
        database.close()
        raise
    return database
