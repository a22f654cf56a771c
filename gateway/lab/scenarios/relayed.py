"""Residual: a phone that fetches something from a gadget and sends it on. To the gateway that is a flow within the home, and
then one of the phone's own, which nobody judges: it is counted, and no more.
"""

import os
import time

from ..attacker import Attacker
from ..carried import Mark, count
from ..evasions.case import BAD
from ..scenario import Stage
from ..topology import GATEWAY_WAN_MAC
from ..trial import ROGUE
from .hostile_neighbour import prepare

PROMISE = "A gadget reaches no phone by itself; what a neighbour sends on for it is judged as the neighbour's own."
ACTORS = ("rogue", "gizmo", "annas-phone")
LONG = True
PHONE, NEIGHBOUR = "annas-phone", "gizmo"
PORT, ANSWERS = 40_950, 40_960
LETTERS, LETTER = 20, 25
FOR_S, RECORDED_S = 1.5, 20.0
"""How long somebody relays; and until a flow's line shows its bytes, which it does every quarter of a minute."""
__all__ = ["ACTORS", "LONG", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    for name in ACTORS:
        stage.home[name].one(tls="good.rogue.example", up=100)
    with stage.home[ROGUE].machine.entered():
        attacker = Attacker()
    by_a_phone(stage, attacker)
    by_a_neighbour(stage, attacker)
    for_a_phone(stage, attacker)


def pass_on(stage: Stage, attacker: Attacker, by: str) -> tuple[int, int, str]:
    """The rogue says it to a neighbour that sends on what it hears: bytes that came there, and that left; and the token."""
    relaying = stage.home[by].begin([{"relay": BAD, "cached": True, "sport": PORT, "for_s": FOR_S}])
    time.sleep(0.2)
    token = os.urandom(8)
    for _ in range(LETTERS):
        attacker.send_udp(token * LETTER, stage.home[by].address, PORT)
        time.sleep(0.01)
    told = relaying.wait()[-1]
    return told.received_bytes, _left(stage, token), f"{told.received_bytes} bytes came, {told.sent_bytes} were sent on"


def by_a_phone(stage: Stage, attacker: Attacker) -> None:
    came, left, seen = pass_on(stage, attacker, PHONE)
    stage.check("a gadget reaches no phone by itself", came == left == 0, f"{seen}, {left} left")
    flows = [flow["netcurtain"] for flow in stage.flows(ROGUE, purpose="local", port=PORT)]
    refused = [flow for flow in flows if flow["effect"] != "pass" and flow["attempts"] >= LETTERS / 2]
    stage.check("and that it tried is told", bool(refused), refused[:1] or flows)


def by_a_neighbour(stage: Stage, attacker: Attacker) -> None:
    came, left, seen = pass_on(stage, attacker, NEIGHBOUR)
    stage.check("what another gadget sends on is judged as that one's own", came > 0 == left, f"{seen}, {left} left")


def for_a_phone(stage: Stage, attacker: Attacker) -> None:
    """The phone asks; the answers, on the ports of its flow, are what it sends on."""
    phone, token = stage.home[PHONE], os.urandom(8)
    fetch = {"relay": BAD, "cached": True, "sport": PORT, "for_s": FOR_S, "asks": stage.home[ROGUE].address, "at": ANSWERS}
    fetching = phone.begin([fetch])
    time.sleep(0.3)
    for _ in range(LETTERS):
        attacker.send_udp(token * LETTER, phone.address, PORT, sport=ANSWERS)
        time.sleep(0.01)
    told = fetching.wait()[-1]
    left = _left(stage, token)
    stage.check("what a phone fetches and sends on leaves as the phone's", 0 < left == told.sent_bytes, f"{left} bytes")

    def counted() -> int:
        flows = [flow for flow in stage.flows(ROGUE, purpose="local") if ANSWERS in (flow["dest_port"], flow["src_port"])]
        return sum(flow["bytes_toclient"] + flow["bytes_toserver"] for flow in flows)

    stage.until(lambda: counted() >= told.received_bytes, timeout_s=RECORDED_S, every_s=0.5)
    seen = f"{counted()} bytes in the ledger"
    stage.check("what the gadget answered is counted", counted() >= told.received_bytes > 0, seen)


def _left(stage: Stage, token: bytes) -> int:
    time.sleep(0.1)
    stage.home.settle()
    return count(stage.home.wan_capture, {"it": Mark(addresses=(), token=token)}, source=GATEWAY_WAN_MAC)["it"]
