"""Residual: handshakes on credit. Of each, an address (of IPv6, half of it), two ports, a number, a time: 64 for a start, and
one more every 15 s, as long as none of them comes to anything.
"""

from ..scenario import Stage
from ..trial import play_family, prepare

PROMISE = "Addresses and ports are no alphabet: handshakes with addresses that no name led to are few."
ACTORS = ("rogue",)
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "address")
