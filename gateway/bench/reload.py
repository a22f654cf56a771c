"""What a change of policy costs: until a live flow is cut, and until many live flows were judged again."""

import subprocess
import time

from gateway.lab.namespace import LabError

from .figure import Figure, spread
from .lane import Lane

EVERY_S = 0.001
PATIENCE_S = 10.0
POLL_S = 0.005


def measure_cut(lane: Lane, *, repetitions: int) -> Figure:
    """Milliseconds from the edit that forbids a live flow to its reset."""
    found = []
    for _ in range(repetitions):
        with lane.started("pulse", seconds=PATIENCE_S, every_s=EVERY_S) as process:
            lane.await_ready(process)
            began = time.monotonic()
            lane.set_policy(control="block")
            found.append(1_000 * (float(lane.result(process)["at"]) - began))
        before = _epoch(lane)
        lane.set_policy()
        _await_epoch_after(lane, before)
    return Figure(name="reload_cut_ms", title="policy edit to the cut of a live flow", unit="ms", curtain=spread(found))


def measure_epoch(lane: Lane, *, repetitions: int, flows: int) -> Figure:
    """Milliseconds that a new epoch adds to the next packet of so many live flows, sent all at once."""
    with lane.started("crowd", count=flows) as process:
        lane.await_ready(process)
        found = [_added_ms(lane, process, flows=flows, turn=turn) for turn in range(repetitions)]
    return Figure(
        name="epoch_ms",
        title=f"{flows} live flows judged again after a policy change, all at once",
        unit="ms",
        curtain=spread(found),
        note="beyond what the same packets take within an epoch",
    )


def _added_ms(lane: Lane, process: "subprocess.Popen[bytes]", *, flows: int, turn: int) -> float:
    _ping(lane, process, flows)
    usual = _ping(lane, process, flows)
    before = _epoch(lane)
    lane.set_policy(telemetry="block" if turn % 2 else "allow")
    _await_epoch_after(lane, before)
    return 1_000 * max(0.0, _ping(lane, process, flows) - usual)


def _ping(lane: Lane, process: "subprocess.Popen[bytes]", flows: int) -> float:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()
    result = lane.result(process)
    if result["alive"] != flows:
        raise LabError(f"only {result['alive']} of {flows} live flows survived a change of policy that left them alone")
    return float(result["seconds"])


def _epoch(lane: Lane) -> int:
    assert lane.curtain is not None
    return int(lane.curtain.ask("status")["epoch"])


def _await_epoch_after(lane: Lane, before: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while _epoch(lane) == before:
        if time.monotonic() > deadline:
            raise LabError("the gateway did not take up an edited policy")
        time.sleep(POLL_S)
