"""``netcurtain doctor``: what this machine lacks, and what to do about it."""

import sys
from pathlib import Path

import click

from gateway.settings import SettingsError, load_settings

from .ask import json_option, print_json
from .symptom import Finding, Level, Patient, examine

_MARKS = {
    Level.OK: click.style("ok  ", fg="green"),
    Level.WARN: click.style("warn", fg="yellow"),
    Level.FAIL: click.style("fail", fg="red"),
}


@click.command()
@click.option("--config", type=click.Path(path_type=Path), default=None, help="Configuration file (TOML).")
@click.option("--lan", multiple=True, metavar="IF", help="An interface of the curtain's side; may be repeated.")
@click.option("--wan", multiple=True, metavar="IF", help="The upstream interface; may be repeated.")
@click.option("--control", type=click.Path(path_type=Path), default=None, help="The control socket.")
@json_option
def doctor(config: Path | None, lan: tuple[str, ...], wan: tuple[str, ...], control: Path | None, as_json: bool) -> None:
    """Look at kernel, rights, interfaces, clock and resolver; tell what is missing and what to do. Changes nothing."""
    try:
        settings = load_settings(config, lan=lan, wan=wan, control=control)
    except SettingsError as err:
        raise click.UsageError(str(err)) from err
    findings: list[Finding] = []
    for finding in examine(Patient(settings)):
        findings.append(finding)
        if not as_json:
            click.echo(f"{_MARKS[finding.level]}  {finding.what}: {finding.found}")
            if finding.advice:
                click.echo(f"      -> {finding.advice}")
    failed = [finding for finding in findings if finding.level is Level.FAIL]
    if as_json:
        rows = [{key: getattr(finding, key) for key in ("what", "level", "found", "advice")} for finding in findings]
        print_json({"ok": not failed, "findings": rows})
    elif failed:
        click.echo(f"{len(failed)} of {len(findings)} checks failed")
    sys.exit(1 if failed else 0)
