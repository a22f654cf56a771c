"""A file system whose power can be cut: it keeps what a write, fsync, rename or fsync of the folder promises, and no more.

A file that was made anew and not synced may be whole, cut anywhere, or of its full length and empty. Changes of the folder that
were not synced may have reached it or not, each for itself: no journal keeps their order.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path


class PowerCut(BaseException):
    """Nobody cleans up."""


@dataclass(slots=True, eq=False)
class Inode:
    """A file without a name."""

    data: bytes = b""
    """What a running system reads."""
    synced: bytes | None = None
    """What is on the medium for sure; None: nothing is."""

    def remains(self) -> list[bytes]:
        """What a cut may leave of it."""
        if self.synced == self.data:
            return [self.data]
        size = len(self.data)
        found = [self.data, b"", self.data[: size // 2], self.data[:-1], b"\0" * size]
        return list(dict.fromkeys(found if self.synced is None else [*found, self.synced]))


@dataclass(slots=True)
class PowerDisk:
    """Implements ``gateway.edge.disk.Disk`` in memory."""

    names: dict[Path, Inode] = field(default_factory=dict)
    """What a running system sees."""
    fails_at: int = -1
    """Steps from now until one fails, once; less than none: never."""
    cut_at: int = -1
    """The step that is not done any more."""
    steps: int = 0
    _synced: dict[Path, Inode] = field(default_factory=dict)
    _pending: list[tuple[Path | None, Path, Inode]] = field(default_factory=list)
    """(Old name, new name, file): changes of the folder since it was synced."""

    def read(self, path: Path) -> bytes | None:
        """The whole file, or None if there is none."""
        inode = self.names.get(path)
        return inode.data if inode else None

    def write(self, path: Path, data: bytes) -> None:
        """Make the file anew: in place, where it is there already."""
        inode = self.names.get(path)
        if inode is None:
            inode = self.names[path] = Inode()
            self._pending.append((None, path, inode))
        inode.data = b""
        try:
            self._step(errno.ENOSPC)
        except OSError:
            inode.data = data[: len(data) // 3]
            raise
        inode.data = data

    def sync(self, path: Path) -> None:
        """Force a file, or the entries of a folder, to the medium."""
        self._step(errno.EIO)
        inode = self.names.get(path)
        if inode is not None:
            inode.synced = inode.data
        else:
            self._synced, self._pending = dict(self.names), []

    def rename(self, old: Path, new: Path) -> None:
        """Put the file in another's place."""
        if old not in self.names:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(old))
        self._step(errno.EIO)
        inode = self.names.pop(old)
        self.names[new] = inode
        self._pending.append((old, new, inode))

    def _step(self, error: int) -> None:
        if self.steps == self.cut_at:
            raise PowerCut
        self.steps += 1
        self.fails_at -= 1
        if self.fails_at == -1:
            raise OSError(error, "it was told to fail")

    def cuts(self) -> "Iterator[PowerDisk]":
        """Every disk that somebody may find who comes back after a cut at this moment."""
        for size in range(len(self._pending) + 1):
            for reached in combinations(self._pending, size):
                names = dict(self._synced)
                for old, new, inode in reached:
                    if old is not None and names.get(old) is inode:
                        del names[old]
                    names[new] = inode
                yield from _remains(names)


def _remains(names: dict[Path, Inode]) -> Iterator[PowerDisk]:
    inodes = list(dict.fromkeys(names.values()))
    for contents in product(*(inode.remains() for inode in inodes)):
        left = {inode: Inode(data, data) for inode, data in zip(inodes, contents, strict=True)}
        found = {name: left[inode] for name, inode in names.items()}
        yield PowerDisk(names=found, _synced=dict(found))
