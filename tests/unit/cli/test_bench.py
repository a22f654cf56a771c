"""How a report looks to people."""

import io

import pytest
from rich.console import Console

from gateway.bench.figure import Figure, Goal, Report, Spread, compare
from gateway.cli.bench import show

MACHINE = {"cpu": "Cortex-A76", "cores": 4, "kernel": "6.12", "python": "3.13", "load_before": 0.1}


def shown(figure: Figure) -> str:
    output = io.StringIO()
    show(Report(machine=MACHINE, quick=False, seconds=3.4, figures=(figure,)), Console(file=output, width=160))
    return output.getvalue()


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        pytest.param(
            compare("x", "rate", "flows/s", pairs=[(10_000, 5_000), (12_000, 6_000)],
                    goal=Goal(of="ratio", bound=0.4, at_least=True)),
            ["rate (flows/s)", "11,000 (10,000 … 12,000)", "5,500 (5,000 … 6,000)", "0.50", ">= 0.4 x plain", "reached"],
            id="compared",
        ),
        pytest.param(
            Figure(name="m", title="memory", unit="MiB", goal=Goal(of="value", bound=80), note="not seen"),
            ["memory (MiB)", "<= 80", "missed", "memory: not seen"],
            id="not measured",
        ),
        pytest.param(
            Figure(name="s", title="start", unit="s", curtain=Spread(median=0.8, min=0.8, max=0.8, count=1)),
            ["start (s)", "0.8"],
            id="once, without a goal",
        ),
    ],
)  # fmt: skip
def test_rows(figure: Figure, expected: list[str]) -> None:
    text = shown(figure)
    assert "Cortex-A76, 4 cores, Linux 6.12" in text
    assert not [part for part in expected if part not in text]
