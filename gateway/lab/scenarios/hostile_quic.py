"""Residual: none. UDP has no handshake, so the first datagram of a flow is held until its name is known."""

from ..evasions.case import BAD
from ..scenario import Stage
from ..trial import ROGUE, play_family, prepare

PROMISE = "Whatever is said over UDP in QUIC's name, or beside it, a refused name lets no datagram out."
ACTORS = ("rogue",)
READABLE = 5
"""In one piece over both families, in version 2, scattered, and in one datagram with other packets."""
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "quic")
    read = [flow["dest_port"] for flow in stage.flows(ROGUE, name=BAD) if flow["netcurtain"]["name_source"] == "quic"]
    stage.check("the gateway read the refused name in the hellos: they were real", len(read) >= READABLE, f"{len(read)} flows")
