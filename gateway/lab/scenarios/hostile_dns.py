"""Residual: the names themselves. A gadget that may speak to a zone may ask for names in it, and who answers for the zone reads
them: at most 1 kB an hour and domain in what looks like code, 4 kB in what looks like words. An address that an allowed name
points to is judged by that name where the flow says none: whoever answers for the name decides where it points. DNS over HTTPS
to an allowed name is what that name's server makes of it; nobody outside the connection can tell.
"""

from gateway.model.packet import UDP

from ..evasions.case import GOOD
from ..evasions.dns import WORDS
from ..message import read_question
from ..scenario import Stage, outcomes
from ..topology import GATEWAY_WAN_MAC
from ..trial import play_family, prepare
from ..truth import read_frames

PROMISE = "DNS is no way out: past the resolver nothing leaves, and through it the questions themselves, so many and no more."
ACTORS = ("rogue", "annas-phone")
PHONE = "annas-phone"
DOMAIN_BYTES = 4_096
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    play_family(stage, "dns")
    names = asked_outside(stage)
    said = sum(len(name) - len(GOOD) for name in names)
    worded = [name for name in names if set(name.removesuffix("." + GOOD).replace(".", "-").split("-")) <= set(WORDS)]
    told = f"{sum(len(name) - len(GOOD) for name in worded)} of them in {len(worded)} names of words"
    seen = f"{said} bytes in {len(names)} names over IPv4 and IPv6, {DOMAIN_BYTES} allowed; {told}"
    many(stage)
    stage.check("what left in names below the allowed one is bounded", 0 < said <= DOMAIN_BYTES, seen)


def many(stage: Stage) -> None:
    """An answer of 500 addresses, over a stream, which a trusted device may open."""
    asked = stage.home[PHONE].one(dns=f"many.{GOOD}", tcp=True, timeout_s=3.0)
    found = len(asked.detail.split())
    stage.check("a phone gets an answer of 500 records whole, over TCP", found > 500, f"{found} addresses; {outcomes([asked])}")


def asked_outside(stage: Stage) -> set[str]:
    """Names below the allowed one that anybody behind the gateway, or itself, asked the internet for, in either family."""
    sent = (seen.packet for seen in read_frames(stage.home.wan_capture) if seen.source == GATEWAY_WAN_MAC)
    asked = (packet.payload for packet in sent if (packet.proto, packet.dport) == (UDP, 53))
    return {name for data in asked if (name := _name_in(data)).endswith("." + GOOD)}


def _name_in(query: bytes) -> str:
    try:
        return read_question(query).name
    except (ValueError, IndexError):
        return ""
