"""What it costs this machine to wake a sleeping process on another core: every look of the curtain pays it.

A plain router forwards within the sender's own system call; a queued packet wakes the gateway, and its verdict wakes the
sender. On bare metal that is a few microseconds, on a virtual machine whose idle cores are given back it can be thirty.
"""

import os
import subprocess
import sys
import time

from .plan import Lanes, Plan
from .row import OURS, Sample, Spec, percentile

TITLE = "waking a process"
ROUNDS = 400
ROWS = (Spec(id="wake_us", title="this machine: waking a process on another core", unit="us"),)
_ECHO = """\
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
while byte := os.read(0, 1):
    os.write(1, byte)
"""


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """Microseconds; half of there and back through two pipes."""
    cores = sorted(os.sched_getaffinity(0))
    values = [_once(cores[0], cores[-1]) for _ in range(plan.repetitions)]
    return {"wake_us": Sample(values={OURS: values}, note="" if len(cores) > 1 else "there is one core only")}


def _once(here: int, there: int) -> float:
    before = os.sched_getaffinity(0)
    argv = [sys.executable, "-c", _ECHO, str(there)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as other:
        assert other.stdin is not None and other.stdout is not None
        os.sched_setaffinity(0, {here})
        try:
            return _median_us(other.stdin.fileno(), other.stdout.fileno())
        finally:
            os.sched_setaffinity(0, before)
            other.stdin.close()


def _median_us(writer: int, reader: int) -> float:
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        os.write(writer, b".")
        os.read(reader, 1)
        found.append((time.perf_counter_ns() - began) / 2_000)
    return percentile(sorted(found), 0.5)
