"""How long the slowest packet of an input takes."""

import gc
import time

from tests.fuzz.target import Target

TIMES = 7


def slowest_packet(target: Target, data: bytes) -> tuple[float, int]:
    """(Seconds that the slowest packet of an input took, how many packets it has)."""
    clock = time.perf_counter
    slowest, packets = 0.0, 0
    before = clock()
    for _ in target(data):
        now = clock()
        slowest = max(slowest, now - before)
        packets += 1
        before = clock()
    return slowest, packets


def best(target: Target, data: bytes) -> float:
    """Seconds of an input's slowest packet at its best: whatever took longer another time was not the packet."""
    gc.disable()
    try:
        return min(slowest_packet(target, data)[0] for _ in range(TIMES))
    finally:
        gc.enable()
