"""What a change of policy costs: until a live flow is cut, and until many live flows were judged again."""

import subprocess
import time

from gateway.lab.namespace import LabError

from . import gadget
from .lane import Lane
from .plan import Lanes, Plan, curtain_of
from .router import Curtain
from .row import OURS, Sample, Spec

TITLE = "edits of the policy"
EVERY_S = 0.001
PATIENCE_S = 10.0
ROWS = (
    Spec(id="policy_cut_s", title="policy edit to the cut of a live flow", unit="s"),
    Spec(id="rejudged_1000_ms", title="added to 1,000 live flows, all at once, by a new epoch", unit="ms"),
)


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """In a home of ordinary size."""
    lane, curtain = curtain_of(lanes)
    cuts = [_cut_s(lane, curtain) for _ in range(plan.reloads)]
    servers = [gadget.server(host) for host in gadget.HOME]
    with lane.started("crowd", count=plan.live, servers=servers) as process:
        lane.await_ready(process)
        added = [_added_ms(lane, process, live=plan.live, turn=turn) for turn in range(plan.reloads)]
    note = "beyond what the same packets take within an epoch"
    return {"policy_cut_s": Sample(values={OURS: cuts}), "rejudged_1000_ms": Sample(values={OURS: added}, note=note)}


def _cut_s(lane: Lane, curtain: Curtain) -> float:
    """From the edit that forbids a live flow to its reset."""
    with lane.started("pulse", seconds=PATIENCE_S, every_s=EVERY_S, servers=[gadget.server(gadget.HOME[0])]) as process:
        lane.await_ready(process)
        began = time.monotonic()
        curtain.change_policy(gadget.HOME, control="block")
        took = float(lane.result(process)["at"]) - began
    curtain.change_policy(gadget.HOME)
    return took


def _added_ms(lane: Lane, process: "subprocess.Popen[bytes]", *, live: int, turn: int) -> float:
    _ping(lane, process, live)
    usual = _ping(lane, process, live)
    curtain = lane.middle
    assert isinstance(curtain, Curtain)
    curtain.change_policy(gadget.HOME, telemetry="block" if turn % 2 else "allow")
    return 1_000 * max(0.0, _ping(lane, process, live) - usual)


def _ping(lane: Lane, process: "subprocess.Popen[bytes]", live: int) -> float:
    result = lane.ask(process)
    if result["alive"] != live:
        raise LabError(f"only {result['alive']} of {live} live flows survived a change of policy that left them alone")
    return float(result["seconds"])
