"""``panel.json``: accounts, sessions, throttled addresses – what the panel must not forget, and nobody else may read.

The file is the gateway's crash-safe kind, with mode 0600. It is read once: this process is its only writer, and what it has
in memory counts. What is worth a fault when it cannot be written (``put``) is told apart from what is not (``try_put``):
with a full card the household still gets in."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from threading import RLock
from typing import Any

from gateway.edge.disk import Disk, LocalDisk
from gateway.edge.store import Store

_SECRET_BYTES = 32


class PrivateDisk(LocalDisk):
    """The file system, for what only its owner may read."""

    def write(self, path: Path, data: bytes) -> None:
        """Make the file anew with mode 0600, whatever one of that name had."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(data)


class Keep:
    """The tables in memory and on the disk; every method may be called from any thread."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        """Read ``path``. OSError where that cannot be done."""
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self.path = path
        self._store = Store(path, disk or PrivateDisk())
        self._lock = RLock()
        self._state = self._store.read()
        self.is_lost = not self._state and bool(self._store.damage)
        """There was a file, and neither it nor the one before can be read: the box had an owner who is not known any more."""
        self.secret = self._read_secret()
        """What cookies and tokens are signed with."""

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table, as a copy."""
        with self._lock:
            return [dict(row) for row in self._state.get(table, ())]

    def put(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Replace a table. OSError where it cannot be written: then it is what it was."""
        with self._lock:
            after = self._state | {table: [dict(row) for row in rows]}
            self._store.write(after)
            self._state = after

    def try_put(self, table: str, rows: Iterable[dict[str, Any]]) -> bool:
        """Replace a table in memory, and on the disk if that goes: False if not."""
        with self._lock:
            self._state = self._state | {table: [dict(row) for row in rows]}
            try:
                self._store.write(self._state)
            except OSError:
                return False
            return True

    def _read_secret(self) -> bytes:
        found = self._state.get("secret")
        if isinstance(found, str) and len(found) == 2 * _SECRET_BYTES:
            return bytes.fromhex(found)
        secret = secrets.token_bytes(_SECRET_BYTES)
        self._state = self._state | {"secret": secret.hex()}
        return secret  # written with the first table: an untouched box leaves no file
