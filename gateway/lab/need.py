"""What gadgets make of reports that do not get through, in whatever manner they are told so: one can do without, others suffer.

A step ``{need: faint, name: …, beat: …}`` lives like that for ``for_s`` seconds, or until it is stopped: a report to ``name``
and a heartbeat to ``beat``, each on its own beat, as long as reports are served. Its outcome's ``detail`` is a JSON list of
all tries, as that of ``temper``.
"""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .temper import RESTART, SERVED, Temper

if TYPE_CHECKING:
    from .step import World

BEAT_S, REPORT_S = 1.5, 1.5
DOGGED_S, BOOT_S = 0.1, 2.2
"""A lease tells of a restart by whole seconds."""
CONNECTIONS = 8
"""What one that loses its footing opens at once."""


class Needy:
    """A gadget with a report and a heartbeat. What it does when a report is lost is its own; this one does without."""

    def __init__(self, name: str, beat: str, world: "World") -> None:
        self.world = world
        self._report, self._beat = Temper(name, world), Temper(beat, world)
        self._next_report = self._next_beat = time.monotonic()

    def turn(self) -> float:
        """Do what is due; seconds until something is due again."""
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat += BEAT_S
            self.beat()
        if now >= self._next_report:
            self._next_report = time.monotonic() + (REPORT_S if self.report() else self.suffer())
        return max(0.0, min(self._next_beat, self._next_report) - time.monotonic())

    @property
    def tries(self) -> list[tuple[float, str]]:
        """When it tried what."""
        return sorted([*self._report.tries, *self._beat.tries])

    def report(self) -> bool:
        """Was it served?"""
        return _served(self._report)

    def beat(self) -> None:
        """Say that it is there."""
        _served(self._beat)

    def suffer(self) -> float:
        """A report was lost; seconds until the next one."""
        return REPORT_S

    def restart(self) -> None:
        """Switch itself off and on again, lease and all."""
        self._report.note(RESTART)
        self.world.rejoin()


class Dogged(Needy):
    """Reports again at once, and again, and again."""

    def suffer(self) -> float:
        return DOGGED_S


class Clinging(Needy):
    """Takes it for a fault of its other connections, and opens them all anew."""

    def suffer(self) -> float:
        for _ in range(CONNECTIONS):
            self.beat()
        return REPORT_S


class Faint(Needy):
    """Waits for its report before it says anything else."""

    def suffer(self) -> float:
        self._next_beat = float("inf")
        return REPORT_S

    def report(self) -> bool:
        served = super().report()
        if served and self._next_beat == float("inf"):
            self._next_beat = time.monotonic()
        return served


class Restless(Needy):
    """Starts over."""

    def suffer(self) -> float:
        self.restart()
        return BOOT_S


NEEDS: Mapping[str, type[Needy]] = {
    "content": Needy, "dogged": Dogged, "clinging": Clinging, "faint": Faint, "restless": Restless,
}  # fmt: skip


def live(step: Mapping[str, Any], world: "World") -> str:
    """The life of one gadget, and all that it tried."""
    gadget = NEEDS[str(step["need"])](str(step["name"]), str(step["beat"]), world)
    until = time.monotonic() + float(step.get("for_s", 90))
    while time.monotonic() < until and not world.stopping.is_set():
        world.stopping.wait(gadget.turn())
    return json.dumps(gadget.tries)


def _served(temper: Temper) -> bool:
    address, _ = temper.ask()
    return bool(address) and temper.knock(address) == SERVED
