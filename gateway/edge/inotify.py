"""inotify(7), as little of it as watching a few directories takes. No package: each of those brings an event loop along."""

import ctypes
import os
import struct
from typing import NamedTuple

CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x8, 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF, UNMOUNT, OVERFLOW, IGNORED, IS_DIR = 0x400, 0x800, 0x2000, 0x4000, 0x8000, 0x40000000
ONLYDIR = 0x1000000
_HEAD = struct.Struct("iIII")


class Change(NamedTuple):
    """One event of the kernel."""

    watch: int
    mask: int
    name: str
    """Of the entry within the watched directory; empty for the directory itself."""


class Inotify:
    """One inotify instance."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), f"inotify: {os.strerror(ctypes.get_errno())}")

    def fileno(self) -> int:
        """For a selector."""
        return int(self._fd)

    def add(self, path: str, mask: int) -> int:
        """Watch a path; returns the watch's number. OSError if it is not there, or the kernel has no room."""
        watch = int(self._libc.inotify_add_watch(self._fd, os.fsencode(path), ctypes.c_uint32(mask)))
        if watch < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
        return watch

    def remove(self, watch: int) -> None:
        """Stop watching; one that is gone already is no fault."""
        self._libc.inotify_rm_watch(self._fd, watch)

    def read(self) -> list[Change]:
        """What happened since the last call."""
        try:
            raw = os.read(self._fd, 65_536)
        except BlockingIOError:
            return []
        changes, at = [], 0
        while at < len(raw):
            watch, mask, _, length = _HEAD.unpack_from(raw, at)
            name = raw[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0")
            changes.append(Change(watch, mask, os.fsdecode(name)))
            at += _HEAD.size + length
        return changes

    def close(self) -> None:
        """Stop watching everything."""
        os.close(self._fd)
