"""Residual: empty segments. The SYN to an address that is not refused yet, with the usual options of any client (MSS, window
scale, SACK, timestamps); the few empty segments of a handshake; the numbers in their headers.
"""

from ..scenario import Stage
from ..trial import play_family, prepare

PROMISE = "Payload in segments that are no part of an ordinary conversation stays in the home, header options included."
ACTORS = ("rogue",)
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "segment")
