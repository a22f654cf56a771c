"""Residual: where an allowed name leads, what names nobody passes under it; so does what the household lets pass unnamed."""

from ..evasions.place import place
from ..scenario import Stage, outcomes
from ..trial import ROGUE, introduce, play_shared
from ..trial import be_lenient as prepare

PROMISE = "A refused name is found where hiding it helps: at an allowed name's address, under rules that let the rest pass."
ACTORS = ("rogue",)
LONG = True
NOBODY = place(0, 1).four
__all__ = ["ACTORS", "LONG", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    first = [introduce(stage.home), stage.home[ROGUE].one(tcp="nobody", address=NOBODY, port=4000, up=300, timeout_s=0.5)]
    left = stage.truth().bytes_to(NOBODY)
    stage.check("what names nobody passes here", left == 300, f"{left} bytes; {outcomes(first)}")
    number = 1
    for family in ("hello", "segment", "quic", "name"):
        number = play_shared(stage, family, first=number)
