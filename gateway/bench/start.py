"""From the command to the first judged flow's first byte."""

import time

from . import gadget
from .lane import Lane
from .plan import Lanes, Plan, curtain_of
from .router import Curtain
from .row import OURS, Sample, Spec

TITLE = "start to first verdict"
EVERY_S = 0.004
IN_FLIGHT = 40
PATIENCE_S = 20.0
ROWS = (Spec(id="first_verdict_s", title=TITLE, unit="s", goal=1.5),)


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """Seconds. The gateway is started while a gadget knocks all the time; it runs when this returns.

    Nothing is answered before the ruleset stands, because only it translates addresses; and it passes nothing unjudged.
    """
    lane, curtain = curtain_of(lanes)
    return {"first_verdict_s": Sample(values={OURS: [_once(lane, curtain) for _ in range(plan.starts)]})}


def _once(lane: Lane, curtain: Curtain) -> float:
    curtain.stop()
    knocks = {"seconds": PATIENCE_S, "every_s": EVERY_S, "in_flight": IN_FLIGHT, "servers": [gadget.server(gadget.HOME[0])]}
    with lane.started("first", **knocks) as process:
        lane.await_ready(process)
        began = time.monotonic()
        curtain.begin()
        took = float(lane.result(process)["at"]) - began
    curtain.gateway.await_ready()
    return took
