"""Residual: a phone or a gadget that relays. To the neighbour it is a flow within the home; what the neighbour then sends is
judged as the neighbour's own, and a trusted phone's is not judged at all.
"""

from ..scenario import Stage
from ..trial import play_family, prepare

PROMISE = "The gateway's own services and the old network upstream are no way out."
LONG = True
ACTORS = ("rogue", "gizmo", "old-phone")
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "upstream")
