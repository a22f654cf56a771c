"""Residual: where an allowed name leads, what names nobody passes under it; so does what the household lets pass unnamed."""

import time

from ..evasions.place import place
from ..scenario import Stage, outcomes
from ..trial import ROGUE, introduce, play_shared
from ..trial import be_lenient as prepare

PROMISE = "A refused name is found where hiding it helps: at an allowed name's address, under rules that let the rest pass."
ACTORS = ("rogue",)
LONG = True
NOBODY, STRANGER = place(0, 1).four, "198.51.100.77"
LATE_BYTES = 16_000
"""Of pictures, until they were looked at."""
ALLOWANCE_BYTES = 1_000 + LATE_BYTES
"""That flow until then; what is said again and again counts once."""
__all__ = ["ACTORS", "LONG", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    first = [introduce(stage.home), stage.home[ROGUE].one(tcp="nobody", address=NOBODY, port=4000, up=300, timeout_s=0.5)]
    left = stage.truth().bytes_to(NOBODY)
    stage.check("what names nobody passes here", left == 300, f"{left} bytes; {outcomes(first)}")
    pictures_late(stage)
    number = 1
    for family in ("hello", "segment", "quic", "name"):
        number = play_shared(stage, family, first=number)


def pictures_late(stage: Stage) -> None:
    """Datagrams that say nothing, more than all looks together; then pictures on the same ports. The kernel asks about such a
    flow every ten minutes, which are made to be over here."""
    rogue, flow = stage.home[ROGUE], {"address": STRANGER, "port": 36_000, "sport": 40_820}
    rogue.one(udp="nobody", **flow, packets=1_300, size=1_000, every_s=0.0005)
    stage.home.machines["gateway"].run("nft", "flush", "set", "inet", "netcurtain", "looked")
    began = time.time()
    stream = rogue.one(media="nobody", **flow, stun=False, packets=300, rate=300, size=856)
    left = stage.truth().bytes_to(STRANGER, since=began)
    told = [(one["netcurtain"]["purpose"], one["netcurtain"]["effect"]) for one in stage.flows(ROGUE, port=36_000)]
    seen = f"{left} of {stream.sent_bytes} bytes left, {LATE_BYTES} allowed; {told}; {outcomes([stream])}"
    cut = left <= LATE_BYTES and ("video", "refuse") in told
    stage.check("pictures behind a megabyte of something else are seen, and stopped", cut, seen)
