"""Residual: the SYN of a flow whose name is not known yet: an address, a port, a moment."""

from ..scenario import Stage
from ..trial import play_family, prepare

PROMISE = "However a hello is cut, turned round, contradicted or delayed, a refused name lets no byte out."
ACTORS = ("rogue",)
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "hello")
