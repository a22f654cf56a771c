"""Residual: a device that imitates the order is believed, for no longer than one viewing in an hour, however often it does."""

import time

from ..audience import (
    BYTES_PER_S,
    DOOR,
    RELAY,
    RELAY_PORT,
    await_end,
    command,
    connect,
    described,
    film,
    left,
    live_view,
    note_viewings,
    open_viewing,
    told,
    try_to_film,
    viewing,
)
from ..scenario import PACE, Stage, outcomes

PROMISE = (
    "Under `evidence` a command before the pictures opens the door to a viewer who is away, and a report before them does not; "
    "a device that imitates the order gets no more than one viewing's length in an hour."
)
LONG = True
ACTORS = ("doorbell", "chime", "old-phone")
LENGTH_S, TRIES = 3, 3
OPEN_S = 4
"""The kernel refused this place by itself a moment ago: its counts are read once a second, and then those of connections."""
STORY_S = 11.0
"""Until then, what a camera tries belongs to the story that it began."""
OTHER, OTHER_ENTRY = "back-door", "profile: doorstep, confirmed: true"
ALLOWANCE_BYTES = round(3 * PACE * BYTES_PER_S)
"""When a viewing ends, a second's pictures may be on their way."""


def prepare(policies: object) -> None:
    """Both doors."""
    from pathlib import Path

    assert isinstance(policies, Path)
    viewing("evidence", f"{LENGTH_S}s")(policies)
    file, rule = policies / "household.yaml", "{action: owner-only, viewing: evidence, for: 3s, budget: 64kB}"
    text = file.read_text(encoding="utf-8")
    rules = f"rules: {{video: {rule}, direct-address: {rule}}}"
    file.write_text(text.replace(OTHER_ENTRY, f"{OTHER_ENTRY}, {rules}"), encoding="utf-8")


def play(stage: Stage) -> None:
    connect(stage.home["doorbell"])
    time.sleep(1.0)
    the_device_begins(stage)
    a_viewer_begins(stage)
    it_imitates_one(stage)
    note_viewings(stage)


def the_device_begins(stage: Stage) -> None:
    """Motion, then pictures: on the doorbell whose report has a name of its own, and on the one where it has not."""
    chime, doorbell = stage.home["chime"], stage.home["doorbell"]
    motion = doorbell.do("motion")
    command(doorbell)
    sent, met = try_to_film(stage)
    over = time.monotonic() + STORY_S
    seen = f"{outcomes(motion)}, then {met}"
    stage.check("a recording after a report that passes stays at home, whatever command follows", sent == 0, seen)
    motion = chime.do("motion")
    time.sleep(0.4)
    sent, met = try_to_film(stage, "chime", RELAY, port=RELAY_PORT)
    stage.check("so does one after a report that is refused", sent == 0, f"{outcomes(motion)}, then {met}")
    opened = [*told(stage, "opened"), *told(stage, "opened", OTHER)]
    stage.check("nobody was told of a viewing", not opened, opened)
    time.sleep(max(0.0, over - time.monotonic()))


def a_viewer_begins(stage: Stage) -> None:
    """Somebody on the old network, or anywhere: the gateway sees what the vendor tells the doorbell, and no more."""
    doorbell, began = stage.home["doorbell"], time.time()
    looking = live_view(stage.home["old-phone"], for_s=2)
    told_to = command(doorbell)
    time.sleep(0.3)
    running = film(stage)
    took = stage.until(lambda: left(stage, running.address, since=began) > 20_000, timeout_s=6 * PACE, every_s=0.2)
    opened_s = next((at - began for at, _ in told(stage, "opened")), float("inf"))
    stage.check("a command opens it", opened_s < OPEN_S * PACE, f"{outcomes([told_to])}; open after {opened_s:.1f} s")
    stage.check("and the pictures come", took < (OPEN_S + 1) * PACE, f"{took:.1f} s after the first try")
    seen = open_viewing(stage)
    by_order = (seen.get("by"), seen.get("confidence")) == ("evidence", 0.6)
    stage.check("status says by what, and how sure that is", by_order, seen)
    reasons = [one["reason"] for one in described(stage, running.address)]
    said = any("a viewer may have begun (confidence 0.60)" in text for text in reasons)
    stage.check("so does the flow's record", said, reasons)
    opened = [(view["by"], view["confidence"]) for _, view in told(stage, "opened")]
    stage.check("so does the event", opened == [("evidence", 0.6)], opened)
    looking.wait()
    ended = await_end(stage, since=began, timeout_s=(LENGTH_S + 2) * PACE)
    open_s = ended - told(stage, "opened")[0][0]
    held = 0 < open_s < LENGTH_S + 1.5 * PACE
    stage.check("it ends with the length of a viewing, although it is used", held, f"{open_s:.1f} s")
    running.stop()


def it_imitates_one(stage: Stage) -> None:
    doorbell, since = stage.home["doorbell"], time.time()
    for _ in range(TRIES):
        connect(doorbell)
        try_to_film(stage, for_s=0.6)
    media = stage.home.zone.hosts["198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com"].address4
    sent, whole = left(stage, media, since=since + 2.0), left(stage, media)
    bound = round((LENGTH_S + 2 * PACE) * BYTES_PER_S)
    stage.check("more of the same opens nothing more in this hour", sent == 0, f"{sent} bytes in {TRIES} tries")
    stage.check("all in all it sent no more than in one viewing", whole <= bound, f"{whole} bytes, {bound} allowed")
    troubles = stage.troubles("viewing")
    stage.check("the household is told", any(DOOR in trouble["message"] for trouble in troubles), troubles)
