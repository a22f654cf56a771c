"""``netcurtain flows --export``: the ledger as a table of flows, as ``netcurtain classify`` reads it. No gateway has to run."""

import csv
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from gateway.engine.exported import line_of, main_purpose
from gateway.model.record import FlowRecord
from gateway.purpose import COLUMNS, write_line

from .past import Past, ledger_of, read_settings

VERDICT = ("purpose", "confidence", "action", "effect")
"""What was found then, and what came of it: columns that ``classify`` passes over."""
HEADER = (*COLUMNS, *VERDICT)


def export(
    file: Path, *, since: float, device: str | None, purpose: str | None, config: Path | None, state: Path | None
) -> int:
    """Write the flows since so many seconds ago; how many they are. Ends with 1 where that fails, and changes nothing then."""
    past = Past(ledger_of(read_settings(config, state)), time.time() - since)
    draft = file.with_name(f".{file.name}.new")
    try:
        _check(file)
        with draft.open("w", encoding="utf-8", newline="") as table:
            count = _write(table, _chosen(past.flows(device), purpose))
            table.flush()
            os.fsync(table.fileno())
        draft.replace(file)
    except OSError as err:
        draft.unlink(missing_ok=True)
        click.echo(f"netcurtain: {err}", err=True)
        raise click.exceptions.Exit(1) from err
    return count


def _check(file: Path) -> None:
    """An earlier table is replaced, and nothing else."""
    if not file.exists():
        return
    with file.open(encoding="utf-8", errors="replace") as table:
        if table.readline(4_096).rstrip("\r\n") != ",".join(HEADER):
            raise FileExistsError(f"{file} is there already, and is no table of flows")


def _chosen(records: Iterator[FlowRecord], purpose: str | None) -> Iterator[FlowRecord]:
    return (record for record in records if purpose in (None, record.purpose, main_purpose(record)))


def _write(table: TextIO, records: Iterator[FlowRecord]) -> int:
    writer, count = csv.DictWriter(table, HEADER), 0
    writer.writeheader()
    for record in records:
        verdict = (main_purpose(record), f"{record.confidence:.2f}", record.action, record.effect)
        writer.writerow(write_line(line_of(record)) | dict(zip(VERDICT, verdict, strict=True)))
        count += 1
    return count
