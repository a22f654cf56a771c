"""Sums of the ledger by the hour, kept: what is over is read once, the last hours again when somebody looks.

Every page that counts something counts it from here, so that all of them show the same numbers. Days begin at the household's
midnight, in zones that are not whole hours from UTC at the hour before it.
"""

import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.edge.ledger_reader import LedgerReader, LedgerTotal
from gateway.model.record import FlowRecord

T = TypeVar("T")
HOUR_S = 3_600
WEEK_HOURS = 7 * 24
MAX_HOURS = WEEK_HOURS + 25
FRESH_S = 2.0
OPEN_HOURS = 2
"""Rows are written up to five minutes late, and flows revised: an hour is over when the next one is."""
NAMES_S = 300.0


@dataclass(slots=True)
class Sum:
    """Of anything."""

    passed: int = 0
    """Flows that left."""
    stopped: int = 0
    """Tries that did not."""
    bytes_out: int = 0
    bytes_in: int = 0
    held_bytes: int = 0
    """Payload that was kept at home."""

    def add(self, total: LedgerTotal) -> None:
        """Count a line of the ledger."""
        if total.effect == "pass":
            self.passed += total.flows
        else:
            self.stopped += total.attempts
            self.held_bytes += total.held_bytes
        self.bytes_out += total.bytes_out
        self.bytes_in += total.bytes_in

    def merge(self, other: "Sum") -> None:
        """Count another sum."""
        self.passed += other.passed
        self.stopped += other.stopped
        self.bytes_out += other.bytes_out
        self.bytes_in += other.bytes_in
        self.held_bytes += other.held_bytes


Sums = dict[tuple[str, str], Sum]
"""(device's MAC, purpose) -> sum."""


class Books:
    """One ledger, read only. A ledger that is not there yet is an empty one."""

    def __init__(
        self, path: Path, *, wall: Callable[[], float] = time.time, mono: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._wall, self._mono = wall, mono
        self._lock = threading.Lock()
        self._hours: OrderedDict[int, Sums] = OrderedDict()
        self._read_at = float("-inf")
        self._kept: tuple[float, list[tuple[str, str, str]]] = (float("-inf"), [])
        self.trouble = ""
        """Why nothing could be read, the last time."""

    @property
    def now(self) -> float:
        """Wall time."""
        return self._wall()

    def today(self, zone: str) -> Sums:
        """Since the household's midnight."""
        return self.since(midnight(self.now, zone))

    def week(self) -> Sums:
        """The last seven days."""
        return self.since(self.now - WEEK_HOURS * HOUR_S)

    def since(self, wall: float) -> Sums:
        """From the hour of a time on, at most eight days back."""
        found: Sums = {}
        with self._lock:
            self._refresh()
            for hour, sums in self._hours.items():
                if hour >= int(wall // HOUR_S):
                    for key, one in sums.items():
                        found.setdefault(key, Sum()).merge(one)
        return found

    def hourly(self, device: str, hours: int = 24) -> list[tuple[int, Sum]]:
        """A device's last hours, oldest first: (wall time at which it began, all purposes together)."""
        last = int(self.now // HOUR_S)
        with self._lock:
            self._refresh()
            return [
                (hour * HOUR_S, _of_device(self._hours.get(hour, {}), device)) for hour in range(last - hours + 1, last + 1)
            ]  # fmt: skip

    def kept_names(self) -> list[tuple[str, str, str]]:
        """(MAC, purpose, name) of a week: what was not let out, and where it wanted to go. At most five minutes old."""
        with self._lock:
            at, names = self._kept
            if self._mono() - at >= NAMES_S:
                names = self._read(lambda reader: reader.kept_names(self.now - WEEK_HOURS * HOUR_S), [])
                self._kept = (self._mono(), names)
            return names

    def flows(self, **wanted: object) -> list[FlowRecord]:
        """``LedgerReader.flows``, newest first."""
        return self._read(lambda reader: reader.flows(**wanted)[::-1], [])  # type: ignore[arg-type]

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

    def _refresh(self) -> None:
        """Read the hours that are not over, and at first all of the week. Under the lock."""
        if self._mono() - self._read_at < FRESH_S:
            return
        last = int(self.now // HOUR_S)
        first = last - MAX_HOURS if not self._hours else max(last - MAX_HOURS, min(last - OPEN_HOURS, max(self._hours)))
        read = self._read(lambda reader: reader.hours(first * HOUR_S, (last + 2) * HOUR_S), None)
        self._read_at = self._mono()
        if read is None:
            return
        for hour in range(first, last + 2):
            self._hours[hour] = _sums(read.get(hour, ()))
        for hour in [hour for hour in self._hours if hour < last - MAX_HOURS or hour > last + 1]:
            del self._hours[hour]

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


def total_of(sums: Sums, *, device: str | None = None) -> Sum:
    """Of all, or of one device."""
    whole = Sum()
    for (mac, _), one in sums.items():
        if device in (None, mac):
            whole.merge(one)
    return whole


def _sums(totals: Iterable[LedgerTotal]) -> Sums:
    found: Sums = {}
    for total in totals:
        found.setdefault((total.device, total.purpose), Sum()).add(total)
    return found


def _of_device(sums: Sums, device: str) -> Sum:
    return total_of(sums, device=device)
