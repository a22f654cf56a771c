import time

from ..audience import (
    BYTES_PER_S,
    DOOR,
    KNOWN_S,
    REPORT,
    check_cut,
    command,
    connect,
    described,
    film,
    left,
    live_view,
    open_viewing,
    told,
    try_to_film,
    viewing,
)
from ..scenario import PACE, Stage, outcomes

PROMISE = (
    "Under `panel` only a person opens the door's picture, for a while: no phone, no command, no press does; whoever asks "
    "again goes on."
)
LONG = True
ACTORS = ("doorbell", "annas-phone")
ALLOWANCE_BYTES = round(2 * PACE * BYTES_PER_S)
"""Of the viewing that ends, a second's pictures may be on their way."""
prepare = viewing("panel", "2s")


def play(stage: Stage) -> None:
    doorbell = stage.home["doorbell"]
    connect(doorbell)
    time.sleep(KNOWN_S)
    no_sign_opens(stage)
    a_person_does(stage)


def no_sign_opens(stage: Stage) -> None:
    doorbell = stage.home["doorbell"]
    looking = live_view(stage.home["annas-phone"], for_s=3)
    time.sleep(1.2)
    by_phone, met = try_to_film(stage)
    stage.check("an owner's phone that opens the live view at home opens nothing", by_phone == 0, met)
    looking.wait()
    command(doorbell)
    by_command, met = try_to_film(stage)
    stage.check("nor does a command", by_command == 0, met)
    press = doorbell.do("press")
    by_press, met = try_to_film(stage)
    stage.check("nor does a press", by_press == 0, met)
    stage.check("and the bell rings", press[0].result == "ok" and stage.left(REPORT) > 0, outcomes(press))
    stage.check("nobody was told of a viewing", not told(stage, "opened"), told(stage, "opened"))


def a_person_does(stage: Stage) -> None:
    """Two seconds, by the rule; asked for again after one, it goes on from then."""
    asked = time.time()
    stage.home.ask("view", device=DOOR, seconds=2)
    running = film(stage)
    time.sleep(1.0)
    seen = open_viewing(stage)
    reasons = [one["reason"] for one in described(stage, running.address)]
    stage.home.ask("view", device=DOOR, seconds=2)
    time.sleep(1.5)
    flowing = left(stage, running.address, since=asked + 2.1)
    stage.check("a person opens it, and whoever asks again goes on", flowing > 0, f"{flowing} bytes after its first end")
    stage.check("status says so", seen.get("by") == "panel", seen)
    stage.check("and so does the flow's record", any("and a viewing is open (" in text for text in reasons), reasons)
    check_cut(stage, running, asked + 3.0, "after the second end")
    running.stop()
