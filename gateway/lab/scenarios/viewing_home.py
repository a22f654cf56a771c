"""Residual: which of a vendor's cameras the phone wants, only the vendor is told; the one that begins to send is let."""

import time

from ..audience import (
    BYTES_PER_S,
    DOOR,
    KNOWN_S,
    MEDIA,
    RELAY,
    RELAY_PORT,
    SIGNALLING,
    await_end,
    check_cut,
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
    "At home the owner opens the vendor's live view on the phone, and the door's picture comes, as long as it is watched; "
    "for a guest's phone, one on the old network, or a report of motion it does not."
)
ACTORS = ("doorbell", "annas-phone", "guests-phone", "old-phone")
LONG = True
LENGTH_S = 3
ALLOWANCE_BYTES = round(2 * PACE * BYTES_PER_S)
"""When the viewing ends, a second's pictures may be on their way."""
prepare = viewing("panel+home", f"{LENGTH_S}s")


def play(stage: Stage) -> None:
    stage.home["doorbell"].do("press")
    time.sleep(KNOWN_S)
    nobody_else(stage)
    the_owner(stage)
    note_viewings(stage)


def nobody_else(stage: Stage) -> None:
    strangers = {
        "a guest's phone at home": live_view(stage.home["guests-phone"], for_s=2.4),
        "the owner's, or any other, on the old network": live_view(stage.home["old-phone"], for_s=2.4),
        "the doorbell itself": live_view(stage.home["doorbell"], for_s=2.4),
    }
    time.sleep(1.2)
    sent, met = try_to_film(stage)
    looked = {who: pending.wait()[-1] for who, pending in strangers.items()}
    all_looked = all(one.result == "ok" for one in looked.values())
    stage.check(f"the live view opened by {', '.join(looked)} opens nothing", all_looked and sent == 0, met)
    motion = stage.home["doorbell"].do("motion")
    time.sleep(0.5)
    sent, met = try_to_film(stage)
    stage.check("a recording that the doorbell begins by itself stays at home", sent == 0, f"{outcomes(motion)}, then {met}")
    stage.check("no viewing was opened", not told(stage, "opened"), told(stage, "opened"))


def the_owner(stage: Stage) -> None:
    doorbell, began = stage.home["doorbell"], time.time()
    looking = live_view(stage.home["annas-phone"], for_s=LENGTH_S + 3)
    time.sleep(0.6)
    running = film(stage)
    took = stage.until(lambda: left(stage, running.address, since=began) > 20_000, timeout_s=4 * PACE, every_s=0.2)
    stage.check("the owner's phone opens it within 3 s", took < 3 * PACE, f"{took:.1f} s after the first try")
    seen = open_viewing(stage)
    by_phone = seen.get("by") == "home" and "annas-phone" in seen.get("because", "") and SIGNALLING in seen.get("because", "")
    stage.check("status says whose phone it was, and how sure that is", by_phone and 0 < seen["confidence"] < 1, seen)
    stage.check("so does the event", [view["by"] for _, view in told(stage, "opened")] == ["home"], told(stage, "opened"))
    reasons = [one["reason"] for one in described(stage, running.address)]
    stage.check("so does the flow's record", any("annas-phone opened the live view" in text for text in reasons), reasons)
    spoken = doorbell.one(media=RELAY, port=RELAY_PORT, packets=60, size=160, rate=50)
    talk = left(stage, RELAY, since=began)
    said = f"{outcomes([spoken])}, {talk} bytes"
    stage.check("talk within the viewing passes, to an address without a name too", talk > 5_000, said)
    looking.wait()
    hung_up = time.time()
    flowing = left(stage, running.address, since=hung_up - 1)
    seen_s = hung_up - began
    goes_on = seen_s > LENGTH_S and flowing > 0
    stage.check("it goes on while the phone listens", goes_on, f"{flowing} bytes after {seen_s:.0f} s")
    ended = await_end(stage, since=hung_up, timeout_s=(LENGTH_S + 4) * PACE)
    stage.check("it ends by itself once the phone has hung up", ended > 0, f"{ended - hung_up:.1f} s later")
    check_cut(stage, running, ended, "after that")
    running.stop()
    press = doorbell.do("press")
    stage.check("the bell still rings", press[0].result == "ok", outcomes(press))
    stage.check(f"{DOOR}: not one byte of video left before", left(stage, _media(stage), until=began) == 0, MEDIA)


def _media(stage: Stage) -> str:
    return stage.home.zone.hosts[MEDIA].address4
