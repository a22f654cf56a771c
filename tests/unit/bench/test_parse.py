"""What one packet costs in this process."""

from dataclasses import replace

from gateway.bench.parse import ROWS, measure
from gateway.bench.plan import QUICK
from gateway.bench.row import OURS


def test_every_row_is_measured() -> None:
    samples = measure(replace(QUICK, parse_s=0.005), {})
    assert set(samples) == {spec.id for spec in ROWS}
    assert all(min(sample.values[OURS]) > 0 for sample in samples.values())
