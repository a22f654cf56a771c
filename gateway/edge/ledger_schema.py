"""The ledger's tables: rows written often are small, text that repeats is written once.

``flow``       a row of numbers per flow, keyed by its id (ids rise with time, so that rows are written side by side)
``judgement``  the text of it – device, name, purpose, rule, reason – shared by all flows that were judged alike
``total``      roll-ups by minute, device, purpose and effect; by hour once the minutes are older than the detail

A ledger of an earlier version lacks columns: whoever writes adds them, whoever only reads takes them for not known.
"""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_address
from operator import attrgetter
from typing import Any

from gateway.model.record import FlowRecord

VERSION = 2
NUMBERS = (
    "flow_id", "started", "proto", "src", "sport", "dst", "dport",
    "bytes_toserver", "bytes_toclient", "pkts_toserver", "pkts_toclient", "held_bytes", "attempts",
    "judged_toserver", "judged_toclient",
)  # fmt: skip
TEXTS = tuple(name for name in FlowRecord._fields if name not in NUMBERS)
_COLUMNS = {"flow": (*NUMBERS, "judgement"), "judgement": ("id", *TEXTS)}
_LISTS = ("names", "also", "alpn", "weighed")
_FLAGS = ("mixed", "ech", "local", "lookup")
_UNKNOWN = {name: default for name, default in FlowRecord._field_defaults.items() if default is not None}
_read_numbers, _read_texts = attrgetter(*NUMBERS), attrgetter(*TEXTS)

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS flow (
    flow_id INTEGER PRIMARY KEY, started INTEGER, {", ".join(NUMBERS[2:])}, judgement INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS judgement (id INTEGER PRIMARY KEY, {", ".join(TEXTS)});
CREATE TABLE IF NOT EXISTS total (
    minute INTEGER, device TEXT, purpose TEXT, effect TEXT,
    attempts INTEGER NOT NULL, flows INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
    held_bytes INTEGER NOT NULL,
    PRIMARY KEY (minute, device, purpose, effect)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""
READ_OLD = (
    "SELECT j.device, j.purpose, j.effect, f.attempts, f.bytes_toserver, f.bytes_toclient, f.held_bytes"
    " FROM flow f JOIN judgement j ON j.id = f.judgement WHERE f.flow_id = ?"
)
NEWEST = "SELECT coalesce(max(flow_id), 0) FROM flow"
PUT_FLOW, PUT_JUDGEMENT = (
    f"INSERT OR {otherwise} INTO {table} ({', '.join(_COLUMNS[table])}) VALUES ({', '.join('?' * len(_COLUMNS[table]))})"
    for table, otherwise in (("flow", "REPLACE"), ("judgement", "IGNORE"))
)
_COUNTS = ("attempts", "flows", "bytes_out", "bytes_in", "held_bytes")
ADD_TOTAL = (
    "INSERT INTO total VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in _COUNTS)
)
FOLD_HOURS = (
    "INSERT INTO total SELECT minute / 60 * 60, device, purpose, effect, "
    + ", ".join(f"sum({name})" for name in _COUNTS)
    + " FROM total WHERE minute < ? AND minute % 60 GROUP BY 1, 2, 3, 4 ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in _COUNTS)
)
_SUMS = ", ".join(f"sum({name})" for name in _COUNTS)
READ_TOTALS = f"SELECT device, purpose, effect, {_SUMS} FROM total WHERE minute >= ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
READ_HOURS = (
    f"SELECT minute / 60, device, purpose, effect, {_SUMS} FROM total WHERE minute >= ? AND minute < ? GROUP BY 1, 2, 3, 4"
)
READ_KEPT = "SELECT id, device, purpose, server_name FROM judgement WHERE effect != 'pass' AND server_name IS NOT NULL"
FIND_FLOW = "SELECT flow_id, started FROM flow WHERE flow_id >= ? ORDER BY flow_id LIMIT 1"


def columns(database: sqlite3.Connection) -> dict[str, list[str]]:
    """Of its tables."""
    return {table: [row[1] for row in database.execute(f"PRAGMA table_info({table})")] for table in _COLUMNS}


def additions(known: Mapping[str, Collection[str]]) -> Iterator[str]:
    """The statements that make an older ledger one of this version. ``known``: the columns that its tables have."""
    for table, columns in _COLUMNS.items():
        yield from (f"ALTER TABLE {table} ADD COLUMN {name}" for name in columns if name not in known[table])


def read_flows(known: Mapping[str, Collection[str]]) -> str:
    """What reads flows from tables with these columns."""
    numbers = (f"f.{name}" if name in known["flow"] else "NULL" for name in NUMBERS)
    texts = (f"j.{name}" if name in known["judgement"] else "NULL" for name in TEXTS)
    return f"SELECT {', '.join((*numbers, *texts))} FROM flow f JOIN judgement j ON j.id = f.judgement"


def rows_of(record: FlowRecord) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """(row of ``flow``, row of ``judgement``)."""
    judgement = _judgement(_read_texts(record))
    number, _, *others = _read_numbers(record)
    return (number, round(record.started * 1_000_000), *others, judgement[0]), judgement


@lru_cache(maxsize=4_096)
def _judgement(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The row of these texts: gadgets are judged alike all day, so it is made once."""
    texts = tuple(_plain(value) for value in values)
    digest = hashlib.blake2b(repr(texts).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1, *texts)


def record_of(row: tuple[Any, ...]) -> FlowRecord:
    """A row of ``read_flows`` as the record it was. ValueError if it is none."""
    values: dict[str, Any] = dict(zip(NUMBERS + TEXTS, row, strict=True))
    values |= {name: _UNKNOWN.get(name) for name, value in values.items() if value is None}
    values["started"] = values["started"] / 1_000_000
    for name in _FLAGS:
        values[name] = bool(values[name])
    for name in _LISTS:
        values[name] = _list(values[name] or "[]")
    ip_address(values["src"])
    return FlowRecord(**values)


@lru_cache(maxsize=4_096)
def _list(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, tuple) else value
