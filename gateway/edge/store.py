"""``state.json``: what the gateway saw or was told for a while, in TinyDB tables that survive a power cut.

Each write makes a whole new file beside the old one and renames it into place; the one before stays as ``state.json.old``. A
checksum tells a whole file from a damaged one, so that reading finds the last good state whatever happened in between.
"""

import json
import zlib
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.middlewares import CachingMiddleware
from tinydb.storages import Storage

from .disk import Disk, LocalDisk

_VALUES = "values"
"""The table of all values that are no lists of objects; each of those is a table of its own."""


class SafeStorage(Storage):
    """TinyDB's tables in one file: ``{"crc32":"…","tables":{…}}``."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk
        self._old = path.with_name(path.name + ".old")
        self._is_good: bool | None = None
        """The file in place is whole: only then may it become the old one. None: nobody has looked."""
        self.damage = ""
        """What was wrong with the file when it was last read."""

    def read(self) -> dict[str, dict[str, Any]] | None:
        """The tables of the last good file, or None."""
        raw = self._disk.read(self._path)
        tables = decode(raw)
        self._is_good = tables is not None
        self.damage = f"{self._path} is damaged; went on from {self._old.name}" if raw is not None and tables is None else ""
        return tables if tables is not None else decode(self._disk.read(self._old))

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replace the file: whoever reads later finds either all of this, or all of what was before."""
        if self._is_good is None:
            self.read()
        is_good, self._is_good = self._is_good, None  # a step that fails may leave no file in place
        new = self._path.with_name(self._path.name + ".new")
        self._disk.write(new, encode(data))
        self._disk.sync(new)
        if is_good:
            self._disk.rename(self._path, self._old)
        self._disk.rename(new, self._path)
        self._disk.sync(self._path.parent)
        self._is_good = True


def encode(tables: dict[str, dict[str, Any]]) -> bytes:
    """The file's bytes. ValueError or TypeError where a value is no JSON."""
    body = json.dumps(tables, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return b'{"crc32":"%08x","tables":%b}\n' % (zlib.crc32(body), body)


def decode(raw: bytes | None) -> dict[str, dict[str, Any]] | None:
    """The tables, or None if the bytes are not whole."""
    if raw is None or not raw.startswith(b'{"crc32":"') or raw[18:29] != b'","tables":' or raw[-2:] != b"}\n":
        return None
    body = raw[29:-2]
    if raw[10:18] != b"%08x" % zlib.crc32(body):
        return None
    tables: dict[str, dict[str, Any]] = json.loads(body)
    return tables


class Store:
    """A state of plain values, written and read as a whole."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._storage = SafeStorage(path, disk or LocalDisk())

    @property
    def damage(self) -> str:
        """What was wrong with the file when it was last read; empty if nothing."""
        return self._storage.damage

    def read(self) -> dict[str, Any]:
        """The last good state; empty if there is none."""
        with TinyDB(storage=lambda: self._storage) as database:
            found: dict[str, Any] = {row["key"]: row["value"] for row in database.table(_VALUES)}
            for name in database.tables() - {_VALUES}:
                found[name] = [dict(row) for row in database.table(name)]
            return found

    def write(self, state: dict[str, Any], *, alone: bool = False) -> None:
        """Replace the state. OSError if the medium refuses: what was there before still is. ``alone``: the one before goes."""
        self._put(state)
        if alone:
            self._put(state)  # it stays as the old one

    def _put(self, state: dict[str, Any]) -> None:
        cache = CachingMiddleware(lambda: self._storage)  # type: ignore[no-untyped-call]
        cache.WRITE_CACHE_SIZE = len(state) + 3  # the cache is the transaction: one write of the file, at the end
        with TinyDB(storage=cache) as database:
            database.drop_tables()
            tables = {key: value for key, value in state.items() if _is_table(value) and key != _VALUES}
            for name, rows in tables.items():
                database.table(name).insert_multiple(rows)
            others = [{"key": key, "value": value} for key, value in state.items() if key not in tables]
            database.table(_VALUES).insert_multiple(others)


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
