"""``netcurtain confirm``: what a device is, written into the household's own files in one step."""

import re
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from gateway.edge.control_client import ControlClient, ControlError
from gateway.household import Faulty, Household, free_name
from gateway.model.policy import DevicePolicy, Policy
from gateway.policy import Loaded, load

from .ask import control_option, json_option, print_json, tell
from .column import printable
from .fault import show_faults
from .past import read_settings
from .who import Found, NotSo, find

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}").fullmatch
_NOT_GUESSED = ("careful", "observe", "quarantine", "set-up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The device, as far as anybody knows it."""

    mac: str
    profile: str
    """What it is surely taken for; empty where that is not known."""
    looks_like: str = ""
    """For people."""
    entry: DevicePolicy | None = None
    """What a file says of it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What was, or would be, written."""

    device: str
    mac: str
    profile: str
    file: str
    changed: bool
    diff: str


@click.command()
@click.argument("device")
@click.option("--profile", metavar="ID", help="What it is.  [default: what it surely looks like]")
@click.option("--name", help="What to call it.  [default: after its profile]")
@click.option("--policies", type=_FOLDER, help="The household's folder.  [default: the last of the configured ones]")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@control_option
@json_option
def confirm(
    device: str, profile: str | None, name: str | None, policies: Path | None, dry_run: bool, control: Path, as_json: bool
) -> None:
    """Say that DEVICE (a hardware address, a name, or what it calls itself) is what it looks like, or a --profile.

    Its entry is written into the household's files: the running gateway takes it up like any other edit. Comments, order and
    everything else stay as they are; where the files would hold a fault, nothing is written.
    """
    folders = [folder for folder in read_settings(None).policies if folder.is_dir()] if policies is None else [policies]
    if not folders:
        raise click.UsageError("there is no policy folder yet; make one, or name it: --policies DIR")
    policy = _sound(load(*folders), folders, as_json=as_json)
    try:
        subject = _find(policy, device, control)
        chosen = _choose(policy, subject, profile)
        done = _write(Household(folders), subject, chosen, _call(policy, subject, chosen, name), dry_run=dry_run)
    except ControlError as err:
        tell(err)
        sys.exit(1)
    except Faulty as err:
        show_faults(Loaded(policy=None, faults=err.faults), as_json=as_json)
        sys.exit(1)
    except (NotSo, OSError, ValueError) as err:
        click.echo(f"netcurtain: {printable(str(err))}", err=True)
        sys.exit(1)
    _show(done, dry_run=dry_run, as_json=as_json)


def _sound(loaded: Loaded, folders: list[Path], *, as_json: bool) -> Policy:
    """Files that hold faults are mended first, by who wrote them."""
    if loaded.policy is None:
        show_faults(load(*folders, whole=True), as_json=as_json)
        raise click.exceptions.Exit(1)
    return loaded.policy


# Who it is.


def _find(policy: Policy, named: str, control: Path) -> Subject:
    """Without a gateway by the files, or an address alone: it will do where the profile is given."""
    try:
        with ControlClient(control) as client:
            seen = client.ask("devices")
    except ControlError:
        with suppress(NotSo):  # else only the gateway might know
            return _subject(find(policy, named, ()))
        raise
    return _subject(find(policy, named, seen))


def _subject(found: Found) -> Subject:
    guess = found.row.get("guess") or {}
    who = " ".join(filter(None, (guess.get("vendor"), guess.get("profile"))))
    return Subject(
        mac=found.mac,
        profile=guess["profile"] if guess.get("sure") else "",
        looks_like=f"{who} ({guess['confidence']:.2f})" if who else "",
        entry=found.entry,
    )


def _choose(policy: Policy, subject: Subject, wanted: str | None) -> str:
    """The profile: the one that was given, else the file's, else the one that is guessed surely."""
    if wanted is not None:
        if wanted not in policy.profiles:
            choices = ", ".join(sorted(policy.profiles))
            raise click.BadParameter(f"there is no profile {wanted!r}; one of: {choices}", param_hint="--profile")
        return wanted
    entry = subject.entry
    if entry is not None and (entry.device.profile not in _NOT_GUESSED or entry.device.trusted):
        return "" if entry.device.trusted else entry.device.profile
    if subject.profile in policy.profiles:
        return subject.profile
    looks = f"looks like {subject.looks_like}, which is not sure" if subject.looks_like else "gives nothing away of what it is"
    families = ", ".join(sorted(name for name, one in policy.profiles.items() if not one.device.vendor))
    raise NotSo(f"{subject.mac} {looks}: say what it is, --profile ID (of any maker: {families})")


def _call(policy: Policy, subject: Subject, profile: str, wanted: str | None) -> str:
    """Its name: the one that it has, the one that was given, or one after its profile."""
    taken = {one.device.id for one in policy.devices.values()}
    if subject.entry is not None:
        own = subject.entry.device.id
        if wanted not in (None, own):
            said = f"it is called {own!r} by {subject.entry.ref}: rename it there"
            raise click.BadParameter(said, param_hint="--name")
        return own
    if wanted is None:
        return free_name(profile, taken)
    if not _NAME(wanted) or wanted == "all":
        raise click.BadParameter(f"{wanted!r} is not a name of letters, digits, - and _", param_hint="--name")
    if wanted in taken:
        raise click.BadParameter(f"another device is called {wanted!r} already", param_hint="--name")
    return wanted


# What is written.


def _write(household: Household, subject: Subject, profile: str, name: str, *, dry_run: bool) -> Confirmed:
    """Made, tried on the whole directory, and only then put in place. ``Faulty`` where the files would hold a fault."""
    values: dict[str, str | bool] = ({"profile": profile} if profile else {}) | {"confirmed": True}
    if subject.entry is not None:
        edit = household.amend_device(subject.entry, values)
    else:
        edit = household.add_device(name, subject.mac, values)
    household.try_out(edit) if dry_run else household.put(edit)
    return Confirmed(
        device=name, mac=subject.mac, profile=profile, file=str(edit.path), changed=edit.changes, diff=edit.diff
    )


def _show(done: Confirmed, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(done), "dry_run": dry_run})
        return
    what = f"{done.device} ({done.mac})" + (f" is {done.profile}" if done.profile else " is known")
    if dry_run:
        click.echo(done.diff, nl=False)
    elif done.changed:
        click.echo(f"{what} from now on: written to {done.file}")
    if not done.changed:
        click.echo(f"{what} by {done.file} already")
