"""Residual: the names themselves. A gadget that may speak to a zone may ask for names in it, and who answers for the zone reads
them: at most 1 kB an hour and domain in what looks like code, 4 kB in what looks like words. An address that an allowed name
points to is judged by that name where the flow says none: whoever answers for the name decides where it points. DNS over HTTPS
to an allowed name is what that name's server makes of it; nobody outside the connection can tell.
"""

from gateway.edge.pcap import read_capture

from ..evasions.case import GOOD
from ..message import read_question
from ..scenario import Stage
from ..topology import GATEWAY_WAN_MAC
from ..trial import play_family, prepare

PROMISE = "DNS is no way out: past the resolver nothing leaves, and through it the questions themselves, so many and no more."
ACTORS = ("rogue",)
DOMAIN_BYTES = 4_096
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "dns")
    names = asked_outside(stage)
    said = sum(len(name) - len(GOOD) for name in names)
    seen = f"{said} bytes in {len(names)} names, {DOMAIN_BYTES} allowed"
    stage.check("what left in names below the allowed one is bounded", 0 < said <= DOMAIN_BYTES, seen)


def asked_outside(stage: Stage) -> set[str]:
    """Names below the allowed one that the home's resolver asked the internet for."""
    wan = bytes.fromhex(GATEWAY_WAN_MAC.replace(":", ""))
    frames = (captured.data for captured in read_capture(stage.home.wan_capture))
    asked = (frame[42:] for frame in frames if frame[6:12] == wan and frame[12:14] == b"\x08\0" and frame[36:38] == b"\0\x35")
    return {name for data in asked if (name := _name_in(data)).endswith("." + GOOD)}


def _name_in(query: bytes) -> str:
    try:
        return read_question(query).name
    except (ValueError, IndexError):
        return ""
