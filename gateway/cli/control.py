"""What people ask of a running gateway, and what they tell it to open or end for a while."""

import csv
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gateway.edge.control_client import ControlClient
from gateway.model.purpose import Purpose

from .ask import Duration, asking, control_option, json_option, print_json
from .column import clock, printable, size, span, table, verdict

_CSV = (
    "timestamp", "flow_id", "proto", "src_ip", "src_port", "dest_ip", "dest_port", "app_proto", "bytes_toserver",
    "bytes_toclient", "pkts_toserver", "pkts_toclient",
)  # fmt: skip
_CSV_OWN = (
    "device", "device_id", "profile", "server_name", "purpose", "action", "effect", "rule", "reason", "confidence",
    "held_bytes", "attempts", "would", "would_rule",
)  # fmt: skip
WEEK_S = 7 * 86_400.0
_FLOW_HEAD = ("Time", "Flow", "Device", "Purpose", "Verdict", "Out", "In", "To", "Why")
_PURPOSES = click.Choice([str(purpose) for purpose in Purpose])


@click.command()
@control_option
@json_option
def status(control: Path, as_json: bool) -> None:
    """What the running gateway does, what is open for a while, and what stayed at home."""
    with asking(control) as client:
        data = client.ask("status")
    if as_json:
        print_json(data)
        return
    click.echo(f"running: policy {data['policy']}, {data['devices']} devices, {data['live_flows']} live flows")
    for line in _remarks(data):
        click.echo(line)
    rows = [
        (printable(row["device"]), row["purpose"], str(row["flows"]), str(row["stopped"]), size(row["held_bytes"]),
         size(row["bytes_out"]), size(row["bytes_in"]))
        for row in data["totals"]
    ]  # fmt: skip
    if rows:
        click.echo()
        table(rows, head=("Device", "Purpose", "Flows", "Stopped", "Kept at home", "Out", "In"))


def _remarks(data: dict[str, Any]) -> Iterator[str]:
    if not data["clock_trusted"]:
        yield "the clock is not synchronised: schedules take their stricter side"
    for grant in data["grants"]:
        what = f" {grant['purpose']}" if grant["purpose"] else ""
        why = f"; {printable(grant['because'])}" if grant.get("because") else ""
        yield f"{grant['kind']}: {printable(grant['device'])}{what}, {span(grant['remaining_s'])} left{why}"
    yield from map(_trial_line, data.get("trials", ()))
    yield from map(_shadow_line, data.get("shadows", ()))
    for question in data["questions"]:
        name = printable(question["name"]) or "an address without a name"
        yield f"question: may {printable(question['device'])} reach {name} for {question['purpose']}?"
    for fault in data["policy_faults"]:
        yield click.style(f"policy: {printable(fault)}", fg="red") + " (the last good policy stays)"
    for problem in data["problems"]:
        text = printable(problem.get("message") or ", ".join(problem.get("faults", [])))
        lost = f" ({problem['lost']:,} lost)" if problem.get("lost") else ""
        if "over_at" in problem:
            yield f"over since {datetime.fromtimestamp(problem['over_at']):%H:%M:%S}: {problem['what']}: {text}{lost}"
        else:
            yield click.style(f"problem: {problem.get('what', '')}: {text}{lost}", fg="red")


def _trial_line(trial: dict[str, Any]) -> str:
    device, cost = printable(trial["device"]), _cost(trial)
    if trial["standing"] == "on trial":
        what = f"{trial['action']} for {trial['purpose']} ({printable(trial['rule'])})"
        return f"on trial: {device}: {what}, {span(trial['remaining_s'])} left, {trial['stopped']} tries stopped{cost}"
    line = f"trial over: {device}: {printable(trial['note'])}{cost}"
    return click.style(line, fg="red") if trial["standing"] == "taken back" else line


def _shadow_line(shadow: dict[str, Any]) -> str:
    what = f"{shadow['would']} for {shadow['purpose']} ({printable(shadow['rule'])})"
    names = f" to {', '.join(map(printable, shadow['names']))}" if shadow["names"] else ""
    counts = f"{shadow['flows']} flows{names}, {size(shadow['bytes_out'])} out"
    return f"in shadow: {printable(shadow['device'])}: {what} would have stopped {counts}{_cost(shadow)}"


