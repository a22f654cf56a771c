"""The household's files, read and written in a child process: what YAML takes in memory goes with it.

What is handed over is what pages show. What flows are judged by – the catalogue, and how devices give themselves away – is not.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gateway.edge.apart import apart
from gateway.household import Edit, Household
from gateway.model.assessment import Catalogue
from gateway.model.identity import Identification
from gateway.policy import Loaded, load

LOOK_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What files say, and at which state of theirs."""

    stamp: object
    """Another one as soon as one of them changes."""
    loaded: Loaded


class Files:
    """The last good files. They are read again when one of them has changed."""

    def __init__(self, folders: Sequence[Path], *, mono: Callable[[], float] = time.monotonic) -> None:
        self._folders = tuple(folders)
        self._mono = mono
        self._lock = threading.Lock()
        self._stamp: object = None
        self._looked = float("-inf")
        self._good: Loaded | None = None
        self._faults: tuple[str, ...] = ()

    def read(self) -> tuple[Loaded, tuple[str, ...]]:
        """(the last good files, the faults of what stands there now). OSError where nothing was ever read."""
        with self._lock:
            if self._mono() - self._looked >= LOOK_S or self._good is None:
                self._look()
            return self._good or self._shipped(), self._faults

    def forget(self) -> None:
        """Look at once, next time."""
        self._looked = float("-inf")

    def write(self, household: Household, make: Callable[[Household], Edit]) -> Edit:
        """One edit of theirs, put in place; a page that is made now shows it. ValueError, OSError: nothing was written."""
        (edit,) = self.write_all(household, partial(_one, make))
        return edit

    def write_all(self, household: Household, make: Callable[[Household], Sequence[Edit]]) -> tuple[Edit, ...]:
        """Several, all of them or none: as ``write``."""
        edits, reading = apart(_write, self._folders, household, make)
        with self._lock:
            self._take(reading)
        return edits

    def _look(self) -> None:
        self._looked = self._mono()
        if self._good is not None and _stamp(self._folders) == self._stamp:
            return
        try:
            self._take(apart(_read, self._folders))
        except OSError as err:
            if self._good is None:
                raise
            self._faults = (str(err),)

    def _take(self, reading: Reading) -> None:
        self._looked = self._mono()
        self._stamp = reading.stamp
        self._faults = tuple(map(str, reading.loaded.faults))
        if reading.loaded.policy is not None:
            self._good = reading.loaded

    def _shipped(self) -> Loaded:
        """What holds where the files were never good."""
        self._good = apart(_read, ()).loaded
        return self._good


def _one(make: Callable[[Household], Edit], household: Household) -> tuple[Edit]:
    return (make(household),)


def _write(
    folders: Sequence[Path], household: Household, make: Callable[[Household], Sequence[Edit]]
) -> tuple[tuple[Edit, ...], Reading]:
    household.put_all(edits := tuple(make(household)))
    return edits, _read(folders)


def _read(folders: Sequence[Path]) -> Reading:
    stamp = _stamp(folders)  # before they are read: what changes meanwhile is noticed next time
    loaded = load(*(folder for folder in folders if folder.is_dir()))
    policy = loaded.policy and replace(loaded.policy, catalogue=Catalogue(), identity=Identification())
    return Reading(stamp=stamp, loaded=replace(loaded, policy=policy, files={}))


def _stamp(folders: Sequence[Path]) -> tuple[object, ...]:
    return tuple(map(_stamp_of, folders))


def _stamp_of(folder: Path) -> tuple[object, ...]:
    """Changes whenever a file in it does."""
    try:
        found = sorted((path, path.stat()) for path in folder.rglob("*.yaml"))
    except OSError:
        return ()
    return tuple((str(path), status.st_mtime_ns, status.st_size, status.st_ino) for path, status in found)
