"""A household for the commands that read policies, settings and the ledger: a minute after noon, under the small policy."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from gateway.cli import inspect, past
from gateway.model.record import FlowRecord
from gateway.policy import load
from tests.support.policies import FILES, NOON
from tests.support.records import write_ledger


def ship_small_policy(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small policy stands for the shipped one, in ``top/shipped``: reading all of that takes seconds."""
    for name, text in FILES.items():
        (top / "shipped" / name).parent.mkdir(parents=True, exist_ok=True)
        (top / "shipped" / name).write_text("version: 1\n" if name == "household.yaml" else text)
    for module in (past, inspect):
        monkeypatch.setattr(module, "load", partial(load, shipped=top / "shipped"))
    monkeypatch.setattr("time.time", lambda: NOON.wall + 60.0)


def make_folder(folder: Path, household: str = FILES["household.yaml"]) -> Path:
    """A policy folder with this household's file."""
    folder.mkdir()
    (folder / "household.yaml").write_text(household)
    return folder


def make_gateway(top: Path, records: Iterable[FlowRecord]) -> Path:
    """``netcurtain.toml``, the policy in force in ``present``, and a ledger in ``state``."""
    make_folder(top / "present")
    (top / "state").mkdir()
    write_ledger(top / "state/ledger.db", records, now=NOON.wall)
    (top / "netcurtain.toml").write_text(f'policies = ["{top}/present"]\nstate = "{top}/state"\n')
    return top
