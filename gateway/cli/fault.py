"""Faults in policy files, for people and programs: what `check` shows, and who cannot go on because of them."""

import json
from typing import Any

import click

from gateway.policy import Loaded
from gateway.policy.fault import Fault


def show_faults(loaded: Loaded, *, as_json: bool) -> None:
    """Every fault and warning, and how many there are."""
    if as_json:
        faults, warnings = [_plain(fault) for fault in loaded.faults], [_plain(fault) for fault in loaded.warnings]
        digest = loaded.policy.digest if loaded.policy else None
        told = {"ok": not faults, "files": len(loaded.files), "digest": digest, "faults": faults, "warnings": warnings}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for fault in loaded.faults:
        click.echo(str(fault))
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"{len(loaded.files)} files, {_count(loaded.faults, 'fault')}, {_count(loaded.warnings, 'warning')}")


def _plain(fault: Fault) -> dict[str, Any]:
    return {
        "file": fault.file, "line": fault.line, "column": fault.column, "path": fault.path, "value": fault.value,
        "message": fault.message, "choices": list(fault.choices), "suggestion": fault.suggestion, "text": str(fault),
    }  # fmt: skip


def _count(found: tuple[Fault, ...], noun: str) -> str:
    return f"{len(found)} {noun}" + ("" if len(found) == 1 else "s")
