"""What waking costs here."""

import os

from gateway.bench.wake import measure


def test_a_process_is_woken_and_ends() -> None:
    before = os.sched_getaffinity(0)
    figure = measure(repetitions=2)
    assert figure.curtain is not None and 0 < figure.curtain.min <= figure.curtain.max and figure.curtain.count == 2
    assert os.sched_getaffinity(0) == before
