"""``netcurtain classify``: what each flow of a table is for. No rights needed, nothing is decided."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import click

from gateway.model.assessment import Assessment
from gateway.model.policy import Policy
from gateway.policy import load
from gateway.purpose import COLUMNS, ColumnError, Habits, Line, classify_next, read_line

from .column import printable

T = TypeVar("T")

MAX_FAULTS = 20
"""After so many it is no table of flows."""
SURROGATES = range(0xDC80, 0xDD00)
"""What bytes that are not UTF-8 are read as (PEP 383)."""


def _columns(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        for name, meaning in COLUMNS.items():
            click.echo(f"{name:<12}  {meaning}")
        ctx.exit()


@click.command()
@click.argument("flows", type=click.Path(path_type=Path), metavar="FLOWS.csv")
@click.option("--columns", is_flag=True, is_eager=True, expose_value=False, callback=_columns, help="Tell what columns mean.")
@click.option("--policies", default=None, type=click.Path(path_type=Path), metavar="DIR", help="With its catalogue.")
@click.option("--json", "as_json", is_flag=True, help="One object per row and line.")
def classify(flows: Path, policies: Path | None, as_json: bool) -> None:
    """Tell what each row of FLOWS.csv is for, how sure that is, and why.

    A row is judged by itself and by the rows of its device that came before it. Only the column id has to be there;
    --columns tells what the others mean.
    """
    catalogue, habits = _policy(policies).catalogue, Habits()
    faults = 0
    for line in read_table(flows):
        if isinstance(line, str):
            faults += 1
            click.echo(f"{flows}:{line}", err=True)
        else:
            found = classify_next(catalogue, line, habits)
            sys.stdout.write(_json(line, found) if as_json else _text(line, found))
        if faults >= MAX_FAULTS:
            click.echo(f"{flows}: given up after {faults} faults", err=True)
            break
    sys.exit(1 if faults else 0)


def read_table(path: Path) -> Iterator[Line | str]:
    """The rows, one after the other; for one that cannot be read, what is wrong with it (``12: column …``)."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as table:
            yield from _read(csv.DictReader(table, strict=True))
    except OSError as err:
        yield f" {err.strerror or err}"


def _read(table: "csv.DictReader[str]") -> Iterator[Line | str]:
    header = _next(lambda: list(table.fieldnames or []), table)
    if isinstance(header, str):
        yield header
        return
    twice = {column for column in header or [] if header and header.count(column) > 1}
    if not header or "id" not in header or twice:
        yield "1: " + (f"column {min(twice)!r} is there twice" if twice else "no column 'id' in the header")
        return
    while (row := _next(table.__next__, table)) is not None:
        yield row if isinstance(row, str) else _line(row, table.line_num)


def _next(read: Callable[[], T], table: "csv.DictReader[str]") -> T | str | None:
    """What is read; None at the end; what is wrong where it is not CSV: the lines after it still are."""
    try:
        return read()
    except StopIteration:
        return None
    except csv.Error as err:
        return f"{table.reader.line_num}: {err}"


def _line(row: dict[str, str | None], number: int) -> Line | str:
    if None in row:
        return f"{number}: more cells than columns"
    for column, cell in row.items():
        if cell and not cell.isascii() and any(ord(letter) in SURROGATES for letter in cell):
            return f"{number}: column {column!r} is not UTF-8"
    if not row["id"]:
        return f"{number}: column 'id' is blank"
    try:
        return read_line(row)
    except ColumnError as err:
        return f"{number}: {err}"


def _json(line: Line, found: Assessment) -> str:
    answer = {
        "id": line.id,
        "purpose": found.purpose,
        "confidence": round(found.confidence, 2),
        "because": found.reasons,
    }
    return json.dumps(answer, ensure_ascii=False) + "\n"


def _text(line: Line, found: Assessment) -> str:
    because = printable("; ".join(found.reasons))
    return f"{printable(line.id):<16} {found.purpose:<18} {found.confidence:.2f}  {because}\n"


def _policy(directory: Path | None) -> Policy:
    if directory is not None and not directory.is_dir():
        raise click.BadParameter(f"no directory {str(directory)!r}", param_hint="--policies")
    loaded = load(*([] if directory is None else [directory]))
    if loaded.policy is None:
        for fault in loaded.faults:
            click.echo(str(fault), err=True)
        raise click.exceptions.Exit(1)
    return loaded.policy
