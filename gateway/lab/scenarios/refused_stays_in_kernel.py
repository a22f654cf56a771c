"""What is counted: for TCP one try is one SYN, for UDP one datagram – those that the judge saw, and those that the kernel
refused by itself, which it tells of every two seconds."""

import json
import time
from ipaddress import ip_address

from ..outcome import Outcome
from ..scenario import PACE, Stage, outcomes
from ..trial import ROGUE, introduce, prepare

PROMISE = "Two thousand tries of something refused cost the judge under fifty packets and the ledger one line with their count."
ACTORS = ("rogue",)
BAD, NEIGHBOUR = "bad.rogue.example", "also.good.rogue.example"
"""Two tenants of one address."""
TIMES, MOST_ASKED, WITHIN_S = 2_000, 50, 5.0
PORTS = {"TCP": 443, "UDP": 9_999}
COUNTERS_S = 2.0
ENTRY = "profile: rogue, confirmed: true"
LENIENT = f"{ENTRY}, rules: {{telemetry: allow}}"
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    introduce(stage.home)
    stage.until(lambda: any(device["hostname"] == ROGUE for device in stage.home.ask("devices")))
    time.sleep(0.5 * PACE)  # a lease makes the ruleset anew, and with it the kernel's counts
    for proto, port in PORTS.items():
        storm(stage, proto, port)
    neighbour(stage)
    edited(stage)


def storm(stage: Stage, proto: str, port: int) -> None:
    """As many tries as it can, one after the other, to an address that it remembers."""
    before = asked(stage)
    tried = stage.home[ROGUE].one(knock=BAD, cached=True, times=TIMES, port=port, datagrams=proto == "UDP")
    seen = asked(stage) - before
    said = json.loads(tried.detail)
    took_s = tried.ms / 1_000
    told = f"{TIMES} tries in {took_s:.1f} s: {said}"
    stage.check(f"{proto}: none of {TIMES} tries gets through", said["served"] == 0 and took_s < WITHIN_S * PACE, told)
    stage.check(f"{proto}: the judge sees under {MOST_ASKED} packets of them", seen < MOST_ASKED, f"{seen} packets")
    stage.until(lambda: counted(stage, proto)[-1:] >= [TIMES], timeout_s=2 * COUNTERS_S * PACE, every_s=0.2)
    lines = counted(stage, proto)
    close = len(lines) == 1 and abs(lines[0] - TIMES) <= MOST_ASKED
    stage.check(f"{proto}: they are one line in the ledger", close, f"attempts: {lines}")


def asked(stage: Stage) -> int:
    """Packets that the gateway's queue has handed out so far."""
    text = stage.home.machines["gateway"].run("cat", "/proc/net/netfilter/nfnetlink_queue")
    return sum(int(line.split()[7]) for line in text.splitlines())


def counted(stage: Stage, proto: str) -> list[int]:
    """The counts of the lines about that destination."""
    address = stage.home.zone.hosts[BAD].address4
    told = [record for record in stage.flows(ROGUE, port=PORTS[proto]) if record["netcurtain"]["effect"] != "pass"]
    return [one["netcurtain"]["attempts"] for one in told if (one["proto"], one["dest_ip"]) == (proto, address)]


def neighbour(stage: Stage) -> None:
    """An allowed name at that very address."""
    served = stage.home[ROGUE].do([{"tls": NEIGHBOUR, "up": 300, "timeout_s": 2.0}] * 3)
    stage.check("an allowed name at the same address works, asked for meanwhile", all_ok(served), outcomes(served))
    refused = stage.home[ROGUE].one(tls=BAD, cached=True, up=300, timeout_s=1.0)
    stage.check("and the refused one stays refused", refused.result != "ok", outcomes([refused]))


def edited(stage: Stage) -> None:
    """A policy that allows it counts at once, whatever the kernel remembered. How soon an edit is in force: ``live-edit``."""
    again = stage.home[ROGUE].one(knock=BAD, cached=True, times=20, port=443)
    address = ip_address(stage.home.zone.hosts[BAD].address4).packed
    there = [flow for flow in stage.truth().of(ROGUE) if flow.key.dst == address and flow.payload_bytes]
    left = sum(flow.payload_bytes for flow in there if flow.name != NEIGHBOUR)
    stage.check("until the policy changes nothing of it left", left == 0 < len(there), f"{left} bytes, {again.detail}")
    before = stage.digest()
    stage.edit("household.yaml", ENTRY, LENIENT)
    compiled_s = stage.await_policy(before, timeout_s=10 * PACE)
    took_s = stage.until(lambda: stage.home[ROGUE].one(tls=BAD, cached=True, up=300, timeout_s=0.5).result == "ok")
    seen = f"{took_s:.2f} s, after {compiled_s:.2f} s of compiling"
    stage.check("what an edit allows passes as soon as it is in force", took_s < 1.0 * PACE, seen)


def all_ok(results: list[Outcome]) -> bool:
    return all(one.result == "ok" for one in results)
