"""``netcurtain bench``: how fast the datapath is, against a plain router."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from gateway.bench import suricata
from gateway.bench.change import Change, compare
from gateway.bench.plan import FULL, QUICK
from gateway.bench.row import COMPARED, SURICATA, Report, Row
from gateway.bench.suite import measure
from gateway.lab.namespace import LabError


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter repetitions of all rows: under a minute.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--against", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Compare with an earlier --json.")
@click.option("--with", "beside", type=click.Choice([SURICATA]), help="Measure another engine on the same queue as well.")
def bench(quick: bool, as_json: bool, against: Path | None, beside: str | None) -> None:
    """Measure the datapath against a plain NAT router, both in network namespaces of this machine.

    Takes some minutes; a busy machine spoils the figures. Exits with 1 where a goal is missed, or a row could not be measured.
    """
    if beside == SURICATA and (how := suricata.missing()):
        raise click.ClickException(how)
    earlier = _read(against) if against else None
    lanes = (*COMPARED, beside) if beside else COMPARED
    try:
        report = measure(QUICK if quick else FULL, lambda text: click.echo(f"measuring: {text}", err=True), lanes=lanes)
    except (LabError, OSError) as err:
        raise click.ClickException(str(err)) from err
    changes = compare(report.rows, earlier) if earlier is not None else None
    if as_json:
        click.echo(json.dumps(_as_json(report, changes)))
    else:
        show(report, changes, Console(width=None if sys.stdout.isatty() else 150))
    for change in changes or ():
        if change.worse:
            told = f"{change.id} is {change.now:g}, it was {change.before:g} ({change.spreads:+.1f} spreads)"
            click.echo(f"worse: {told}", err=True)
    sys.exit(1 if report.missed else 0)


def _read(path: Path) -> Any:
    """An earlier report; told apart before minutes are spent on a new one."""
    try:
        earlier = json.loads(path.read_bytes())
        compare((), earlier)
    except ValueError as err:
        raise click.ClickException(f"{path}: {err}") from err
    return earlier


def _as_json(report: Report, changes: Sequence[Change] | None) -> dict[str, Any]:
    """With the change of each row where there is something to compare it with."""
    told = report.as_json()
    by_id = {change.id: change for change in changes or ()}
    for row in told["rows"]:
        if (change := by_id.get(row["id"])) is not None:
            row |= {"before": change.before, "change_in_spreads": change.spreads, "worse": change.worse}
    return told


def show(report: Report, changes: Sequence[Change] | None, console: Console) -> None:
    """The report for people."""
    host = report.host
    console.print(
        f"{host['cpu']}, {host['cores']} cores, Linux {host['kernel']}, Python {host['python']},"
        f" load before {host['load_before']}; {host['seconds']:.0f} s"
    )
    by_id = {change.id: change for change in changes or ()}
    table = Table(box=None, pad_edge=False)
    headings = ("figure", "plain NAT", "this", "median", "spread", "goal", "")
    for heading in (*headings, "before", "change") if changes is not None else headings:
        left = heading in ("figure", "goal", "")
        table.add_column(heading, justify="left" if left else "right", min_width=24 if heading == "figure" else None)
    for row in report.rows:
        table.add_row(*_cells(row), *(_change(by_id.get(row.spec.id)) if changes is not None else ()))
    console.print(table)
    for row in report.rows:
        if row.note:
            console.print(f"{row.spec.title}: {row.note}", style="dim", highlight=False)


_SIGN = {"ours": "", "ratio": "x ", "added": "+ "}


def _cells(row: Row) -> tuple[str, ...]:
    spec = row.spec
    sign = ">=" if spec.more_is_better else "<="
    return (
        f"{spec.title} ({spec.unit})",
        _range(row.plain),
        _range(row.ours),
        "" if row.median is None else _SIGN[spec.reads] + _number(row.median),
        "" if row.spread is None else _number(row.spread),
        "" if spec.goal is None else f"{sign} {_number(spec.goal)}",
        {None: "", True: "reached", False: "missed" if row.median is not None else "not measured"}[row.ok],
    )


def _change(change: Change | None) -> tuple[str, str]:
    if change is None:
        return "", ""
    return _number(change.before), f"{change.spreads:+.1f}{' worse' if change.worse else ''}"


def _range(values: Sequence[float]) -> str:
    """``least … most``."""
    least, most = (_number(pick(values)) for pick in (min, max)) if values else ("", "")
    return least if least == most else f"{least} … {most}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
