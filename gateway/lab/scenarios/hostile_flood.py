"""Residual: time. A flood takes its share of the radio and of the gateway; what others notice of it is bounded here."""

import os
import time
from pathlib import Path

from ..attacker import Attacker
from ..carried import Mark, count
from ..evasions.case import RELAY, RELAY_PORT
from ..gadget import Pending
from ..pulse import without_pause
from ..scenario import PACE, Stage, outcomes
from ..topology import GATEWAY_WAN_MAC
from ..trial import ROGUE, attempt_all, introduce, judge_cases, judge_gateway, mark_all, prepare

PROMISE = "Junk by the ten thousand lets no byte out, costs little memory, and others are served meanwhile."
ACTORS = ("rogue", "speaker")
VOICE = "avs-alexa-14-na.amazon.com"
LONG = True
EVERY_S, PATIENCE_S, GROWTH_MIB = 0.1, 3.0, 24
BUMPS, BLAST, SPORT = 6, 40, 61_777
AT_ONCE, PER_S, OTHERS = 1_000, 500, 400
"""What a device may have asked about of one flow, and what the other one asks for meanwhile."""
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    before = stage.home.ask("status")
    introduce(stage.home)
    speaker = stage.home["speaker"]
    stage.check("the speaker is served before", speaker.one(tls=VOICE, up=500).result == "ok", "ok")
    memory = _resident_mib(stage)
    served = speaker.begin(_requests(400))
    played = mark_all("flood")
    said = attempt_all(stage.home, played, timeout_s=60)
    bumped(stage)
    others(stage, served)
    judge_cases(stage, played, said)
    grown = _resident_mib(stage) - memory
    stage.check(f"the gateway's memory grew by less than {GROWTH_MIB} MiB", grown < GROWTH_MIB, f"{grown:.1f} MiB")
    time.sleep(1.5)  # the rogue has spent its share; it comes back by itself
    judge_gateway(stage, before)


def bumped(stage: Stage) -> None:
    """Junk as fast as it goes on a flow that was let out, while one generation follows the other and each asks about it again;
    until the last one refuses it."""
    relay, tokens = stage.home.zone.hosts[RELAY].address4, [os.urandom(8)]
    with stage.home[ROGUE].machine.entered():
        attacker = Attacker()
    before_policy, epoch = stage.digest(), stage.home.ask("status")["epoch"]
    asked_before, began = asked(stage), time.monotonic()
    with without_pause(lambda: _blast(attacker, relay, tokens[-1]), 0.001) as blasts:
        for _ in range(BUMPS):
            stage.home.ask("allow", device="front-door", purpose="advertising", seconds=30)
            time.sleep(0.1)
            stage.home.ask("stop", device="front-door")
            time.sleep(0.1)
        stage.edit("profiles/rogue.yaml", "control: allow", "control: block")
        stage.await_policy(before_policy, timeout_s=10 * PACE)
        tokens.append(os.urandom(8))
        time.sleep(0.5)
    took_s, packets = time.monotonic() - began, asked(stage) - asked_before
    epochs = stage.home.ask("status")["epoch"] - epoch
    passed, late = (_left(stage, token) for token in tokens)
    seen = f"{len(blasts) * BLAST} datagrams in {took_s:.1f} s over {epochs} generations; {passed} bytes left"
    stage.check("junk on a flow that is asked about again and again", passed > 0 and epochs > 2 * BUMPS - 1, seen)
    most = AT_ONCE + PER_S * took_s + OTHERS
    stage.check("costs the judge no more than its share", packets < most, f"{packets} packets, at most {most:.0f} may be")
    stage.check("and once a generation refuses it, not one byte of it leaves", not late, f"{late} bytes")
    refused = stage.digest()
    stage.edit("profiles/rogue.yaml", "control: block", "control: allow")
    stage.await_policy(refused, timeout_s=10 * PACE)


def _blast(attacker: Attacker, address: str, token: bytes) -> None:
    for _ in range(BLAST):
        attacker.send_udp(token * 20, address, RELAY_PORT, sport=SPORT)


def _left(stage: Stage, token: bytes) -> int:
    stage.home.settle()
    return count(stage.home.wan_capture, {"it": Mark(addresses=(), token=token)}, source=GATEWAY_WAN_MAC)["it"]


def asked(stage: Stage) -> int:
    """Packets that the gateway's queue has handed out so far."""
    text = stage.home.machines["gateway"].run("cat", "/proc/net/netfilter/nfnetlink_queue")
    return sum(int(line.split()[7]) for line in text.splitlines())


def others(stage: Stage, served: Pending) -> None:
    """What the speaker met all the while."""
    stage.home["speaker"].stop()
    met = [one for one in served.wait(30) if one.step.startswith("tls")]
    slowest = max(one.ms for one in met)
    refused = [one for one in met if one.result != "ok"]
    seen = f"{len(met)} requests, {len(refused)} failed, the slowest took {slowest:.0f} ms; {outcomes(refused[:3])}"
    stage.check("meanwhile the speaker is served", not refused and len(met) > 3, seen)


def _requests(times: int) -> list[dict[str, object]]:
    one: dict[str, object] = {"tls": VOICE, "cached": True, "up": 500, "timeout_s": PATIENCE_S}
    pause: dict[str, object] = {"wait": EVERY_S}
    return [one, pause] * times


def _resident_mib(stage: Stage) -> float:
    text = Path(f"/proc/{stage.home.curtain.pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")) / 1024
