"""Residual: nothing. What claims to come from the internet is no packet of a gadget, and is answered by nobody."""

from ..scenario import Stage
from ..trial import play_family, prepare

PROMISE = "The gateway does not speak for a gadget: nothing that it answers to a false source address leaves the home."
LONG = True
ACTORS = ("rogue",)
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "reflection")
