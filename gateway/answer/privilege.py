"""What the process gives up once its sockets are bound: whoever breaks it has nothing."""

import ctypes
import os
import resource
from pathlib import Path

NOBODY = 65_534
MAX_FILES = 128
MAX_MEMORY_BYTES = 512 * 1024 * 1024
"""Of address space: the interpreter and its libraries take a fifth of it."""
_PR_SET_NO_NEW_PRIVS = 38


def drop_privileges() -> None:
    """Be nobody, with no way back, no children, no files, little memory. Where there is nobody else to be: the bounds alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot give up privileges")
    if os.geteuid() == 0 and _has_nobody():
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, MAX_FILES),
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
    ):
        resource.setrlimit(what, (most, most))


def _has_nobody() -> bool:
    """This user namespace has a user to become: one that a person without rights made has its root alone."""
    lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    spans = [(int(first), int(count)) for first, _, count in map(str.split, lines)]
    return any(first <= NOBODY < first + count for first, count in spans)
