"""What happened before: the ledger's flows since a while ago, and the policy that is in force, both where the settings say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.edge.ledger_reader import LedgerReader
from gateway.model.policy import Policy
from gateway.model.record import FlowRecord
from gateway.policy import load
from gateway.settings import Settings, SettingsError, load_settings

from .ask import Duration
from .fault import show_faults

PAGE_ROWS = 5_000
WEEK_S = 7 * 86_400.0
_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Past:
    """A ledger, and from when on (wall time) it is looked at."""

    path: Path
    since: float

    def flows(self, device: str | None = None) -> Iterator[FlowRecord]:
        """In the order they began, a page at a time; of one device by its MAC or name. OSError where there is no ledger."""
        reader = LedgerReader(self.path)
        try:
            after = -1  # before the first of them
            while page := reader.flows(self.since, device=device, after=after, limit=PAGE_ROWS):
                yield from page
                after = page[-1].flow_id
        finally:
            reader.close()

    def first(self, device: str) -> FlowRecord | None:
        """The first flow of a device that the ledger still has, however long ago."""
        reader = LedgerReader(self.path)
        try:
            return next(iter(reader.flows(device=device, after=-1, limit=1)), None)
        finally:
            reader.close()


def past_options(command: _F) -> _F:
    """``--since``, ``--config``, ``--state``."""
    options = (
        click.option("--since", type=Duration(), default="7d", show_default=True, metavar="7d", help="From how long ago on."),
        click.option("--config", type=click.Path(path_type=Path), default=None, help="Configuration file (TOML)."),
        click.option("--state", type=click.Path(path_type=Path), default=None, help="Where state and ledger are kept."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_settings(config: Path | None, state: Path | None = None) -> Settings:
    """Wrong usage where they cannot be used."""
    try:
        return load_settings(config, state=state)
    except SettingsError as err:
        raise click.UsageError(str(err)) from err


def ledger_of(settings: Settings) -> Path:
    """Where the gateway writes it."""
    return settings.state_dir / "ledger.db"


def policy_in_force(settings: Settings, present: Path | None, *, as_json: bool) -> Policy:
    """Of a directory, else of the configured ones that are there, over the shipped files. Ends with 1 where it has faults."""
    directories = [present] if present is not None else [path for path in settings.policies if path.is_dir()]
    return load_or_end(*directories, as_json=as_json)


def load_or_end(*directories: Path, as_json: bool) -> Policy:
    """The policy; where there are faults all of them are shown as ``check`` does, and the exit code is 1."""
    loaded = load(*directories)
    if loaded.policy is not None:
        return loaded.policy
    show_faults(load(*directories, whole=True), as_json=as_json)
    raise click.exceptions.Exit(1)
