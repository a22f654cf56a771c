"""``netcurtain devices``: who is there, what each probably is, and why."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .ask import asking, control_option, json_option, print_json
from .column import ago, printable, span, table

_HEAD = ("Device", "MAC", "Profile", "Looks like", "Calls itself", "Last seen", "Addresses")


@click.command()
@control_option
@json_option
def devices(control: Path, as_json: bool) -> None:
    """The devices that the gateway has seen; of those that nobody has confirmed, what they look like, and why."""
    with asking(control) as client:
        found = client.ask("devices")
    if as_json:
        print_json(found)
        return
    now = time.time()
    table([_line(row, now) for row in found], head=_HEAD)
    for row in found:
        for line in _reasons(row):
            click.echo(line)


def _line(row: dict[str, Any], now: float) -> tuple[str, ...]:
    left_s = row.get("set_up_s", 0)
    profile = "trusted" if row["trusted"] else row["profile"] + (f" ({span(left_s)} left)" if left_s else "")
    return (
        printable(row["id"]),
        row["mac"],
        profile,
        _guess(row),
        printable(row["hostname"] or ""),
        ago(row["last_seen"], now) if row["last_seen"] else "never",
        ", ".join(row["addresses"]),
    )


def _guess(row: dict[str, Any]) -> str:
    guess = row.get("guess") or {}
    if not guess.get("vendor"):
        return ""
    who = " ".join(filter(None, (guess["vendor"], guess["profile"])))
    return f"{printable(who)} {guess['confidence']:.2f}" + ("" if guess["sure"] else "?")


def _reasons(row: dict[str, Any]) -> Iterator[str]:
    guess = row.get("guess")
    if row["confirmed"] or not guess or not guess["vendor"]:
        return
    how = "is probably" if guess["sure"] else "is not sure, but looks like"
    yield f"\n{printable(row['id'])} {how} {printable(guess['vendor'])}:"
    yield from (f"  {printable(reason)}" for reason in guess["because"])
    if guess["sure"] and guess["profile"]:
        yield f"  netcurtain confirm {row['id']}    makes it {guess['profile']}"
