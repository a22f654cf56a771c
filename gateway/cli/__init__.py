"""The commands a person types. ``main`` is the door; each command's module is imported when it is used.

``inspect``, ``report``   captures, and their totals as a table
``identify``              who the devices in a capture are
``classify``              tables of flows
``run``                   the gateway
``policy``                ``check``, ``test``, ``explain``, ``schema``
``catalogue``             ``lookup`` (what is known of a name), ``coverage`` (how much is known at all)
``systems``               sheets of what is larger than one device
``whatif``                what would change under other policies (``consequence``: how that is shown)
``baseline``              a device's policy from what it did (``past``: the ledger, read back)
``control``               what is asked of a running gateway (``ask``: how; ``column``: lines; ``export``: its ledger)
``devices``, ``confirm``  who is there, and what it is from now on (``forget``: that it never was; ``who``: which one is meant)
``live``                  the live view (``scene``: what it knows; ``screen``: how it looks)
``demo``                  the live view of the virtual home (``playback``: of its recording)
``panel``                 the household's panel, and links that log in
``doctor``                what this machine lacks (``symptom``: how that is found out)
``lab``, ``bench``        the virtual home, and how fast the datapath is

May import everything below. Exit codes: 0 fine, 1 failed or not as expected, 2 wrong usage.
"""

import importlib
import importlib.util
from typing import NamedTuple

import click

from gateway import __version__


class Place(NamedTuple):
    """Where a command lives, and what the list of commands says of it."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "inspect": Place("inspect", "inspect", "Tell what each flow in capture files is for."),
    "classify": Place("classify", "classify", "Tell what each flow of a table is for."),
    "identify": Place("identify", "identify", "Tell who the devices in a capture are."),
    "run": Place("run", "run", "Stand between the gadgets and the internet."),
    "status": Place("control", "status", "What the running gateway does."),
    "flows": Place("control", "flows", "The last flows, and why they passed or not."),
    "devices": Place("devices", "devices", "The devices it has seen, and what they look like."),
    "confirm": Place("confirm", "confirm", "Say what a device is, in the household's files."),
    "forget": Place("forget", "forget", "Leave no trace of a device."),
    "pause": Place("control", "pause", "Suspend refusals for a while."),
    "allow": Place("control", "allow", "Let one purpose of a device pass for a while."),
    "view": Place("control", "view", "Open a camera's video for a while."),
    "stop": Place("control", "stop", "End pauses, allowances and viewings."),
    "reload": Place("control", "reload", "Read the policy files anew."),
    "live": Place("live", "live", "Watch it happen."),
    "check": Place("policy", "check", "Find every fault in policy files."),
    "test": Place("policy", "test", "Hold policies to the cases beside them."),
    "explain": Place("policy", "explain", "Tell why something passes or not."),
    "schema": Place("policy", "schema", "A JSON schema for editors."),
    "catalogue": Place("catalogue", "catalogue", "What destinations are for, and how much is known."),
    "systems": Place("systems", "systems", "Meshes, shops and the like: what helps against them."),
    "whatif": Place("whatif", "whatif", "Tell what would change under other policies."),
    "baseline": Place("baseline", "baseline", "Lock a device to what it was seen to need."),
    "panel": Place("panel", "panel", "Serve the household's panel."),
    "doctor": Place("doctor", "doctor", "Find out what this machine lacks."),
    "lab": Place("lab", "lab", "The virtual home."),
    "bench": Place("bench", "bench", "Measure the datapath against a plain router."),
}
"""In the order of the list that ``--help`` shows."""


class LazyGroup(click.Group):
    """Knows its commands by name and imports one when it is used: ``--help`` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands that are installed."""
        return [name for name, place in COMMANDS.items() if importlib.util.find_spec(f"{__name__}.{place.module}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        place = COMMANDS.get(cmd_name)
        if place is None or importlib.util.find_spec(f"{__name__}.{place.module}") is None:
            return None
        command = getattr(importlib.import_module(f"{__name__}.{place.module}"), place.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, from the table: without importing what it lists."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="netcurtain")
def main() -> None:
    """Netcurtain lets out of your home only the purposes you agreed to."""
