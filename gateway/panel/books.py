"""Sums of the ledger by the hour, kept: what is over is read once, the last hours again when somebody looks.

Every page that counts something counts it from here, so that all of them show the same numbers. Days begin at the household's
midnight, in zones that are not whole hours from UTC at the hour before it.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.edge.ledger_reader import LedgerReader, LedgerTotal, told
from gateway.model.record import FlowRecord

from .finder import Finder
from .shelf import Shelf, Sum, Sums, by_device, total_of

__all__ = ["Books", "Sum", "Sums", "by_device", "midnight", "total_of"]

T = TypeVar("T")
HOUR_S = 3_600
WEEK_HOURS = 7 * 24
MAX_HOURS = WEEK_HOURS + 25
FRESH_S = 2.0
LATE_MINUTES = 5
"""Sums go to the minute in which they are written, so those of an earlier one stay; these many are read anew all the same."""


class Books:
    """One ledger, read only. A ledger that is not there yet is an empty one."""

    def __init__(
        self, path: Path, *, wall: Callable[[], float] = time.time, mono: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._wall, self._mono = wall, mono
        self._lock = threading.Lock()
        self._shelf = Shelf()
        self._open: dict[int, Sums] = {}
        """Hours that are not over: what cannot change any more."""
        self._fresh: dict[int, Sums] = {}
        """The last minutes, by the hour: read anew each time."""
        self._settled = 0
        """The minute from which on they are."""
        self._read_at = float("-inf")
        self._ledger = 0
        """Which one it was (``LedgerReader.making``)."""
        self._finder = Finder(mono=mono)
        self._making = threading.Lock()
        self.trouble = ""
        """Why nothing could be read, the last time."""

    @property
    def now(self) -> float:
        """Wall time."""
        return self._wall()

    @property
    def unread(self) -> str:
        """Why people miss something here; empty where there is no ledger yet, since nothing happened."""
        return self.trouble if self._settled or self._path.exists() else ""

    def warm(self) -> None:
        """Read what the first page would have to wait for."""
        self.since(self.now)
        self._read(self._finder.make, None)

    def today(self, zone: str) -> Sums:
        """Since the household's midnight."""
        return self.since(midnight(self.now, zone))

    def week(self) -> Sums:
        """The last seven days."""
        return self.since(self.now - WEEK_HOURS * HOUR_S)

    def since(self, wall: float) -> Sums:
        """From the hour of a time on, at most eight days back."""
        first = int(wall // HOUR_S)
        with self._lock:
            self._refresh()
            found = self._shelf.since(first)
            for hours in (self._open, self._fresh):
                for hour, sums in hours.items():
                    if hour >= first:
                        _merge(found, sums)
        return found

    def hourly(self, device: str, hours: int = 24) -> list[tuple[int, Sum]]:
        """A device's last hours, oldest first: (wall time at which it began, all purposes together)."""
        last = int(self.now // HOUR_S)
        with self._lock:
            self._refresh()
            return [(hour * HOUR_S, self._hour(hour, device)) for hour in range(last - hours + 1, last + 1)]

    def kept_names(self) -> list[tuple[str, str, str]]:
        """(MAC, purpose, name) of a week: what was not let out, and where it wanted to go."""
        return self._read(self._kept_names, [])

    def flows(
        self,
        since: float = 0.0,
        *,
        device: str | None = None,
        purpose: str | None = None,
        stopped: bool | None = None,
        granted: str | None = None,
        limit: int = 100,
        before: int = 0,
    ) -> list[FlowRecord]:
        """The last ``limit`` flows, newest first; with ``before`` (a flow id) those that precede it. By MAC or device id."""
        wanted = told(device=device, purpose=purpose, stopped=stopped, granted=granted)

        def look(reader: LedgerReader) -> list[FlowRecord]:
            if not wanted:
                return reader.flows(since, before=before, limit=limit)[::-1]
            floor = reader.first_flow_id(since) if since else 0
            return self._finder.flows(reader, reader.judgements(**wanted), before=before, floor=floor, limit=limit)

        if wanted and self._finder.is_old:
            self._make_again()
        return self._read(look, [])

    def flow(self, flow_id: int) -> FlowRecord | None:
        """One flow, while its detail is kept."""
        return self._read(lambda reader: reader.flow(flow_id), None)

    def names(self, device: str, limit: int = 400) -> list[tuple[str, str, str, int]]:
        """A device's last flows by where they went: (name or address, purpose, effect, tries), most first."""
        counts: dict[tuple[str, str, str], int] = {}
        for record in self.flows(device=device, limit=limit):
            key = (record.server_name or "", record.purpose, record.effect)
            counts[key] = counts.get(key, 0) + record.attempts
        return sorted(((*key, count) for key, count in counts.items()), key=lambda row: -row[3])

    def _kept_names(self, reader: LedgerReader) -> list[tuple[str, str, str]]:
        kept = reader.kept_names()
        self._finder.learn(reader)
        still = self._finder.occurs([row[0] for row in kept], reader.first_flow_id(self.now - WEEK_HOURS * HOUR_S))
        return list(dict.fromkeys((device, purpose, name) for one, device, purpose, name in kept if one in still))

    def _make_again(self) -> None:
        """In a thread of its own, one at a time: whoever asks now goes by what is known."""

        def make() -> None:
            try:
                self._read(self._finder.make, None)
            finally:
                self._making.release()

        if self._finder.is_made and self._making.acquire(blocking=False):
            threading.Thread(target=make, name="finder", daemon=True).start()

    def _hour(self, hour: int, device: str) -> Sum:
        whole = self._shelf.of(hour, device)
        for hours in (self._open, self._fresh):
            whole.merge(total_of(hours.get(hour, {}), device=device))
        return whole

    def _refresh(self) -> None:
        """Read the minutes that may have changed, at first all of the week. Under the lock."""
        if self._mono() - self._read_at < FRESH_S:
            return
        minute = int(self.now // 60)
        if minute < self._settled:  # the clock was set back: what was over is not
            self._shelf, self._open, self._settled = Shelf(), {}, 0
        last, settled = minute // 60, minute - LATE_MINUTES
        fresh = self._read(lambda reader: self._take(reader, settled, last), None)
        self._read_at = self._mono()
        if fresh is not None:
            self._fresh, self._settled = fresh, settled
            self._shelf.forget(last - MAX_HOURS)

    def _take(self, reader: LedgerReader, settled: int, last: int) -> dict[int, Sums]:
        """Add what has settled since the last time; the minutes after that."""
        if reader.making() != self._ledger:
            self._settled, self._ledger = 0, reader.making()
        first, self._settled = max(self._settled, (last - MAX_HOURS) * 60), 0  # where reading ends midway, all is read anew
        if not first > (last - MAX_HOURS) * 60:
            self._shelf, self._open = Shelf(), {}
        for hour, sums in _hours(reader, first, settled):
            self._put_away(min(hour, settled // 60))
            _merge(self._open.setdefault(hour, {}), sums)
        self._put_away(settled // 60)
        return dict(_hours(reader, settled, (last + 2) * 60))

    def _put_away(self, hour: int) -> None:
        """Hours before it are over."""
        for over in [one for one in self._open if one < hour]:
            self._shelf.put(over, self._open.pop(over))

    def _read(self, work: Callable[[LedgerReader], T], nothing: T) -> T:
        try:
            with LedgerReader(self._path) as reader:
                found = work(reader)
        except (OSError, sqlite3.Error) as err:
            self.trouble = str(err)
            return nothing
        self.trouble = ""
        return found


def midnight(now: float, zone: str) -> float:
    """Wall time of the day's beginning."""
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone))
    return (local - timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)).timestamp()


def _hours(reader: LedgerReader, first: int, end: int) -> Iterator[tuple[int, Sums]]:
    """Of the minutes ``first`` … ``end`` - 1. Hour by hour: sorting a week at once takes twice as long."""
    while first < end:
        until = min(end, (first // 60 + 1) * 60)
        for hour, totals in reader.hours(first * 60, until * 60).items():
            yield hour, _sums(totals)
        first = until


def _merge(into: Sums, more: Sums) -> None:
    for key, one in more.items():
        into.setdefault(key, Sum()).merge(one)


def _sums(totals: Iterable[LedgerTotal]) -> Sums:
    found: Sums = {}
    for total in totals:
        found.setdefault((total.device, total.purpose), Sum()).add(total)
    return found
