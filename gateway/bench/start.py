"""From the command to the first judged flow's first byte."""

import time

from .figure import Figure, Goal, spread
from .lane import Lane

GOAL_S = 1.5
EVERY_S = 0.004
IN_FLIGHT = 40
PATIENCE_S = 20.0


def measure(lane: Lane, *, repetitions: int) -> Figure:
    """Seconds. The gateway is started while a gadget knocks all the time; it runs when this returns.

    Nothing is answered before the ruleset stands, because only it translates addresses; and it passes nothing unjudged.
    """
    found = [_once(lane) for _ in range(repetitions)]
    return Figure(
        name="start_s",
        title="start to first verdict",
        unit="s",
        curtain=spread(found),
        goal=Goal(of="value", bound=GOAL_S),
    )


def _once(lane: Lane) -> float:
    assert lane.curtain is not None
    lane.curtain.stop()
    with lane.started("first", seconds=PATIENCE_S, every_s=EVERY_S, in_flight=IN_FLIGHT) as process:
        lane.await_ready(process)
        began = time.monotonic()
        lane.curtain.start()
        took = float(lane.result(process)["at"]) - began
    lane.curtain.await_ready()
    return took
