"""Memory that the panel no longer needs goes back to the kernel (mallopt(3), malloc_trim(3); glibc alone)."""

import ctypes
import gc
import sys
from contextlib import suppress

LARGE_BYTES = 64 * 1024
_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -3, -1


def be_frugal() -> None:
    """One heap for all threads, and what is large, as a password's hash takes it, never on that heap. Once, at the start."""
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, LARGE_BYTES)


def leave_out_old_models() -> None:
    """FastAPI asks of each model whether it is of pydantic's first version, and loads that to see (1.4 MiB). None of ours is,
    and it takes it well that there is no such module. Before the application is built."""
    sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]  # as "import" has it: there is none


def keep_what_is_loaded() -> None:
    """It stays as long as the process: to look through it for rubbish costs a page 60 ms now and then. Once all is loaded."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """What lies free on the heap, wherever it lies; half a millisecond."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
