"""An ordinary day in the home, played without end: every gadget acts at its own beat, a little irregularly."""

import heapq
import random
import time
from collections.abc import Callable, Mapping

from .behaviour import Behaviour
from .gadget import Gadget, Pending
from .namespace import LabError

HURRY = 4.0
"""The demo's seconds are shorter than a household's."""
FIRST_S = 3.0
"""Everything that a gadget does is seen for the first time within this time, in turn."""


def plan(behaviours: Mapping[str, Behaviour], *, seed: int = 1) -> list[tuple[float, str, str]]:
    """When each trigger comes first: (seconds from now, who, what), as a heap."""
    chance = random.Random(seed)
    first = [
        (chance.uniform(0.2, FIRST_S) + beat / HURRY * chance.random(), name, trigger)
        for name, behaviour in behaviours.items()
        for trigger, beat in behaviour.schedule.items()
    ]
    heapq.heapify(first)
    return first


def live(
    gadgets: Mapping[str, Gadget],
    *,
    going: Callable[[], bool],
    act: Callable[[str, str], None] = lambda name, trigger: None,
    seed: int = 1,
) -> None:
    """Let them act while ``going()``; ``act`` is told of each trigger. A gadget that is busy skips its turn."""
    chance = random.Random(seed + 1)
    due = plan({name: gadget.behaviour for name, gadget in gadgets.items()}, seed=seed)
    began = time.monotonic()
    busy: dict[tuple[str, str], Pending] = {}
    while due and going():
        wait_s = due[0][0] - (time.monotonic() - began)
        if wait_s > 0:
            time.sleep(min(wait_s, 0.1))
            continue
        _, name, trigger = heapq.heappop(due)
        beat = gadgets[name].behaviour.schedule[trigger] / HURRY
        heapq.heappush(due, (time.monotonic() - began + beat * chance.uniform(0.7, 1.3), name, trigger))
        if _is_over(busy.pop((name, trigger), None), busy, (name, trigger)):
            act(name, trigger)
            busy[name, trigger] = gadgets[name].begin(trigger)


def _is_over(pending: Pending | None, busy: dict[tuple[str, str], Pending], key: tuple[str, str]) -> bool:
    if pending is None:
        return True
    try:
        pending.wait(0.0)
    except LabError:
        busy[key] = pending
        return False
    return True
