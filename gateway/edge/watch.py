"""Policy directories: tells when their files have changed and come to rest.

Editors write aside and rename, people delete directories and make them anew, and an appliance mounts one over the other:
every way counts. Where a directory is missing its nearest ancestor is watched, so that it is noticed when it comes.
"""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .inotify import (
    CLOSE_WRITE,
    CREATE,
    DELETE,
    DELETE_SELF,
    IGNORED,
    IS_DIR,
    MOVE_SELF,
    MOVED_FROM,
    MOVED_TO,
    ONLYDIR,
    OVERFLOW,
    UNMOUNT,
    Inotify,
)

SETTLE_S = 0.2
MAX_SETTLE_S = 2.0
"""Files that never come to rest are read all the same."""
LOOK_EVERY_S = 1.0
MAX_DIRECTORIES = 256
MAX_DEPTH = 3
SUFFIXES = (".yaml", ".yml")
_MASK = CLOSE_WRITE | CREATE | DELETE | MOVED_FROM | MOVED_TO | DELETE_SELF | MOVE_SELF | ONLYDIR
_LOST = DELETE_SELF | MOVE_SELF | UNMOUNT | IGNORED | OVERFLOW


class Watch:
    """Register it with a selector for reading (``receive``), and ask ``settled`` now and then."""

    def __init__(self, directories: Iterable[Path], *, mono: Callable[[], float] = time.monotonic) -> None:
        self._roots = tuple(directories)
        self._mono = mono
        self._inotify = Inotify()
        self._watches: dict[int, Path] = {}
        self._dirty_since: float | None = None
        self._touched_at = 0.0
        self._looked_at = mono()
        self._seen = self._identities()
        self._arm()

    def fileno(self) -> int:
        """For a selector."""
        return self._inotify.fileno()

    def receive(self) -> None:
        """Take what the kernel saw."""
        for change in self._inotify.read():
            directory = self._watches.get(change.watch)
            path = directory / change.name if directory else None
            if change.mask & _LOST or (change.mask & IS_DIR and self._matters(path)):
                self._arm()
                self._touch()
            elif change.name.endswith(SUFFIXES) and self._within(directory):
                self._touch()

    def settled(self) -> bool:
        """True once after each burst of changes, when it has come to rest."""
        now = self._mono()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self._look()
        if self._dirty_since is None:
            return False
        if now - self._touched_at < SETTLE_S and now - self._dirty_since < MAX_SETTLE_S:
            return False
        self._dirty_since = None
        return True

    def close(self) -> None:
        """Stop watching."""
        self._inotify.close()

    def _look(self) -> None:
        """Notice what inotify does not tell: another directory mounted over a watched one, an ancestor that was replaced."""
        identities = self._identities()
        if identities != self._seen:
            self._seen = identities
            self._arm()
            self._touch()

    def _identities(self) -> tuple[tuple[int, int] | None, ...]:
        found: list[tuple[int, int] | None] = []
        for root in self._roots:
            try:
                status = os.stat(root)
                found.append((status.st_dev, status.st_ino))
            except OSError:
                found.append(None)
        return tuple(found)

    def _touch(self) -> None:
        now = self._mono()
        self._touched_at = now
        if self._dirty_since is None:
            self._dirty_since = now

    def _within(self, directory: Path | None) -> bool:
        return directory is not None and any(directory == root or root in directory.parents for root in self._roots)

    def _matters(self, directory: Path | None) -> bool:
        """It is one of ours, or one on the way to ours."""
        return self._within(directory) or any(directory in root.absolute().parents for root in self._roots)

    def _arm(self) -> None:
        """Watch what is there now, and nothing else."""
        wanted = [path for root in self._roots for path in _tree(root)][:MAX_DIRECTORIES]
        watches: dict[int, Path] = {}
        for path in wanted:
            try:
                watches[self._inotify.add(str(path), _MASK)] = path
            except OSError:
                continue  # gone since it was listed: its parent tells
        for stale in self._watches.keys() - watches.keys():
            self._inotify.remove(stale)
        self._watches = watches


def _tree(root: Path) -> list[Path]:
    """The directory and those below it; where it is missing, its nearest ancestor that is there."""
    if not root.is_dir():
        return [next((parent for parent in root.absolute().parents if parent.is_dir()), Path("/"))]
    found = [root.absolute().parent, root]  # the parent tells that the directory itself was replaced
    for folder, below, _ in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        found += [Path(folder) / name for name in below if not name.startswith(".")]
        if depth + 1 >= MAX_DEPTH:
            below.clear()
    return found
