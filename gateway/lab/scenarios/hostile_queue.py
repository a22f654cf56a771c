"""Residual: none. Whatever happens to the queue, a packet that was not judged carries its ask bit, and the last chain denies.

A process that hangs holds packets as long as its queue has room: they go nowhere, and are judged once it goes on. A phone whose
lease is not known yet is asked about like anybody else, and so meets the same closed door.
"""

import os
import signal
import struct
import time

from gateway.edge.netlink import NLM_F_ACK, NLMSG_ERROR, NetfilterSocket, attribute, error_of, message, messages

from ..evasions.case import BAD, GOOD
from ..namespace import Namespace
from ..scenario import Stage, outcomes
from ..trial import ROGUE, prepare

PROMISE = "A queue that is deleted, hung or answered by a stranger lets nothing of a managed device out; phones go on."
ACTORS = ("rogue", "annas-phone")
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]
PHONE, ANYWHERE = "annas-phone", "api.amazon.com"
VERDICT, CONFIG = 3 << 8 | 1, 3 << 8 | 2
CFG_COMMAND, VERDICT_HEADER, MARK = 1, 2, 3
BIND, UNBIND, ACCEPT = 1, 2, 1


def play(stage: Stage) -> None:
    stage.until(lambda: _knows(stage, stage.home[PHONE].address))
    known = [stage.home[ROGUE].one(tls=GOOD, up=300), stage.home[PHONE].one(tls=ANYWHERE, up=300)]
    stage.check("all is well before", all(one.result == "ok" for one in known), outcomes(known))
    deleted(stage)
    strangers(stage)
    hung(stage)


def _knows(stage: Stage, address: str) -> bool:
    """Was the phone's lease read?"""
    return any(address in device["addresses"] for device in stage.home.ask("devices"))


def closed(stage: Stage, when: str) -> None:
    """Nobody gets anything new out, whatever the name; the phone notices nothing."""
    since = time.time()
    rogue, phone = stage.home[ROGUE], stage.home[PHONE]
    steps: list[dict[str, object]] = []
    for name in (GOOD, BAD):
        steps += [{"tls": name, "cached": True, "up": 500, "timeout_s": 0.5, "ip": ip} for ip in (4, 6)]
        steps += [{"udp": name, "cached": True, "port": 4000, "packets": 5, "timeout_s": 0.1}]
    tried = rogue.begin([{**step, "beside": True} for step in steps])
    phones = phone.do([{"tls": ANYWHERE, "up": 500}, {"tls": ANYWHERE, "cached": True, "ip": 6, "up": 500}])
    told = [one for one in tried.wait() if one.step.startswith("tls")]
    left = stage.left(BAD, actor=ROGUE, since=since)
    none = not left and all(one.result != "ok" for one in told)
    stage.check(f"{when} nothing new of the gadget leaves", none, f"{left} bytes of the refused name; {outcomes(told)}")
    stage.check(f"{when} the phone notices nothing", all(one.result == "ok" for one in phones), outcomes(phones))


def works(stage: Stage, when: str) -> None:
    again = stage.home[ROGUE].one(tls=GOOD, cached=True, up=300, timeout_s=2.0)
    refused = stage.home[ROGUE].one(tls=BAD, cached=True, up=300, timeout_s=0.8)
    stage.check(f"{when} all is as before", again.result == "ok" and refused.result != "ok", outcomes([again, refused]))


def deleted(stage: Stage) -> None:
    """Somebody takes the queue's rules away, and puts them back."""
    gateway = stage.home.machines["gateway"]
    taken = [_take_rules(gateway, command) for command in ("iptables", "ip6tables")]
    if not any(taken):
        native = gateway.run("nft", "-a", "list", "table", "inet", "netcurtain")
        stage.check("there is a rule to take away", "queue" in native, "none")
        gateway.run("nft", "flush", "chain", "inet", "netcurtain", "queue_forward")
    closed(stage, "without the queue's rules")
    for command, rules in zip(("iptables", "ip6tables"), taken, strict=True):
        for rule in rules:
            gateway.run(command, "-t", "mangle", "-A", *rule)
    if not any(taken):  # where the ruleset itself queues, its next generation brings them back
        before = stage.digest()
        stage.edit("household.yaml", "timezone: UTC", "timezone: Europe/Berlin")
        stage.await_policy(before)
    works(stage, "with them")


def _take_rules(gateway: Namespace, command: str) -> list[list[str]]:
    lines = gateway.run(command, "-t", "mangle", "-S").splitlines()
    rules = [line.split()[1:] for line in lines if "NFQUEUE" in line]
    for rule in rules:
        gateway.run(command, "-t", "mangle", "-D", *rule)
    return rules


def strangers(stage: Stage) -> None:
    """Another process on the gateway, as root: it cannot bind the queue, unbind it, or answer in its place."""
    gateway, rogue = stage.home.machines["gateway"], stage.home[ROGUE]
    with gateway.entered(), NetfilterSocket(receive_buffer_bytes=1 << 16) as other:
        told = {name: _configure(other, command) for name, command in (("bind", BIND), ("unbind", UNBIND))}
        stage.check("a stranger can neither bind nor unbind the queue", all(told.values()), told)
        since = time.time()
        pending = rogue.begin([{"tcp": BAD, "cached": True, "data": "\x16\x03\x01", "timeout_s": 0.8}])
        end = time.monotonic() + 0.5
        refusals = 0
        while time.monotonic() < end:
            for number in range(1, 40):
                refusals += bool(_answer(other, number))
        pending.wait()
    left = stage.left(BAD, actor=ROGUE, since=since)
    seen = f"{refusals} refused; {left} bytes left"
    stage.check("its verdicts are refused, and let no held packet go", refusals > 0 and not left, seen)
    works(stage, "after that")


def _configure(other: NetfilterSocket, command: int) -> int:
    return _exchange(other, message(CONFIG, attribute(CFG_COMMAND, bytes((command, 0, 0, 0))), flags=NLM_F_ACK))


def _answer(other: NetfilterSocket, number: int) -> int:
    verdict = attribute(VERDICT_HEADER, struct.pack("!II", ACCEPT, number))
    return _exchange(other, message(VERDICT, verdict, attribute(MARK, struct.pack("!I", 0x01001022)), flags=NLM_F_ACK))


def _exchange(other: NetfilterSocket, data: bytes) -> int:
    """The errno of the kernel's answer."""
    other.send(data)
    answer = other.receive(1 << 16)
    return next((error_of(answer, at, end) for kind, _, at, end in messages(answer) if kind == NLMSG_ERROR), 0)


def hung(stage: Stage) -> None:
    """The process stands still, with flows under way."""
    rogue, curtain = stage.home[ROGUE], stage.home.curtain
    stream = rogue.begin([{"tls": GOOD, "cached": True, "up": 300, "for_s": 2.5, "every_s": 0.05}])
    time.sleep(0.5)
    os.kill(curtain.pid, signal.SIGSTOP)
    began = time.time()
    try:
        closed(stage, "while the process hangs")
    finally:
        os.kill(curtain.pid, signal.SIGCONT)
    lived = stream.wait()
    stage.check("a conversation judged before goes on meanwhile", lived[-1].result == "ok", outcomes(lived))
    went_on = stage.left(GOOD, actor=ROGUE, since=began)
    stage.check("and its bytes leave", went_on > 0, f"{went_on} bytes")
    stage.until(lambda: rogue.one(tls=GOOD, cached=True, up=300, timeout_s=1.0).result == "ok", timeout_s=4.0)
    works(stage, "once it goes on")
