"""``netcurtain whatif``: what would change if the policies of a folder were in force. Nothing is changed by asking."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from gateway.edge.pcap import CaptureError
from gateway.engine import Engine
from gateway.engine.again import Again
from gateway.model.action import Action, Effect
from gateway.model.device import Device, Mac
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from gateway.policy.advice import goes_against, tell
from gateway.policy.ruling import entry_for
from gateway.policy.treatment import Treatment, treat
from gateway.policy.what_if import Change, Cost, WhatIf

from .ask import json_option
from .consequence import About, print_changes, show_changes
from .inspect import check_profiles, replay, told
from .past import Past, ledger_of, load_or_end, past_options, policy_in_force, read_settings

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--policies", "draft", required=True, type=_FOLDER, metavar="DRAFT", help="The folder that would be in force.")
@click.option("--present", type=_FOLDER, help="The folder that is in force.  [default: the configured ones]")
@click.option("--capture", multiple=True, metavar="FILE...", help="Judge captures in the ledger's place.")
@click.argument("more", nargs=-1, metavar="")
@click.option("--device", "profiles", multiple=True, callback=told, metavar="MAC=profile", help="What is in a capture.")
@past_options
@json_option
def whatif(
    draft: Path,
    present: Path | None,
    capture: tuple[str, ...],
    more: tuple[str, ...],
    profiles: dict[Mac, str],
    since: float,
    config: Path | None,
    state: Path | None,
    as_json: bool,
) -> None:
    """Judge what happened under the present policies and under those of DRAFT, and tell what would come out otherwise.

    Flows are taken from the ledger, or from captures. Each is judged for the time at which it happened.
    """
    if (more or profiles) and not capture:
        raise click.UsageError("files and --device go with --capture FILE")
    settings = read_settings(config, state)
    before = policy_in_force(settings, present, as_json=as_json)
    after = load_or_end(draft, as_json=as_json)
    again, found = Again(before, after), WhatIf()
    if capture:
        check_profiles(before, profiles)
        check_profiles(after, profiles)
        about = About(before.digest, after.digest, captures=(*capture, *more))
        failed = _judge_captures(found, before, after, about.captures, profiles)
    else:
        past = Past(ledger_of(settings), time.time() - since)
        about = About(before.digest, after.digest, since=past.since)
        failed = judge_ledger(found, again, past)
    changes = found.changes(lambda change: _cost(change, again, before, after))
    if as_json:
        print_changes(found, changes, about)
    elif not failed or found.flows:
        show_changes(found, changes, about)
    sys.exit(1 if failed else 0)


def judge_ledger(found: WhatIf, again: Again, past: Past, device: str | None = None) -> bool:
    """Judge what a ledger holds; True where it could not be read."""
    try:
        for record in past.flows(device):
            twice = again.judge(record)
            if isinstance(twice, str):
                found.leave(record, twice)
            else:
                found.add(record, twice.before, twice.after)
    except OSError as err:
        click.echo(f"netcurtain: {err}", err=True)
        return True
    return False


def _judge_captures(found: WhatIf, before: Policy, after: Policy, paths: tuple[str, ...], profiles: dict[Mac, str]) -> bool:
    """Play captures to two engines at once; True where one could not be read."""
    failed = False
    for path in paths:
        try:
            for was, would in _replay_twice(before, after, path, profiles):
                found.add(was, _treatment(before, was), _treatment(after, would))
        except (CaptureError, OSError) as err:
            failed = True
            click.echo(f"{path}: {err.strerror if isinstance(err, OSError) and err.strerror else err}", err=True)
    return failed


def _replay_twice(
    before: Policy, after: Policy, path: str, profiles: dict[Mac, str]
) -> Iterator[tuple[FlowRecord, FlowRecord]]:
    """Flows begin and end alike whatever the policy, so the two engines tell of them in the same order."""
    was, would = (Engine(policy, profiles=profiles, replay=True) for policy in (before, after))
    return zip(replay(was, path, progress=True), replay(would, path, progress=False), strict=True)


def _treatment(policy: Policy, record: FlowRecord) -> Treatment:
    return treat(
        policy,
        _device(policy, record),
        purpose=Purpose(record.purpose),
        action=Action(record.action),
        effect=Effect(record.effect),
        rule=record.rule,
        bounded=not record.local,
    )


def _device(policy: Policy, record: FlowRecord) -> Device:
    named = policy.devices.get(Mac(record.device))
    return named.device if named else Device(mac=Mac(record.device), id=record.device_id, profile=record.profile)


def _cost(change: Change, again: Again, before: Policy, after: Policy) -> Cost:
    """What the device's profile and the catalogue know; where both policies do, by the word of the draft."""
    stated = (entry_for(policy, _device(policy, change.example)).costs.get(change.purpose, "") for policy in (after, before))
    advice = entry_for(after, _device(after, change.example)).advice.get(change.after.purpose)
    unwise = goes_against(advice, change.after.purpose, change.after.action)
    return Cost(
        next((cost for cost in stated if cost), ""),
        again.breaks(change.example, change.purpose),
        tell(advice) if unwise else "",
    )
