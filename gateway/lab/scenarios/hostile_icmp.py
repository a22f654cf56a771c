"""Residual: nothing. Gadgets send no ICMP to the internet, so no error about an allowed flow quotes anything either."""

from ..scenario import Stage
from ..trial import play_family, prepare

PROMISE = "ICMP carries nothing out: no echo, no error about an allowed flow, no quote in it."
ACTORS = ("rogue",)
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "icmp")
