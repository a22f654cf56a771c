"""What would change, for people and programs: the most consequential first, with what is known to depend on it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import click

from gateway.policy.value import format_count
from gateway.policy.what_if import Change, Kind, WhatIf

from .column import printable, size, table

SHOWN = 40
TITLES = {
    Kind.STOPPED: "Would be stopped",
    Kind.PASSES: "Would pass",
    Kind.MANNER: "Would be treated otherwise",
}
KNOWN = {
    Kind.STOPPED: "stops working, as far as is known",
    Kind.PASSES: "did not work without it, as far as is known",
    Kind.MANNER: "depends on it, as far as is known",
}


_SUMS = ("flows", "tries", "bytes_out", "bytes_in", "held_bytes")


@dataclass(frozen=True, slots=True)
class About:
    """What was compared, and by which flows."""

    present: str
    draft: str
    since: float | None = None
    captures: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = ", ".join(self.captures) if self.since is None else f"since {datetime.fromtimestamp(self.since):%Y-%m-%d %H:%M}"
        return f"{where}: present policy {self.present}, draft {self.draft}"


def print_changes(found: WhatIf, changes: list[Change], about: About) -> None:
    """One JSON object."""
    span = {"captures": list(about.captures)} if about.since is None else {"since": about.since}
    unjudged = [{"device": one.device, "why": one.why, "flows": one.flows, "tries": one.tries} for one in found.unjudged()]
    told = {
        "present": about.present, "draft": about.draft, **span, "flows": found.flows, "unchanged": found.unchanged,
        "changes": [change.json() for change in changes], "not_judged": unjudged,
    }  # fmt: skip
    click.echo(json.dumps(told, ensure_ascii=False))


def show_changes(found: WhatIf, changes: list[Change], about: About) -> None:
    """Tables."""
    click.echo(f"{format_count(found.flows, 'flow')}, {about}")
    for kind, title in TITLES.items():
        lines = [change for change in changes if change.kind is kind]
        if lines:
            flows, tries = sum(line.flows for line in lines), sum(line.tries for line in lines)
            click.echo(
                f"\n{title}: {format_count(flows, 'flow')}"
                + (f", {format_count(tries, 'try', 'tries')}" if tries != flows else "")
            )
            _show_lines(list(fold(lines)))
    if changes:
        click.echo(f"\n{format_count(found.unchanged, 'flow')} would come out as now")
    else:
        click.echo("nothing would change" + (" in what could be judged" if found.unjudged() else ""))
    for one in found.unjudged():
        click.echo(f"could not be judged again: {format_count(one.flows, 'flow')} of {printable(one.device)}: {one.why}")


def fold(lines: Iterable[Change]) -> Iterator[Change]:
    """Addresses without a name, where all changes alike, in one line."""
    several: dict[tuple[object, ...], list[Change]] = {}
    for line in lines:
        name = line.name if line.example.server_name else ""
        several.setdefault((line.device, name, line.before, line.after, line.cut), []).append(line)
    for first, *others in several.values():
        if not others:
            yield first
            continue
        alike = [first, *others]
        sums = {key: sum(getattr(one, key) for one in alike) for key in _SUMS}
        yield replace(first, name=f"{first.name} and {format_count(len(others), 'other address', 'other addresses')}", **sums)


def _show_lines(lines: list[Change]) -> None:
    rows = (
        (printable(line.device), line.purpose, printable(line.name), str(line.flows), str(line.tries), size(line.bytes_out),
         size(line.bytes_in), _turn(line))
        for line in lines[:SHOWN]
    )  # fmt: skip
    table(rows, head=("Device", "Purpose", "Name", "Flows", "Tries", "Up", "Down", "Now -> then"))
    if len(lines) > SHOWN:
        click.echo(f"and {len(lines) - SHOWN} more (--json lists all)")
    known = list(dict.fromkeys(text for line in lines[:SHOWN] for text in _known(line)))
    if known:
        click.echo(f"What {KNOWN[lines[0].kind]}:")
    for text in known:
        click.echo(f"  {text}")


def _turn(line: Change) -> str:
    """``limit to 512 kB in 10 minutes -> block (household.yaml:12)``."""
    was, then = str(line.before), str(line.after)
    if line.before.purpose is not line.after.purpose:
        was, then = f"{line.before.purpose}: {was}", f"{line.after.purpose}: {then}"
    if was == then:  # the same rule, and another effect: what it says cannot be done for this flow
        was, then = f"{was} ({line.before.effect})", f"{then} ({line.after.effect})"
    return f"{was} -> {then}{', cut where that ends' if line.cut else ''} ({line.after.rule})"


def _known(line: Change) -> Iterator[str]:
    if line.cost.profile:
        yield f"{line.purpose} of {printable(line.device)}: {line.cost.profile}"
    if line.cost.advice:
        yield f"{line.purpose} of {printable(line.device)} is better told no {line.cost.advice}"
    if line.cost.breaks:
        yield f"{printable(line.name)}: {line.cost.breaks}"
