"""``netcurtain catalogue``: what is known of a name, and how much of a home's traffic is known at all."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gateway.engine import Engine
from gateway.model.device import Device, Mac
from gateway.model.policy import Policy
from gateway.model.record import FlowRecord
from gateway.policy.advice import UNKNOWN, tell

from .column import printable, size, table
from .coverage import Coverage, Share, is_ledger, read_ledger
from .inspect import check_profiles, read_policy, replay, told
from .lookup import Found, Lookup, confidence_word, look_up

SHOWN = 40
TOLD = {"viewing": "a phone that opens it begins a live view", "press": "the bell was pressed, and nothing else"}
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group()
def catalogue() -> None:
    """What destinations are for, who showed it, and what breaks without them."""


@catalogue.command()
@click.argument("name")
@click.option("--device", "profile", help="As seen from a device of this profile; without it: from one nobody recognised.")
@click.option("--policies", metavar="DIR", help="With the catalogue of this directory over the shipped one.")
@_AS_JSON
def lookup(name: str, profile: str | None, policies: str | None, as_json: bool) -> None:
    """Every row that covers NAME (or a port like udp/123), which of them decides, and why."""
    policy = read_policy(policies)
    device = _device(policy, profile)
    try:
        found = look_up(policy.catalogue, name, device)
    except ValueError as err:
        raise click.BadParameter(f"{name!r} {err}", param_hint="NAME") from err
    decider = found.decider
    advice = tell(policy.profiles[device.profile].advice.get(decider.purpose)) if decider else UNKNOWN
    if as_json:
        click.echo(json.dumps({**found.json(), "advice": advice}, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(found, advice)))
    sys.exit(0 if found.rows or found.hints else 1)


def _device(policy: Policy, profile: str | None) -> Device:
    chosen = profile or policy.newcomer_profile
    check_profiles(policy, {Mac(""): chosen})
    return policy.profiles[chosen].device


def _lines(found: Lookup, advice: str) -> Iterator[str]:
    decider = found.decider
    if decider is not None:
        yield f"{found.name} is {_purposes(found)} for {found.device} ({decider.source})"
        yield f"how {found.device} takes a no about {decider.purpose} best: {advice}"
    elif found.rows:
        yield f"{found.name} is unknown for {found.device}: no row that covers it may decide"
    else:
        yield f"{found.name} is in no row: nobody has shown what it is for"
    yield from found.conflicts()
    for one in found.rows:
        yield ""
        yield from _row(one)
    for hint in found.hints:
        where = " within the home" if hint.home else ""
        told = (("known too", f"{hint.says}: {hint.purpose} of {', '.join(hint.devices)}{where}"), ("alone", hint.alone),
                ("breaks", hint.breaks), ("evidence", hint.evidence),
                ("confidence", f"{confidence_word(hint.confidence)}, {hint.date} ({hint.source})"))  # fmt: skip
        yield ""
        yield from (f"{title:<11} {text}" for title, text in told if text)
    for reply in found.replies:
        yield f"\nanswered    GET {reply.path}: status {reply.status} ({reply.source})"


def _purposes(found: Lookup) -> str:
    row = found.decider
    assert row is not None
    return row.purpose + (f", also {', '.join(row.also)}," if row.also else "")


def _row(one: Found) -> Iterator[str]:
    row = one.row
    alpn = f" with ALPN {row.alpn}" if row.alpn else ""
    also = f", also {', '.join(row.also)}" if row.also else ""
    rows = (
        ("decides" if one.decides else "row", f"{row.match}{alpn}: {row.purpose}{also}"),
        ("why" if one.decides else "why not", one.why),
        ("devices", ", ".join(row.devices) or "every device"),
        ("tells", TOLD.get(row.tells, "")),
        ("breaks", row.breaks or "nothing known"),
        ("conflict", row.conflict),
        ("evidence", row.evidence),
        ("confidence", f"{confidence_word(row.confidence)}, {row.date} ({row.source})"),
    )
    yield from (f"{title:<11} {text}" for title, text in rows if text)


@catalogue.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CAPTURE|LEDGER...")
@click.option("--policies", metavar="DIR", help="With the catalogue of this directory over the shipped one.")
@click.option("--device", "profiles", multiple=True, callback=told, metavar="MAC=profile", help="What a device is.")
@_AS_JSON
def coverage(files: tuple[Path, ...], policies: str | None, profiles: dict[Mac, str], as_json: bool) -> None:
    """How much of what left the home is explained: flows, bytes, names; the unexplained names first.

    A ledger is counted as it was judged. A flow is explained where it has a purpose other than unknown or direct-address.
    """
    policy = read_policy(policies)
    check_profiles(policy, profiles)
    found, failed = Coverage(), False
    for path in files:
        try:
            for record in _records(policy, path, profiles, progress=not as_json):
                found.add(record)
        except (OSError, ValueError) as err:
            failed = True
            click.echo(f"{path}: {err.strerror if isinstance(err, OSError) and err.strerror else err}", err=True)
    if as_json:
        click.echo(json.dumps({"files": len(files), **found.json()}, ensure_ascii=False))
    else:
        _show(found)
    sys.exit(1 if failed else 0)


def _records(policy: Policy, path: Path, profiles: dict[Mac, str], *, progress: bool) -> Iterator[FlowRecord]:
    if is_ledger(path):
        return read_ledger(path)
    return replay(Engine(policy, profiles=profiles, replay=True, decides=False), str(path), progress=progress)


def _show(found: Coverage) -> None:
    lines = found.unexplained()
    if lines:
        table(
            (
                (str(line.flows), size(line.bytes_out), size(line.bytes_in), printable(line.name), printable(line.why))
                for line in lines[:SHOWN]
            ),
            head=("Flows", "Up", "Down", "Unexplained", "Why"),
        )
        click.echo(f"and {len(lines) - SHOWN} more (--json lists all)\n" if len(lines) > SHOWN else "")
    names, up, down = found.names(), found.bytes_out, found.bytes_in
    parts = (
        f"{_share(found.flows)} of {found.flows.total} flows", f"{_share(up)} of {size(up.total)} up",
        f"{_share(down)} of {size(down.total)} down", f"{_share(names)} of {names.total} names",
    )  # fmt: skip
    click.echo(f"explained: {', '.join(parts)}")
    click.echo(f"stayed in the home, not counted: {found.at_home} flows")


def _share(share: Share) -> str:
    return "–" if share.share is None else f"{share.share:.1%}"
