"""``netcurtain lab``: the virtual home and the promises it holds the gateway to."""

import json
import sys
import time
from pathlib import Path

import click

from .ask import Duration


@click.group()
def lab() -> None:
    """The virtual home: gadgets, phones and an internet in network namespaces."""


@lab.command("list")
def list_scenarios() -> None:
    """Name and promise of every scenario."""
    from gateway.lab.scenario import available

    for name, module in available().items():
        click.echo(f"{name:<18} {module.PROMISE}")


@lab.command("run")
@click.argument("names", nargs=-1, metavar="[SCENARIO]…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for machines.")
def run_scenarios(names: tuple[str, ...], as_json: bool) -> None:
    """Play scenarios (all of them, unless some are named); exit code 0 only if every check holds."""
    from gateway.lab.namespace import LabError
    from gateway.lab.scenario import Result, available, play

    known = available()
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"no scenario is called {', '.join(unknown)}. Available: {', '.join(known)}")
    results: list[Result] = []
    for name in names or known:
        began = time.monotonic()
        try:
            results.append(play(name))
        except LabError as err:
            click.echo(f"netcurtain lab: {err}", err=True)
            sys.exit(1)
        if not as_json:
            _show(results[-1], time.monotonic() - began)
    if as_json:
        click.echo(json.dumps({"scenarios": [result.view() for result in results]}))
    sys.exit(0 if all(result.ok for result in results) else 1)


@lab.command()
@click.option("--plain", is_flag=True, help="One line per event, cells separated by tabs; totals at the end.")
@click.option("--for", "seconds", type=Duration(), default=None, metavar="30s", help="End after a while.")
@click.option("--replay", is_flag=True, help="Replay the recording even where a home could be built.")
def demo(plain: bool, seconds: float | None, replay: bool) -> None:
    """Watch a home live behind the curtain; where none can be built, a recording of it."""
    from .demo import demo as show

    sys.exit(show(plain=plain, seconds=seconds, replay=replay))


@lab.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--for", "seconds", type=Duration(), default=20.0, metavar="20s", help="How long a day it is.")
def record(file: Path, seconds: float) -> None:
    """Record a day of the home without a curtain into FILE (pcap, gzip): what `lab demo --replay` shows."""
    from gateway.lab.namespace import LabError, inside
    from gateway.lab.record import record as live

    try:
        data = inside(lambda: live(seconds))
    except LabError as err:
        click.echo(f"netcurtain lab: {err}", err=True)
        sys.exit(1)
    file.write_bytes(data)
    click.echo(f"{file}: {len(data):,} bytes")


def _show(result: object, took_s: float) -> None:
    from gateway.lab.scenario import Result

    assert isinstance(result, Result)
    verdict, colour = ("ok  ", "green") if result.ok else ("FAIL", "red")
    click.secho(f"{verdict} {result.name} ({took_s:.1f} s)", fg=colour, bold=True)
    for check in result.checks:
        click.echo(f"     {'+' if check.ok else '-'} {check.it}: {check.seen}")
    totals = ", ".join(f"{purpose} {size}" for purpose, size in result.wan_bytes_by_purpose.items())
    click.echo(f"     bytes that left, by purpose: {totals or 'none'}")
