"""One device out of the ledger: piece by piece, so that others' flows are written in between, and without a trace in its file.

What SQLite deletes stays in the file until the place is used again, and so does what was pruned long ago. Therefore what is
deleted here is overwritten (``secure_delete``), and at the end the file is made anew (``VACUUM``). Its schema has another
number then, which tells those who keep sums of it. What a card keeps of blocks written before, nobody can reach.
"""

import sqlite3
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress

from gateway.model.command import Erase
from gateway.model.mention import without

PIECE_FLOWS = 20_000
PIECE_MINUTES = 1_440
MAX_CHECKPOINTS = 100
"""Tries to empty the log of what was written: somebody who reads puts it off."""
_ITS = "judgement IN (SELECT id FROM judgement WHERE device = ?)"


def erase(database: sqlite3.Connection, wanted: Erase, *, wall: Callable[[], float] = time.time) -> Generator[None]:
    """Yields between pieces, each of which is whole. ``sqlite3.Error`` where the medium refuses; then it can be begun again."""
    minute = int(wall() // 60)  # what was put before is written by now
    before = int(database.execute("PRAGMA secure_delete").fetchone()[0])  # some builds do it always
    database.execute("PRAGMA secure_delete = ON").fetchall()
    try:
        names = {wanted.mac, *wanted.names, *_called(database, wanted.mac)}
        yield from _flows(database, wanted)
        yield from _totals(database, wanted.mac, minute)
        _judgements(database, wanted)
        yield
        yield from _sentences(database, without(names))
        database.execute("VACUUM").fetchall()
        yield
        yield from _empty_log(database)
    finally:
        with suppress(sqlite3.Error):  # whoever ends it early may have closed the file
            database.execute(f"PRAGMA secure_delete = {before}").fetchall()


def _called(database: sqlite3.Connection, mac: str) -> list[str]:
    return [row[0] for row in database.execute("SELECT DISTINCT device_id FROM judgement WHERE device = ?", (mac,)) if row[0]]


def _flows(database: sqlite3.Connection, wanted: Erase) -> Iterator[None]:
    at = 0
    while at < wanted.last:
        query = "SELECT flow_id FROM flow WHERE flow_id > ? ORDER BY flow_id LIMIT 1 OFFSET ?"
        found = database.execute(query, (at, PIECE_FLOWS - 1)).fetchone()
        end = min(wanted.last, found[0]) if found else wanted.last
        database.execute(f"DELETE FROM flow WHERE flow_id > ? AND flow_id <= ? AND {_ITS}", (at, end, wanted.mac)).fetchall()
        at = end
        yield


def _totals(database: sqlite3.Connection, mac: str, minute: int) -> Iterator[None]:
    first = database.execute("SELECT min(minute) FROM total").fetchone()[0]
    for at in range(minute if first is None else min(first, minute), minute + 1, PIECE_MINUTES):
        end = min(at + PIECE_MINUTES, minute + 1)
        query = "DELETE FROM total WHERE minute >= ? AND minute < ? AND device = ?"
        database.execute(query, (at, end, mac)).fetchall()
        yield


def _judgements(database: sqlite3.Connection, wanted: Erase) -> None:
    """All but those of what it has done since: it is somebody new by then."""
    query = "DELETE FROM judgement WHERE device = ? AND id NOT IN (SELECT judgement FROM flow WHERE flow_id > ?)"
    database.execute(query, (wanted.mac, wanted.last)).fetchall()


def _sentences(database: sqlite3.Connection, say: Callable[[str], str]) -> Iterator[None]:
    """What is told of others, without its names."""
    rows = database.execute("SELECT id, reason FROM judgement WHERE reason != ''").fetchall()
    for number, reason in rows:
        if (other := say(reason)) != reason:
            database.execute("UPDATE judgement SET reason = ? WHERE id = ?", (other, number)).fetchall()
            yield


def _empty_log(database: sqlite3.Connection) -> Iterator[None]:
    for _ in range(MAX_CHECKPOINTS):
        if not database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            return
        yield
    raise sqlite3.OperationalError("somebody reads the ledger all the time, so its log cannot be emptied")