def _cost(row: dict[str, Any]) -> str:
    return f"; it costs: {printable(row['cost'])}" if row["cost"] else "; what it costs is not known"


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with new ones as they are judged.")
@click.option("--device", metavar="DEVICE", help="Of one device (name or MAC).")
@click.option("--purpose", type=_PURPOSES, metavar="PURPOSE", help="Of one purpose.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="How many, at most.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated, for spreadsheets.")
@click.option("--export", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.csv", help="The ledger, to classify.")
@click.option("--since", type=Duration(), metavar="7d", help="Export from how long ago on.  [default: 7d]")
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML), to find the ledger.")
@click.option("--state", type=click.Path(path_type=Path), help="Where state and ledger are kept.")
@json_option
@control_option
def flows(
    follow: bool,
    device: str | None,
    purpose: str | None,
    limit: int,
    as_csv: bool,
    export: Path | None,
    since: float | None,
    config: Path | None,
    state: Path | None,
    as_json: bool,
    control: Path,
) -> None:
    """The last flows, newest last: what each was for, and why it passed or not.

    With --export all that the ledger holds of them, as a table for `netcurtain classify` and spreadsheets.
    """
    if as_csv and as_json:
        raise click.UsageError("--csv or --json, not both")
    if export is not None:
        if follow or as_csv:
            raise click.UsageError("--export stands alone, but for --device, --purpose, --since, --config, --state, --json")
        _export(export, since or WEEK_S, as_json, device=device, purpose=purpose, config=config, state=state)
        return
    if since or config or state:
        raise click.UsageError("--since, --config and --state go with --export")
    with asking(control) as client:
        if follow:
            client.start()  # before asking for the past, so that nothing falls between
        rows: Iterable[dict[str, Any]] = client.ask("flows", device=device, purpose=purpose, limit=limit)
        if follow:
            rows = _follow(client, list(rows), device=device, purpose=purpose)
        if as_json:
            for row in rows:
                print_json(row)
        elif as_csv:
            _print_csv(rows)
        elif follow:
            for row in rows:
                click.echo("  ".join(_flow_line(row)))
        else:
            table([_flow_line(row) for row in rows], head=_FLOW_HEAD)


def _export(file: Path, since: float, as_json: bool, **chosen: Any) -> None:
    from .export import export  # what it needs takes time to load

    count = export(file, since=since, **chosen)
    if as_json:
        print_json({"file": str(file), "flows": count})
    else:
        click.echo(f"{count} flows: {file}")


def _follow(
    client: ControlClient, past: list[dict[str, Any]], *, device: str | None, purpose: str | None
) -> Iterator[dict[str, Any]]:
    yield from past
    known = {row["flow_id"] for row in past}
    try:
        for event in client.subscribe():
            if event["event"] == "gap":
                click.echo("netcurtain: some flows were missed here: this reader was too slow", err=True)
            if event["event"] != "flow" or event["data"]["flow_id"] in known:
                continue
            known.clear()  # what came after the past was read; the same flow may come again, revised
            own = event["data"]["netcurtain"]
            if device in (None, own["device"], own["device_id"]) and purpose in (None, own["purpose"]):
                yield event["data"]
    except KeyboardInterrupt:
        return


def _flow_line(row: dict[str, Any]) -> tuple[str, ...]:
    own = row["netcurtain"]
    target = own["server_name"] or f"{row['dest_ip']}:{row['dest_port']}"
    return (
        clock(row["timestamp"]),
        str(row["flow_id"]),
        printable(own["device_id"] or own["device"]),
        own["purpose"],
        verdict(own["effect"]) + (f" (would {own['would']})" if own.get("would") else ""),
        size(row["bytes_toserver"]),
        size(row["bytes_toclient"]),
        printable(target),
        printable(own["reason"] or ""),
    )


def _print_csv(rows: Iterable[dict[str, Any]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(_CSV + _CSV_OWN)
    for row in rows:
        writer.writerow([_cell(row[key]) for key in _CSV] + [_cell(row["netcurtain"][key]) for key in _CSV_OWN])
        sys.stdout.flush()


def _cell(value: object) -> object:
    """A device's text must not become a formula in a spreadsheet."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


@click.command()
@click.argument("device", metavar="DEVICE|all")
@click.argument("purpose", required=False, type=_PURPOSES, metavar="[PURPOSE]")
@click.option("--for", "seconds", type=Duration(), required=True, metavar="10m", help="For how long.")
@control_option
@json_option
def pause(device: str, purpose: str | None, seconds: float, control: Path, as_json: bool) -> None:
    """Suspend refusals of a device (or all), for one purpose (or all): everything passes, counted, until it ends."""
    with asking(control) as client:
        _tell_grant(client.ask("pause", device=device, purpose=purpose, seconds=seconds), as_json)


@click.command()
@click.argument("device", metavar="FLOW_ID|DEVICE")
@click.argument("purpose", required=False, type=_PURPOSES, metavar="[PURPOSE]")
@click.option("--for", "seconds", type=Duration(), required=True, metavar="1h", help="For how long.")
@control_option
@json_option
def allow(device: str, purpose: str | None, seconds: float, control: Path, as_json: bool) -> None:
    """Let one purpose of a device pass for a while; with a flow's number, the purpose of that flow."""
    if device.isdecimal() == (purpose is not None):
        raise click.UsageError("give either a flow's number, or a device and a purpose: allow front-door telemetry --for 1h")
    with asking(control) as client:
        wanted = {"device": device, "purpose": purpose} if purpose else {"flow": int(device)}
        _tell_grant(client.ask("allow", **wanted, seconds=seconds), as_json)


@click.command()
@click.argument("device")
@click.option("--for", "seconds", type=Duration(), metavar="15m", help="For how long; else as long as its rule says.")
@control_option
@json_option
def view(device: str, seconds: float | None, control: Path, as_json: bool) -> None:
    """Open a camera's video for a while; it ends by itself, or with `netcurtain stop`. Said again, it goes on from then."""
    with asking(control) as client:
        _tell_grant(client.ask("view", device=device, seconds=seconds), as_json)


def _tell_grant(grant: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(grant)
        return
    what = f" {grant['purpose']}" if grant["purpose"] else ""
    click.echo(f"{grant['kind']}: {printable(grant['device'])}{what}, for {span(grant['remaining_s'])}")


@click.command()
@click.argument("device", metavar="DEVICE|all")
@control_option
@json_option
def stop(device: str, control: Path, as_json: bool) -> None:
    """End a device's viewing, pause and allowances at once."""
    with asking(control) as client:
        ended = client.ask("stop", device=device)
    if as_json:
        print_json(ended)
        return
    for grant in ended:
        what = f" {grant['purpose']}" if grant["purpose"] else ""
        click.echo(f"ended: {grant['kind']} of {printable(grant['device'])}{what}")
    if not ended:
        click.echo("nothing was open")


@click.command()
@control_option
@json_option
def reload(control: Path, as_json: bool) -> None:
    """Read the policy files anew; where they hold faults the last good policy stays, and the exit code is 1."""
    with asking(control) as client:
        client.start()
        client.ask("reload")
        outcome = _wait_for_policy(client)
    if as_json:
        print_json(outcome)
    elif outcome["ok"]:
        click.echo(f"policy {outcome['policy']} is in force" + ("" if outcome["changed"] else "; nothing changed"))
    else:
        for fault in outcome["faults"]:
            click.echo(f"netcurtain: {printable(fault)}", err=True)
        click.echo("  the last good policy stays in force; `netcurtain check DIR` shows every fault", err=True)
    sys.exit(0 if outcome["ok"] else 1)


def _wait_for_policy(client: ControlClient, timeout_s: float = 15.0) -> dict[str, Any]:
    """The word about the new policy, which comes as an event: it is compiled beside the packets."""
    end = time.monotonic() + timeout_s
    while (left := end - time.monotonic()) > 0:
        for event in client.receive(left):
            data = event.get("data", {})
            if event["event"] == "policy":
                return {"ok": True, "policy": data["digest"], "changed": data["changed"]}
            if event["event"] == "problem" and data.get("what") == "policy":
                return {"ok": False, "faults": data.get("faults", [])}
    return {"ok": False, "faults": [f"the gateway did not say within {timeout_s:.0f} s what became of it"]}
