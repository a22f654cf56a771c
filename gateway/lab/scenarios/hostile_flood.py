"""Residual: time. A flood takes its share of the radio and of the gateway; what others notice of it is bounded here."""

import time
from pathlib import Path

from ..gadget import Pending
from ..scenario import Stage, outcomes
from ..trial import attempt_all, introduce, judge_cases, judge_gateway, mark_all, prepare

PROMISE = "Junk by the ten thousand lets no byte out, costs little memory, and others are served meanwhile."
ACTORS = ("rogue", "speaker")
VOICE = "avs-alexa-14-na.amazon.com"
LONG = True
EVERY_S, PATIENCE_S, GROWTH_MIB = 0.1, 3.0, 24
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    before = stage.home.ask("status")
    introduce(stage.home)
    speaker = stage.home["speaker"]
    stage.check("the speaker is served before", speaker.one(tls=VOICE, up=500).result == "ok", "ok")
    memory = _resident_mib(stage)
    served = speaker.begin(_requests(120))
    played = mark_all("flood")
    said = attempt_all(stage.home, played, timeout_s=60)
    others(stage, served)
    judge_cases(stage, played, said)
    grown = _resident_mib(stage) - memory
    stage.check(f"the gateway's memory grew by less than {GROWTH_MIB} MiB", grown < GROWTH_MIB, f"{grown:.1f} MiB")
    time.sleep(1.5)  # the rogue has spent its share; it comes back by itself
    judge_gateway(stage, before)


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
