"""Residual: the time after a start without any memory, in which a name counts at an address that nobody vouches for. It is
told, it is short here (five minutes in a household), and what the policy refuses stays refused."""

import time

from ..evasions.case import BAD, GOOD
from ..evasions.place import place
from ..scenario import Stage, outcomes
from ..trial import ROGUE, prepare

PROMISE = "A gateway that begins without memory tells of names that it cannot check, for a while; then it refuses them."
ACTORS = ("rogue",)
LONG = True
GRACE_S = 4
SETTINGS = {"NETCURTAIN_NAMES_GRACE_S": str(GRACE_S)}
__all__ = ["ACTORS", "LONG", "PROMISE", "SETTINGS", "play", "prepare"]


def play(stage: Stage) -> None:
    begun = time.monotonic()
    rogue, strange = stage.home[ROGUE], [place(1, variant).four for variant in range(3)]
    claimed = rogue.one(tls=GOOD, address=strange[0], up=300, timeout_s=1.0)
    stage.check("at first a name counts wherever it is said", claimed.result == "ok", outcomes([claimed]))
    told = [flow["netcurtain"]["reason"] for flow in stage.flows(ROGUE, name=GOOD) if flow["dest_ip"] == strange[0]]
    stage.check("and the record says that nobody vouches for it", any("no such address" in text for text in told), told)
    refused = rogue.one(tls=BAD, address=strange[1], up=300, timeout_s=1.0)
    stage.check("a refused name is refused all the same", refused.result != "ok", outcomes([refused]))
    time.sleep(max(begun + GRACE_S + 0.2 - time.monotonic(), 0))
    late = rogue.one(tls=GOOD, address=strange[2], up=300, timeout_s=1.0)
    stage.check(f"after {GRACE_S} s it counts where it lives", late.result != "ok", outcomes([late]))
    left = stage.truth().bytes_to(*strange[1:])
    stage.check("not one byte left for the others", left == 0, f"{left} bytes")
    own = rogue.one(tls=GOOD, up=300)
    stage.check("and there it passes", own.result == "ok", outcomes([own]))
