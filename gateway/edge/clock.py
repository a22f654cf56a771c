"""Whether the wall clock can be believed: a Raspberry Pi has none of its own and starts in the past."""

import ctypes
from pathlib import Path

_STA_UNSYNC = 0x0040
_TIMEX_BYTES = 256
_STATUS_OFFSET = 40 if ctypes.sizeof(ctypes.c_long) == 8 else 20
"""``struct timex``: modes (int), offset, freq, maxerror, esterror (long), status (int) – adjtimex(2)."""


def is_trusted() -> bool:
    """The kernel says it is synchronised, or the machine has a clock of its own."""
    return is_synchronised() or any(Path("/sys/class/rtc").glob("rtc*"))


def is_synchronised() -> bool:
    """The kernel's clock is disciplined by a time service (adjtimex(2), STA_UNSYNC clear)."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(timex) < 0:
        return False
    status = ctypes.c_int.from_buffer(timex, _STATUS_OFFSET).value
    return not status & _STA_UNSYNC
