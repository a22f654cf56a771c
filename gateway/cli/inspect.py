"""``netcurtain inspect``: the engine over captures. No rights needed."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.edge.pcap import CaptureError, read_capture
from gateway.engine import Engine
from gateway.model.command import Command, Record
from gateway.model.device import Mac
from gateway.model.event import Hook, Now, PacketSeen, Ticked
from gateway.model.packet import Packet
from gateway.model.policy import Policy
from gateway.model.record import FlowRecord
from gateway.policy import load
from gateway.wire import Reassembler, decode_frame, innermost

from .evidence import Evidence

if TYPE_CHECKING:
    from .report import Report

TICK_PACKETS = 4_096


def told(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[Mac, str]:
    """``MAC=profile``, checked."""
    found = {}
    for value in values:
        mac, equals, profile = value.partition("=")
        octets = mac.lower().replace("-", ":").split(":")
        if not equals or not profile or len(octets) != 6 or not all(_is_octet(octet) for octet in octets):
            raise click.BadParameter(f"{value!r} is not MAC=profile, for example 02:00:5e:10:00:01=ring-doorbell")
        found[Mac(":".join(octets))] = profile
    return found


def _is_octet(text: str) -> bool:
    return len(text) == 2 and all(digit in "0123456789abcdef" for digit in text)


@click.command()
@click.argument("captures", nargs=-1, required=True, type=click.Path(), metavar="CAPTURE...")
@click.option("--policies", default=None, metavar="DIR|none", help="Judge by this directory, or tell purposes only.")
@click.option("--device", "profiles", multiple=True, callback=told, metavar="MAC=profile", help="What a device is.")
@click.option("--evidence", type=click.Path(path_type=Path), help="Copy the packets of refused flows of one CAPTURE here.")
@click.option("--json", "as_json", is_flag=True, help="One EVE-style object per flow and line.")
def inspect(
    captures: tuple[str, ...],
    policies: str | None,
    profiles: dict[Mac, str],
    evidence: Path | None,
    as_json: bool,
) -> None:
    """Tell what each flow in CAPTURE files is for, and what the policy would make of it."""
    policy = read_policy(policies)
    check_profiles(policy, profiles)
    if evidence is not None and len(captures) > 1:
        raise click.UsageError("--evidence goes with one CAPTURE")
    kept = Evidence(evidence) if evidence is not None else None
    failed = False
    first_id = 0
    report = None if as_json else _report()
    for path in captures:
        engine = Engine(policy, first_id=first_id, profiles=profiles, replay=True, decides=policies != "none")
        try:
            for record in replay(engine, path, progress=not as_json):
                first_id = max(first_id, record.flow_id)
                if kept is not None:
                    kept.add(record)
                if report is None:
                    sys.stdout.write(json.dumps(record.eve(), ensure_ascii=False) + "\n")
                else:
                    report.add(record)
        except (CaptureError, OSError) as err:
            failed = True
            click.echo(f"{path}: {err.strerror if isinstance(err, OSError) and err.strerror else err}", err=True)
    if report is not None:
        report.show()
    if kept is not None:
        click.echo(kept.write(captures[0]), err=True)
    sys.exit(1 if failed else 0)


def replay(engine: Engine, path: str, *, progress: bool) -> Iterator[FlowRecord]:
    """The records of one capture, as its flows end; a CaptureError comes after those before the damage."""
    damage: CaptureError | None = None
    reassembler = Reassembler()
    at = 0.0
    capture = read_capture(path)
    with _progress(path, lambda: capture.position, progress and sys.stderr.isatty()) as advance:
        try:
            for count, (at, link_type, data, _) in enumerate(capture, start=1):
                frame = decode_frame(data, link_type)
                if frame is None:
                    continue
                packet = frame.packet if frame.packet.fragment is None else _whole(reassembler, frame.packet, at)
                if packet is None:
                    continue
                event = PacketSeen(packet, Hook.REPLAY, frame.src_mac, peer_mac=frame.dst_mac)
                yield from _records(engine.handle(event, Now(at, at)), path)
                if count % TICK_PACKETS == 0:
                    advance()
                    yield from _records(engine.handle(Ticked(), Now(at, at)), path)
        except CaptureError as err:
            damage = err
    yield from _records(engine.finish_replay(), path)
    if damage is not None:
        raise damage


def _whole(reassembler: Reassembler, fragment: Packet, at: float) -> Packet | None:
    packet = reassembler.add(fragment, at)
    return innermost(packet) if packet is not None else None


def _records(commands: list[Command], path: str) -> Iterator[FlowRecord]:
    for command in commands:
        if isinstance(command, Record):
            yield command.record._replace(capture=path)


def check_profiles(policy: Policy, profiles: dict[Mac, str]) -> None:
    """Wrong usage where one does not exist."""
    for profile in profiles.values():
        if profile not in policy.profiles:
            choices = ", ".join(sorted(policy.profiles))
            raise click.BadParameter(f"no profile {profile!r}; one of: {choices}", param_hint="--device")


def read_policy(directory: str | None) -> Policy:
    """The shipped policy, overlaid by a directory; ``none`` is the same as none."""
    if directory not in (None, "none") and not Path(str(directory)).is_dir():
        raise click.BadParameter(f"no directory {directory!r}", param_hint="--policies")
    loaded = load(*([] if directory in (None, "none") else [Path(str(directory))]))
    if loaded.policy is None:
        for fault in loaded.faults:
            click.echo(str(fault), err=True)
        raise click.exceptions.Exit(1)
    return loaded.policy


def _report() -> "Report":
    from .report import Report  # drawing tables costs 0.1 s of start-up that --json need not pay

    return Report()


def _progress(path: str, position: Callable[[], int], wanted: bool) -> AbstractContextManager[Callable[[], None]]:
    if not wanted:
        return nullcontext(lambda: None)
    from .report import capture_progress

    return capture_progress(path, position, wanted)
