"""How much of what left a home the catalogue can explain: flows, bytes and names, and what it cannot."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from gateway.edge.ledger_reader import LedgerReader
from gateway.engine.replay import is_home
from gateway.model.purpose import Purpose
from gateway.model.record import PROTO_NAMES, FlowRecord

UNEXPLAINED = frozenset({Purpose.UNKNOWN, Purpose.DIRECT_ADDRESS})
SQLITE = b"SQLite format 3\0"
PAGE_ROWS = 5_000
MAX_NAMES = 100_000
"""Names kept apart; what comes after them is one line."""


@dataclass(slots=True)
class Line:
    """All flows to one name, or to one address that has none."""

    name: str
    why: str = ""
    named: bool = True
    """False: an address that no name led to."""
    flows: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    profiles: Counter[str] = field(default_factory=Counter)

    def json(self) -> dict[str, Any]:
        """As a plain mapping."""
        return {
            "name": self.name, "why": self.why, "flows": self.flows, "bytes_out": self.bytes_out, "bytes_in": self.bytes_in,
            "profiles": sorted(self.profiles),
        }  # fmt: skip


@dataclass(slots=True)
class Share:
    """So much of so much."""

    explained: int = 0
    total: int = 0

    def add(self, amount: int, *, explained: bool) -> None:
        """Count it."""
        self.total += amount
        self.explained += amount if explained else 0

    def json(self) -> dict[str, Any]:
        """As a plain mapping; the share of nothing is unknown."""
        return {"explained": self.explained, "total": self.total, "share": self.share}

    @property
    def share(self) -> float | None:
        """0 … 1."""
        return round(self.explained / self.total, 4) if self.total else None


class Coverage:
    """Gathers records. What stays in the home is counted apart: there is nothing to explain."""

    def __init__(self) -> None:
        self.flows, self.bytes_out, self.bytes_in = Share(), Share(), Share()
        self.at_home = 0
        self.purposes: Counter[str] = Counter()
        self._lines: dict[tuple[str, bool], Line] = {}

    def add(self, record: FlowRecord) -> None:
        """Count one flow."""
        if record.purpose == Purpose.LOCAL or (is_home(record.src) and is_home(record.dst)):
            self.at_home += 1
            return
        explained = record.purpose not in UNEXPLAINED
        self.flows.add(1, explained=explained)
        self.bytes_out.add(record.bytes_toserver, explained=explained)
        self.bytes_in.add(record.bytes_toclient, explained=explained)
        self.purposes[record.purpose] += 1
        self._count(record, explained=explained)

    def _count(self, record: FlowRecord, *, explained: bool) -> None:
        name = "" if _is_literal(record.server_name) else record.server_name
        key = (name or _address(record), explained)
        if key not in self._lines and len(self._lines) >= MAX_NAMES:
            key = ("all others", explained)
        why = "" if explained else record.reason.partition("; ")[0]
        line = self._lines.setdefault(key, Line(key[0], why, named=bool(name)))
        line.flows += 1
        line.bytes_out += record.bytes_toserver
        line.bytes_in += record.bytes_toclient
        line.profiles[record.profile] += 1

    def names(self) -> Share:
        """Of the names that flows carried or DNS bound: explained are those that every flow to them was explained for."""
        found: dict[str, bool] = {}
        for (name, explained), line in self._lines.items():
            if line.named:
                found[name] = found.get(name, True) and explained
        return Share(explained=sum(found.values()), total=len(found))

    def unexplained(self) -> list[Line]:
        """Most bytes first."""
        lines = (line for (_, explained), line in self._lines.items() if not explained)
        return sorted(lines, key=lambda line: (-(line.bytes_out + line.bytes_in), -line.flows, line.name))

    def json(self) -> dict[str, Any]:
        """As a plain mapping; the unexplained names come first."""
        return {
            "unexplained": [line.json() for line in self.unexplained()],
            "flows": self.flows.json(),
            "bytes_out": self.bytes_out.json(),
            "bytes_in": self.bytes_in.json(),
            "names": self.names().json(),
            "at_home": self.at_home,
            "purposes": dict(self.purposes.most_common()),
        }


def is_ledger(path: Path) -> bool:
    """A file of SQLite; ``OSError`` where it cannot be read."""
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def read_ledger(path: Path) -> Iterator[FlowRecord]:
    """Every flow of a ledger, a page at a time; ``OSError`` where there is none to read, or from where on it is damaged."""
    reader = LedgerReader(path)
    try:
        after = -1  # before the first of them
        while page := reader.flows(after=after, limit=PAGE_ROWS):
            yield from page
            after = page[-1].flow_id
    except (sqlite3.Error, ValueError, TypeError) as err:
        raise OSError(f"the ledger is damaged: {err}") from err
    finally:
        reader.close()


def _is_literal(name: str | None) -> bool:
    """A hello that names an address names nobody."""
    try:
        return bool(ip_address(name or ""))
    except ValueError:
        return name is None


def _address(record: FlowRecord) -> str:
    host = ip_address(record.src if is_home(record.dst) else record.dst)
    proto = PROTO_NAMES.get(record.proto, str(record.proto)).lower()
    return f"{f'[{host}]' if host.version == 6 else host}:{record.dport}/{proto}"
