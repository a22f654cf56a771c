"""Residual: the fields of the IP header that every packet has, of the packets that leave anyway."""

from ..scenario import Stage
from ..trial import play_family, prepare

PROMISE = "Fragments, header options, extension headers and what is hidden behind a packet's end carry nothing out."
ACTORS = ("rogue",)
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "packet")
