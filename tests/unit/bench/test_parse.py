"""What one packet costs in this process."""

from gateway.bench.parse import measure


def test_every_row_is_measured() -> None:
    figures = {figure.name: figure for figure in measure(repetitions=2, seconds=0.004)}
    assert set(figures) == {
        "wire_hello_us", "wire_dns_us", "wire_quic_us", "engine_flow_us", "engine_dns_us", "engine_quic_us",
    }  # fmt: skip
    assert all(figure.curtain is not None and 0 < figure.curtain.min <= figure.curtain.max for figure in figures.values())
    assert all(figure.curtain is not None and figure.curtain.count == 2 for figure in figures.values())
