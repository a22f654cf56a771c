"""Residual: what other devices of the same radio network hear is the access point's affair (client isolation); here it is the
bridge's, whose ports are isolated. What the rogue tells the gateway of itself and of others must change nothing for them.
"""

import time

from ..carried import Mark, count
from ..scenario import Stage, outcomes
from ..trial import ROGUE, play_family, prepare

PROMISE = "Tags, foreign EtherTypes, multicast and lies told to the neighbours carry nothing out and harm nobody else."
ACTORS = ("rogue", "annas-phone")
PHONE, ANYWHERE = "annas-phone", "api.gadgetcloud.example"
LIE_S = 1.0
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    before = _ways(stage)
    played = play_family(stage, "link")
    tokens = {name: Mark(addresses=(), token=mark.token) for name, mark in played.marks.items()}
    heard = count(stage.home.lan_capture(PHONE), tokens)
    told = {name: size for name, size in heard.items() if size}
    stage.check("the phone's cable carried none of it, multicast and broadcasts included", not told, told or "nothing")
    after = _ways(stage)
    stage.check("routes, resolver and addresses of the gateway are what they were", after == before, after)
    phone_goes_on(stage)


def phone_goes_on(stage: Stage) -> None:
    """While the rogue claims to be the phone, again and again."""
    phone, rogue = stage.home[PHONE], stage.home[ROGUE]
    known = [phone.one(tls=ANYWHERE, up=300, ip=family) for family in (4, 6)]
    stage.check("before, the phone works", all(one.result == "ok" for one in known), outcomes(known))
    plug = stage.home.behaviours[PHONE].plug(dhcp=True)
    lies = {"claim": "neighbour", "address4": phone.address, "address6": plug.address6, "for_s": LIE_S}
    lying = rogue.begin([lies])
    time.sleep(LIE_S / 4)
    step = {"tls": ANYWHERE, "cached": True, "up": 3000, "timeout_s": LIE_S}
    begun = [phone.begin([{**step, "ip": family}]) for family in (4, 6)]
    during = [pending.wait()[-1] for pending in begun]
    told = lying.wait()[0]
    seen = f"{outcomes(during)}; {told.detail}"
    stage.check("while the rogue claims its addresses, it still does", all(one.result == "ok" for one in during), seen)
    stage.check("and the rogue gets nothing that was for the phone", told.received_bytes == 0, f"{told.received_bytes} bytes")


def _ways(stage: Stage) -> str:
    gateway = stage.home.machines["gateway"]
    lines = [gateway.run("ip", family, "route") for family in ("-4", "-6")] + [gateway.run("ip", "-brief", "addr")]
    return "; ".join(line.strip() for text in lines for line in text.splitlines() if line.strip())
