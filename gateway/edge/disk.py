"""The few file operations that surviving a power cut rests on, so that a test can record and replay them."""

import os
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """What a crash-safe file needs of a file system."""

    def read(self, path: Path) -> bytes | None:
        """The whole file, or None if there is none."""

    def write(self, path: Path, data: bytes) -> None:
        """Make the file anew with this content; nothing is promised to survive before ``sync``."""

    def sync(self, path: Path) -> None:
        """Force a file, or the entries of a folder, to the medium."""

    def rename(self, old: Path, new: Path) -> None:
        """Put the file in another's place, in one step."""


class LocalDisk:
    """The file system of this machine."""

    def read(self, path: Path) -> bytes | None:
        """The whole file, or None if there is none."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: Path, data: bytes) -> None:
        """Make the file anew, readable by its owner and group only."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        with open(descriptor, "wb") as file:
            file.write(data)

    def sync(self, path: Path) -> None:
        """fsync(2)."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """rename(2)."""
        os.replace(old, new)
