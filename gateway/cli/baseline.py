"""``netcurtain baseline``: a device's policy from what it was seen to need. It is printed or written for a person to read."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gateway.engine.again import Again
from gateway.engine.replay import is_home
from gateway.model.device import Device, Mac
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from gateway.policy.baseline import Baseline, Lock, apply, draw, window_of
from gateway.policy.fragment import name_of, render, write_rule
from gateway.policy.observed import Observed, biggest_first
from gateway.policy.part import HouseholdPart
from gateway.policy.ruling import rule_of
from gateway.policy.value import format_count
from gateway.policy.what_if import UNEXPLAINED, Change, Kind, WhatIf

from .ask import json_option
from .column import printable
from .past import Past, ledger_of, past_options, policy_in_force, read_settings
from .whatif import judge_ledger

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Proof:
    """What the baseline would have done to the flows it was drawn from."""

    flows: int
    stopped: tuple[str, ...]
    """Of evidenced purposes: there should be none."""
    unexplained: int
    """Flows to what nobody has shown the purpose of, that passed and would not."""
    let_out: tuple[str, ...]
    """What was stopped, and would pass: there should be none."""

    @property
    def holds(self) -> bool:
        """It is what it promises to be."""
        return not self.stopped and not self.let_out


@click.command()
@click.argument("device", metavar="DEVICE")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
@click.option("--force", is_flag=True, help="Even if there is one.")
@click.option("--policies", type=_FOLDER, help="The folder that is in force.  [default: the configured ones]")
@past_options
@json_option
def baseline(
    device: str,
    out: Path | None,
    force: bool,
    policies: Path | None,
    since: float,
    config: Path | None,
    state: Path | None,
    as_json: bool,
) -> None:
    """A policy file that locks DEVICE (a name or MAC) to what it was seen to need, by purpose.

    It is drawn from the ledger, and tried on it: nothing that passed for a known purpose would be stopped.
    """
    if out is not None and out.exists() and not force:
        raise click.BadParameter(f"{out} is there already; --force writes over it", param_hint="--out")
    settings = read_settings(config, state)
    policy = policy_in_force(settings, policies, as_json=as_json)
    past = Past(ledger_of(settings), time.time() - since)
    try:
        drawn, observed = _draw(policy, device, past)
        text = render(drawn, heading=_heading(drawn, observed, past), zone=policy.timezone)
        proof = _prove(policy, text, past, drawn.device)
        if out is not None:
            _write(out, text)
    except (OSError, ValueError) as err:
        click.echo(f"netcurtain: {err}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(_plain(drawn, observed, proof, past, text), ensure_ascii=False))
    elif out is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"{out}: written; read it, then ask `netcurtain whatif` what it would change")
    for line in _remarks(drawn, proof):
        click.echo(line, err=True)
    sys.exit(0 if proof.holds else 1)


def _draw(policy: Policy, named: str, past: Past) -> tuple[Baseline, Observed]:
    """ValueError where there is nothing to draw from."""
    entry = next((entry for entry in policy.devices.values() if named in (entry.device.id, entry.device.mac)), None)
    key = entry.device.mac if entry else named.lower() if named.count(":") == 5 else named
    first = past.first(key)
    records = past.flows(key)
    one = next(records, None)
    if first is None or one is None:
        known = ", ".join(sorted(entry.device.id for entry in policy.devices.values() if not entry.device.trusted))
        raise ValueError(f"the ledger tells nothing of {named!r} since {_date(past.since)}; named are: {known or 'none'}")
    device = entry.device if entry else _described(policy, one)
    if device.trusted:
        raise ValueError(f"{named} is a trusted household device: what it sends is not judged, so there is nothing to lock")
    if not device.mac:
        raise ValueError(f"{named} has no hardware address in the ledger, and no rule can be tied to it")
    observed = Observed(policy, device, {purpose: window_of(rule_of(policy, device, purpose)) for purpose in Purpose})
    observed.add(one, at_home=_is_at_home(one))
    for record in records:
        observed.add(record, at_home=_is_at_home(record))
    return draw(policy, device, observed, since=past.since, known_since=first.started, now=time.time()), observed


def _described(policy: Policy, record: FlowRecord) -> Device:
    """A device that no file names, by the profile that it was judged by."""
    profile = record.profile if record.profile in policy.profiles else policy.newcomer_profile
    known = policy.profiles[profile].device
    return Device(mac=Mac(record.device), id=record.device, profile=profile, vendor=known.vendor, family=known.family)


def _is_at_home(record: FlowRecord) -> bool:
    return record.local or (is_home(record.src) and is_home(record.dst))


def _prove(policy: Policy, text: str, past: Past, device: Device) -> Proof:
    """Read the file as the gateway would, and judge the same flows by it. ValueError where it cannot be read."""
    from gateway.policy.compiler import compile_file

    compiled = compile_file("devices.d/baseline.yaml", text.encode(), zone=policy.timezone)
    if not isinstance(compiled.part, HouseholdPart):
        raise ValueError(f"the baseline cannot be read again: {'; '.join(map(str, compiled.faults))}")
    found = WhatIf()
    if judge_ledger(found, Again(policy, apply(policy, compiled.part.devices[0])), past, device.mac):
        raise OSError("the ledger went away while the baseline was tried on it")
    changes = found.changes()
    stopped = [change for change in changes if change.kind is Kind.STOPPED]
    return Proof(
        flows=found.flows,
        stopped=tuple(_told(change) for change in stopped if change.before.purpose not in UNEXPLAINED),
        unexplained=sum(change.flows for change in stopped if change.before.purpose in UNEXPLAINED),
        let_out=tuple(_told(change) for change in changes if change.kind is Kind.PASSES),
    )


def _told(change: Change) -> str:
    return f"{change.before.purpose} to {printable(change.name)}, {format_count(change.flows, 'flow')}"


def _write(out: Path, text: str) -> None:
    """Whole or not at all."""
    new = out.with_name(f".{out.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(out)
    except OSError as err:
        new.unlink(missing_ok=True)
        raise OSError(f"{out} cannot be written: {err.strerror or err}") from err


# For people and programs.


def _heading(drawn: Baseline, observed: Observed, past: Past) -> Iterator[str]:
    name = printable(drawn.device.id)
    yield f"What {name} was seen to need, by purpose: drawn by `netcurtain baseline` on {_date(time.time())} from its ledger,"
    yield f"{format_count(observed.flows, 'flow')} on {format_count(len(observed.days), 'day')} since {_date(past.since)}."
    yield "Bytes count from the moment a flow began; headers and repetitions are in them."
    if drawn.ref is None:
        yield f"Read it, then put it into devices.d/{name_of(drawn)}.yaml; the name is yours to choose."
    else:
        yield f"Read it, then put it in the place of {name}'s entry ({drawn.ref}); keep its title, if it has one."


def _remarks(drawn: Baseline, proof: Proof) -> Iterator[str]:
    for warning in drawn.warnings:
        yield f"warning: {printable(warning)}"
    if proof.unexplained:
        passed = format_count(proof.unexplained, "flow")
        yield f"warning: {passed} to what nobody has shown the purpose of passed so far, and would not"
    if proof.holds:
        yield f"tried on the same {format_count(proof.flows, 'flow')}: nothing that passed for a known purpose would be stopped"
    yield from (f"it would stop what passed: {line}" for line in proof.stopped)
    yield from (f"it would let pass what is stopped: {line}" for line in proof.let_out)


def _plain(drawn: Baseline, observed: Observed, proof: Proof, past: Past, text: str) -> dict[str, Any]:
    tried = {
        "flows": proof.flows, "stopped": list(proof.stopped), "let_out": list(proof.let_out), "unexplained": proof.unexplained,
    }  # fmt: skip
    return {
        "device": drawn.device.id, "mac": drawn.device.mac, "profile": drawn.device.profile, "since": past.since,
        "watched_s": round(drawn.learnt_s), "flows": observed.flows, "days": len(observed.days),
        "warnings": list(drawn.warnings), "purposes": [_plain_lock(lock) for lock in drawn.locks], "tried": tried,
        "document": text,
    }  # fmt: skip


def _plain_lock(lock: Lock) -> dict[str, Any]:
    rule = None if lock.rule is None else write_rule(lock.rule)
    told: dict[str, Any] = {"purpose": lock.purpose, "was": lock.was, "rule": rule, "why": lock.why}
    if (seen := lock.seen) is None:
        return {**told, "flows": 0}
    names = [{"name": name, **place.json()} for name, place in biggest_first(seen.names)]
    counts = {key: getattr(seen, key) for key in ("flows", "tries", "passed", "answered", "spent", "bytes_out", "bytes_in")}
    most = {"most_in_window_bytes": seen.highest.most_bytes, "most_in_flow_bytes": seen.largest_bytes}
    return {**told, **counts, **most, "names": names}


def _date(wall: float) -> str:
    return f"{datetime.fromtimestamp(wall):%Y-%m-%d %H:%M}"
