import time
from pathlib import Path

from ..audience import (
    BYTES_PER_S,
    RELAY,
    RELAY_PORT,
    await_end,
    check_cut,
    film,
    left,
    note_viewings,
    open_viewing,
    told,
    try_to_film,
)
from ..scenario import PACE, Stage, outcomes

PROMISE = (
    "Under `bell` a press opens the picture for two minutes, where the press has a name of its own; motion does not, and where "
    "a press cannot be told from motion the choice is a fault."
)
LONG = True
ACTORS = ("chime", "doorbell")
DEVICE, ENTRY, RING_ENTRY = "back-door", "profile: doorstep, confirmed: true", "profile: ring-doorbell, confirmed: true"
MOTION, BELL = "motion.doorstep.example", "bell.doorstep.example"
LENGTH_S = 4
"""Shorter than two minutes, so that it can be waited for."""
CHOICE = "rules: {video: {action: owner-only, viewing: bell}}"
RULE = f"{{action: owner-only, viewing: bell, for: {LENGTH_S}s, budget: 64kB}}"
ALLOWANCE_BYTES = round(2 * PACE * BYTES_PER_S)
"""When the viewing ends, a second's pictures may be on their way."""


def prepare(policies: Path) -> None:
    file = policies / "household.yaml"
    rules = f"rules: {{video: {RULE}, direct-address: {RULE}}}"
    file.write_text(file.read_text(encoding="utf-8").replace(ENTRY, f"{ENTRY}, {rules}"), encoding="utf-8")


def play(stage: Stage) -> None:
    motion_does_not(stage)
    a_press_does(stage)
    where_it_cannot_be_told(stage)
    note_viewings(stage)


def motion_does_not(stage: Stage) -> None:
    motion = stage.home["chime"].do("motion")
    sent, met = try_to_film(stage, "chime", RELAY, port=RELAY_PORT)
    stage.check("motion opens nothing", sent == 0 and not open_viewing(stage, DEVICE), f"{outcomes(motion)}, then {met}")


def a_press_does(stage: Stage) -> None:
    chime, began = stage.home["chime"], time.time()
    press = chime.do("press")
    running = film(stage, "chime", RELAY, port=RELAY_PORT)
    took = stage.until(lambda: left(stage, RELAY, since=began) > 20_000, timeout_s=3 * PACE, every_s=0.2)
    stage.check("a press opens it at once", took < 2 * PACE, f"{outcomes(press)}, {took:.1f} s after the first try")
    seen = open_viewing(stage, DEVICE)
    stage.check("status says by what", seen.get("by") == "bell" and BELL in seen.get("because", ""), seen)
    chime.do("press")
    again = time.time()
    ended = await_end(stage, DEVICE, since=began, timeout_s=(LENGTH_S + 4) * PACE)
    open_s = ended - again
    held = LENGTH_S - 0.5 < open_s < LENGTH_S + 1.0 * PACE
    stage.check("it ends by itself, counted from the last press", held, f"{open_s:.1f} s after it")
    check_cut(stage, running, ended, "after that")
    running.stop()
    stage.check("it was told of once", len(told(stage, "opened", DEVICE)) == 1, told(stage, "opened", DEVICE))
    stage.check("both presses left, and no motion", stage.left(BELL) >= 1400 and stage.left(MOTION) == 0, stage.left(BELL))


def where_it_cannot_be_told(stage: Stage) -> None:
    stage.edit("household.yaml", RING_ENTRY, f"{RING_ENTRY}, {CHOICE}")
    stage.until(lambda: bool(stage.home.ask("status")["policy_faults"]), timeout_s=3 * PACE)
    faults = stage.home.ask("status")["policy_faults"]
    stage.edit("household.yaml", f"{RING_ENTRY}, {CHOICE}", RING_ENTRY)
    said = any("cannot be told on this device" in fault and "panel, panel+home, evidence" in fault for fault in faults)
    stage.check("for a bell that shares its name with motion the choice is a fault, and says what else there is", said, faults)
