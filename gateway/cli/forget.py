"""``netcurtain forget``: no trace of a device is left in the household's files, the gateway's state and its ledger."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

from gateway.edge.control_client import ControlClient
from gateway.household import Edit, Faulty, Household
from gateway.model.policy import DevicePolicy, Policy
from gateway.policy import Loaded, load

from .ask import asking, control_option, json_option, print_json
from .column import printable
from .fault import show_faults
from .past import read_settings
from .who import Found, NotSo, find

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
LONG_S = 600.0
"""So long a large ledger may take; it goes on by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The device, as far as anybody knows it."""

    mac: str
    called: str
    entry: DevicePolicy | None
    """What the files say of it."""
    is_last: bool
    """No other phone is an owner's."""


@click.command()
@click.argument("device")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--policies", type=_FOLDER, help="The household's folder.  [default: the configured ones]")
@control_option
@json_option
def forget(device: str, yes: bool, policies: Path | None, control: Path, as_json: bool) -> None:
    """Leave no trace of DEVICE (a name, a hardware address, or what it calls itself).

    Its entry in the household's files goes, what the gateway has learnt of it, its lease, and every line and sum of the ledger.
    If it is still there and speaks again, it is a new device. That cannot be undone. Comments in the files stay, and so do
    the system's log and your backups.
    """
    if as_json and not yes:
        raise click.UsageError("--json asks nothing: give --yes, too")
    folders = [folder for folder in read_settings(None).policies if folder.is_dir()] if policies is None else [policies]
    with asking(control) as client:
        subject, household, edits = _prepare(client, device, folders, as_json=as_json)
        if not yes and not _is_sure(subject, edits):
            click.echo("nothing was changed")
            sys.exit(1)
        outcome = _forget(client, subject, household, edits)
    _show(outcome, as_json=as_json)


def _prepare(
    client: ControlClient, device: str, folders: list[Path], *, as_json: bool
) -> tuple[Subject, Household | None, tuple[Edit, ...]]:
    loaded = load(*folders)
    if loaded.policy is None:
        show_faults(load(*folders, whole=True), as_json=as_json)
        raise click.exceptions.Exit(1)
    household = Household(folders) if folders else None
    try:
        subject = _subject(loaded.policy, find(loaded.policy, device, client.ask("devices")))
        edits = household.remove_device(subject.entry) if household and subject.entry else ()
    except (NotSo, OSError, ValueError) as err:
        _fail(str(err))
    return subject, household, edits


def _subject(policy: Policy, found: Found) -> Subject:
    owned = [one.device.mac for one in policy.devices.values() if one.device.owner]
    called = found.entry.device.id if found.entry else found.mac
    return Subject(mac=found.mac, called=called, entry=found.entry, is_last=owned == [found.mac])


def _is_sure(subject: Subject, edits: tuple[Edit, ...]) -> bool:
    what = f"{printable(subject.called)} ({subject.mac})" if subject.called != subject.mac else subject.mac
    click.echo(f"{what} is to be forgotten: what was learnt of it, and every line and sum of what it did")
    for line in "".join(edit.diff for edit in edits).splitlines():
        click.echo(printable(line))
    if subject.is_last:
        click.echo("it is the last phone of an owner: without one, no phone at home opens a camera's picture")
    return click.confirm("This cannot be undone. Forget it?")


def _forget(client: ControlClient, subject: Subject, household: Household | None, edits: tuple[Edit, ...]) -> dict[str, Any]:
    client.start()
    client.ask("forget", device=subject.mac, seconds=0)
    try:
        if household is not None:
            household.put_all(edits)
    except (Faulty, OSError, ValueError) as err:
        client.ask("keep", device=subject.mac)
        if isinstance(err, Faulty):
            show_faults(Loaded(policy=None, faults=err.faults), as_json=False)
        _fail(f"{err}; nothing was changed")
    files = [edit.file for edit in edits]
    return {"device": subject.called, "mac": subject.mac, "files": files, "outcome": _wait(client, subject.mac)}


def _wait(client: ControlClient, mac: str) -> str:
    """``forgotten`` or ``kept``, as the gateway says; ``forgetting``: the ledger takes its time."""
    end = time.monotonic() + LONG_S
    while (left := end - time.monotonic()) > 0:
        for event in client.receive(left):
            data = event.get("data") or {}
            if event["event"] == "forgetting" and data.get("mac") == mac and data.get("what") != "waiting":
                return str(data["what"])
    return "forgetting"


def _show(outcome: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(outcome)
    else:
        says = {
            "forgotten": "is forgotten",
            "kept": "was kept: a policy file still names it",
            "forgetting": "is being forgotten: the ledger is large, and that goes on by itself",
        }
        click.echo(f"{printable(outcome['device'])} {says[outcome['outcome']]}")
    sys.exit(1 if outcome["outcome"] == "kept" else 0)


def _fail(why: str) -> NoReturn:
    click.echo(f"netcurtain: {printable(why)}", err=True)
    raise click.exceptions.Exit(1)
