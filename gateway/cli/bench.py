"""``netcurtain bench``: how fast the datapath is, against a plain router."""

import json
import sys

import click
from rich.console import Console
from rich.table import Table

from gateway.bench.figure import Figure, Report, Spread
from gateway.bench.suite import FULL, QUICK, measure
from gateway.lab.namespace import LabError


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter repetitions: under half a minute.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def bench(quick: bool, as_json: bool) -> None:
    """Measure the datapath against a plain NAT router, both in network namespaces of this machine.

    Takes some minutes; a busy machine spoils the figures. A goal that is missed is reported and is no failure.
    """
    try:
        report = measure(QUICK if quick else FULL, lambda text: click.echo(f"measuring: {text}", err=True))
    except (LabError, OSError) as err:
        click.echo(f"netcurtain: {err}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        show(report, Console(width=None if sys.stdout.isatty() else 140))


def show(report: Report, console: Console) -> None:
    """The report for people."""
    machine = report.machine
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, Python {machine['python']},"
        f" load before {machine['load_before']}; {report.seconds:.0f} s"
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("figure", "plain NAT", "Netcurtain", "ratio", "goal", ""):
        left = heading in ("figure", "goal", "")
        table.add_column(heading, justify="left" if left else "right", min_width=24 if heading == "figure" else None)
    for figure in report.figures:
        table.add_row(*_cells(figure))
    console.print(table)
    for figure in report.figures:
        if figure.note:
            console.print(f"{figure.title}: {figure.note}", style="dim", highlight=False)


def _cells(figure: Figure) -> tuple[str, ...]:
    verdict = {None: "", True: "reached", False: "missed"}[figure.reached]
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    return f"{figure.title} ({figure.unit})", _spread(figure.plain), _spread(figure.curtain), ratio, _goal(figure), verdict


def _spread(found: Spread | None) -> str:
    """``median (min … max)``."""
    if found is None:
        return ""
    if found.count == 1:
        return _number(found.median)
    return f"{_number(found.median)} ({_number(found.min)} … {_number(found.max)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.4g}"


def _goal(figure: Figure) -> str:
    goal = figure.goal
    if goal is None:
        return ""
    sign = ">=" if goal.at_least else "<="
    return f"{sign} {_number(goal.bound)}" + (" x plain" if goal.of == "ratio" else "")
