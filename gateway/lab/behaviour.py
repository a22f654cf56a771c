"""Reads ``gadgets/*.yaml``: what each thing in the home is and does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from ruamel.yaml import YAML

from .step import KINDS
from .topology import Plug


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One gadget or phone."""

    id: str
    title: str
    mac: str
    host: int
    hostname: str
    vendor_class: str = ""
    network: str = "curtain"
    """``curtain`` or ``old``."""
    serves: tuple[str, ...] = ()
    triggers: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    profile: str = ""
    """What the household's files call such a thing; empty: nothing that is shipped."""
    expects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Trigger -> purpose -> what becomes of it by day, while nobody is viewing: what the profile promises."""
    schedule: Mapping[str, float] = field(default_factory=dict)
    """Trigger -> seconds between two of them, in the demo's day."""
    everyday: bool = True
    """False: it comes only where it is named."""

    def plug(self, *, dhcp: bool) -> Plug:
        """Its cable."""
        curtain = self.network == "curtain"
        return Plug(name=self.id, mac=self.mac, host=self.host, curtain=curtain, dhcp=dhcp and curtain)

    def speaks(self, kind: str) -> bool:
        """Does any of its steps need this kind of server?"""
        return any(kind in step for steps in self.triggers.values() for step in steps)


def known_gadgets() -> list[str]:
    """The names of all that have a file."""
    return sorted(file.name.removesuffix(".yaml") for file in _folder().iterdir() if file.name.endswith(".yaml"))


def load_behaviours(names: Iterable[str] | None = None) -> dict[str, Behaviour]:
    """Those named, in that order (each has the file of its name); without names every everyday one, gadgets first."""
    if names is not None:
        return {name: _read(_folder().joinpath(f"{name}.yaml")) for name in names}
    read = [_read(file) for file in _folder().iterdir() if file.name.endswith(".yaml")]
    return {behaviour.id: behaviour for behaviour in sorted(read, key=lambda one: one.mac) if behaviour.everyday}


def _folder() -> Traversable:
    return files(__package__).joinpath("gadgets")


def _read(file: Traversable) -> Behaviour:
    return parse(YAML(typ="safe").load(file.read_text("utf-8")))


def parse(data: Mapping[str, Any]) -> Behaviour:
    """A document as a value; ``ValueError`` names a step that no process could do."""
    triggers = {name: tuple(steps) for name, steps in data.get("triggers", {}).items()}
    for name, steps in triggers.items():
        for step in steps:
            if not any(key in KINDS for key in step):
                raise ValueError(f"{data['id']}: {name}: {dict(step)}: no such step. Available: {', '.join(KINDS)}")
    schedule = {name: float(seconds) for name, seconds in data.get("schedule", {}).items()}
    known = {"triggers": triggers, "schedule": schedule, "serves": tuple(data.get("serves", ()))}
    return Behaviour(**{**data, **known})
