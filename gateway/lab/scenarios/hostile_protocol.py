"""Residual: nothing. As raw frames: the gadget's kernel speaks few of these protocols."""

from ..scenario import Stage
from ..trial import play_family, prepare

PROMISE = "Tunnels and protocols that nobody can name carry nothing out."
ACTORS = ("rogue",)
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "protocol")
