"""A part of a day becomes a row."""

import pytest

from gateway.bench.disk import _sample
from gateway.bench.row import OURS

TOLD = {"write_bytes": 4_000_000.0, "puts": 10.0, "commits": 3.0, "saves": 2.0}


@pytest.mark.parametrize(("days", "megabytes"), [(1.0, 4.0), (0.25, 16.0)], ids=["whole", "a quarter"])
def test_a_part_is_scaled_up(days: float, megabytes: float) -> None:
    sample = _sample(TOLD, days=days)
    assert sample.values == {OURS: [megabytes]} and "3 commits" in sample.note


def test_memory_is_no_disk() -> None:
    sample = _sample({**TOLD, "write_bytes": 0.0}, days=1.0)
    assert not sample.values and "is no disk" in sample.note
