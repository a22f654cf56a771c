"""A timer of the kernel that a selector can wait for (timerfd, Linux 2.6.25; Python has it from 3.13 on)."""

import contextlib
import ctypes
import math
import os
import struct

_MONOTONIC, _ABSOLUTE = 1, 1
_ITIMERSPEC = struct.Struct("@4l")
"""Interval and first ring, as seconds and nanoseconds each."""


class Timer:
    """Readable once its time has come."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), f"timerfd: {os.strerror(ctypes.get_errno())}")
        self._at = math.inf

    def fileno(self) -> int:
        """For a selector."""
        return int(self._fd)

    def set(self, at: float) -> None:
        """Ring at this monotonic second; infinite: never."""
        if at == self._at:
            return
        self._at = at
        nanoseconds = 0 if at == math.inf else max(1, math.ceil(at * 1e9))
        spec = _ITIMERSPEC.pack(0, 0, *divmod(nanoseconds, 1_000_000_000))
        if self._libc.timerfd_settime(self._fd, _ABSOLUTE, spec, None) < 0:
            raise OSError(ctypes.get_errno(), f"timerfd: {os.strerror(ctypes.get_errno())}")

    def stop_ringing(self) -> None:
        """It was heard, and rings no more until it is set again."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, 8)
        self._at = math.inf

    def close(self) -> None:
        """Give it back."""
        os.close(self._fd)
