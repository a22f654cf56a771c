"""The ledger, read: read-only, by any number of processes beside the one that writes it."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gateway.model.record import FlowRecord

from .ledger_schema import FIND_FLOW, READ_HOURS, READ_KEPT, READ_TOTALS, columns, read_flows, record_of


def newest_flow_id(path: Path) -> int:
    """The largest flow id of a ledger, 0 where none can be read. The next life goes on after it, whatever its clock shows."""
    try:
        reader = LedgerReader(path)
    except OSError:
        return 0
    with contextlib.closing(reader), contextlib.suppress(sqlite3.Error):
        return reader.last_flow_id()
    return 0


def _connect(path: Path) -> sqlite3.Connection:
    """Open for reading. Beside no writer the file stands alone: who may not make its companions reads it as it is."""
    is_alone = not path.with_name(path.name + "-wal").exists()
    for mode in ("mode=ro", "mode=ro&immutable=1") if is_alone else ("mode=ro",):
        database = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=2.0)
        try:
            database.execute("SELECT 1 FROM flow LIMIT 1").close()
        except sqlite3.Error as err:
            database.close()
            fault = err
        else:
            return database
    raise fault


_TEXTS = {
    "device": "? IN (device, device_id)",
    "purpose": "purpose = ?",
    "stopped": "(effect != 'pass') = ?",
    "granted": "grant = ?",
}  # fmt: skip
"""What can be asked of the texts, and how."""


def told(**wanted: object) -> dict[str, object]:
    """Those of ``device`` (MAC or id), ``purpose``, ``stopped`` and ``granted`` that were asked for."""
    return {key: value for key, value in wanted.items() if value is not None}


def _listed(numbers: Iterable[int]) -> str:
    """For ``IN``: numbers of ours, as many as there are."""
    return ",".join(str(int(number)) for number in numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTotal:
    """A roll-up over a span of time."""

    device: str
    purpose: str
    effect: str
    attempts: int
    flows: int
    bytes_out: int
    bytes_in: int
    held_bytes: int


class LedgerReader:
    """The reading side: read-only, any number of them beside the writer. OSError if there is no ledger to read."""

    def __init__(self, path: Path) -> None:
        try:
            self._database = _connect(path)
            self._read_flows = read_flows(columns(self._database))
        except sqlite3.Error as err:
            raise OSError(f"the ledger {path} cannot be read: {err}") from err

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def flows(
        self,
        since: float = 0.0,
        *,
        device: str | None = None,
        purpose: str | None = None,
        stopped: bool | None = None,
        granted: str | None = None,
        limit: int = 100,
        after: int = 0,
        before: int = 0,
    ) -> list[FlowRecord]:
        """The last ``limit`` flows, oldest first; with ``after`` (a flow id) the first that follow it, with ``before`` the
        last that precede it. By MAC or device id; ``stopped``: those that left or not; ``granted``: what let them pass."""
        wanted = told(device=device, purpose=purpose, stopped=stopped, granted=granted)
        started = round(since * 1e6) or None
        numbers = {"f.flow_id > ?": after or None, "f.flow_id < ?": before or None, "f.started >= ?": started}
        given = {clause: value for clause, value in numbers.items() if value is not None}
        clauses = [*given]
        if wanted:  # texts are written once for all flows that were judged alike: few rows to look through
            judged = self.judgements(**wanted)
            if not judged:
                return []
            clauses.append(f"f.judgement IN ({_listed(judged)})")
        where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
        order = "ASC" if after else "DESC"
        query = f"{self._read_flows}{where} ORDER BY f.flow_id {order} LIMIT ?"
        rows = self._database.execute(query, (*given.values(), limit)).fetchall()
        return [record_of(row) for row in (rows if after else reversed(rows))]

    def judgements(self, **wanted: object) -> list[int]:
        """The ids of the texts that ``told`` asks for."""
        clauses = " AND ".join(_TEXTS[key] for key in wanted)
        return [row[0] for row in self._database.execute(f"SELECT id FROM judgement WHERE {clauses}", (*wanted.values(),))]

    def judged(self, judgements: Iterable[int], first: int, end: int, limit: int) -> list[FlowRecord]:
        """Flows with these texts and ids ``first`` … ``end`` - 1: the last ``limit``, newest first."""
        where = f"f.flow_id >= ? AND f.flow_id < ? AND f.judgement IN ({_listed(judgements)})"
        query = f"{self._read_flows} WHERE {where} ORDER BY f.flow_id DESC LIMIT ?"
        return [record_of(row) for row in self._database.execute(query, (first, end, limit))]

    def judged_by(self, after: int) -> Iterator[tuple[int, int]]:
        """(flow id, its text's id), of all flows that follow an id."""
        return self._database.execute("SELECT flow_id, judgement FROM flow WHERE flow_id > ? ORDER BY flow_id", (after,))

    def flow(self, flow_id: int) -> FlowRecord | None:
        """One flow by its id, while its detail is kept."""
        row = self._database.execute(f"{self._read_flows} WHERE f.flow_id = ?", (flow_id,)).fetchone()
        return record_of(row) if row else None

    def totals(self, since: float = 0.0) -> list[LedgerTotal]:
        """Sums by device (MAC), purpose and effect, from the minute (past the days of detail: the hour) of ``since`` on."""
        names = LedgerTotal.__slots__
        rows = self._database.execute(READ_TOTALS, (int(since // 60),)).fetchall()
        return [LedgerTotal(**dict(zip(names, row, strict=True))) for row in rows]

    def hours(self, since: float, until: float) -> dict[int, list[LedgerTotal]]:
        """Sums by the hour: hours since 1970 -> by device (MAC), purpose and effect, of the minutes ``since`` … ``until``."""
        names = LedgerTotal.__slots__
        found: dict[int, list[LedgerTotal]] = {}
        for hour, *row in self._database.execute(READ_HOURS, (int(since // 60), int(until // 60))):
            found.setdefault(hour, []).append(LedgerTotal(**dict(zip(names, row, strict=True))))
        return found

    def kept_names(self) -> list[tuple[int, str, str, str]]:
        """(text's id, device's MAC, purpose, server name) of what was not let out, as long as any of it is kept."""
        return self._database.execute(READ_KEPT).fetchall()

    def first_flow_id(self, since: float) -> int:
        """The first id from a time on: ids rise with time, so it is looked for by halves."""
        low, high = self.span()
        high += 1
        while low < high:
            middle = (low + high) // 2
            found = self._database.execute(FIND_FLOW, (middle,)).fetchone()
            if found is None or found[1] >= since * 1e6:
                high = middle
            else:
                low = found[0] + 1
        return int(low)

    def last_flow_id(self) -> int:
        """The highest id so far; 0 in an empty ledger."""
        return self.span()[1]

    def making(self) -> int:
        """Another number once the file was made anew, because a device was forgotten: what was read before is no more."""
        return int(self._database.execute("PRAGMA schema_version").fetchone()[0])

    def span(self) -> tuple[int, int]:
        """(the lowest, the highest id); zeros in an empty ledger."""
        lowest, highest = (self._database.execute(f"SELECT {end}(flow_id) FROM flow").fetchone()[0] for end in ("min", "max"))
        return lowest or 0, highest or 0

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
