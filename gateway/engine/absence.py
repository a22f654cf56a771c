"""How long it is since the state was saved – at least, and at most –, whatever the clocks went through meanwhile.

The monotonic clock goes on while no gateway runs, and begins anew with the machine; the wall clock may begin in 1970, and jump.
So what somebody may still do is counted by the longest time that a clock shows, and what somebody may do again by the time that
surely went by.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from gateway.model.event import Now


class Left(NamedTuple):
    """When it was saved."""

    mono: float
    wall: float
    trusted: bool

    def at_least_s(self, now: Now) -> float:
        """What surely went by. A machine that started anew meanwhile has been up for as long as its clock says."""
        return now.mono - self.mono if now.mono >= self.mono else max(0.0, now.mono)

    def at_most_s(self, now: Now) -> float:
        """What may have gone by, as far as any clock tells."""
        by_wall = now.wall - self.wall if self.trusted and now.wall_trusted else 0.0
        return max(self.at_least_s(now), by_wall)


def leave(now: Now) -> list[Any]:
    """Plain values for ``state.json``."""
    return list(now)


def left(saved: Sequence[Any]) -> Left:
    """The inverse of ``leave``."""
    mono, wall, trusted = saved
    return Left(float(mono), float(wall), bool(trusted))
