"""Trials last three seconds here, where they last two minutes in a household."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from gateway.edge.store import Store

from ..gadget import Pending
from ..scenario import PACE, Stage, outcomes
from ..temper import RESTART, Stubborn

LONG = True
PROMISE = "Each device is told no in the manner that it takes best: tried, compared, remembered; nothing leaves all the while."
ACTORS = ("impatient", "nervous", "stubborn")
BAD, GOOD = "bad.rogue.example", "good.rogue.example"
TRIAL_S = round(3 * PACE)
SETTINGS = {"NETCURTAIN_MANNER_TRIAL_S": str(TRIAL_S)}
TRIALS = 4
CALMED_BY = {"impatient": {"silence"}, "nervous": {"refusal", "local"}, "stubborn": {"local"}}
"""A reset is a reset, with an address of the gateway's own or without one."""
ENTRY = '  {name}: {{mac: "02:00:5e:10:00:7{number}", profile: rogue, confirmed: true{rules}}}\n'
LEARN_S = TRIALS * TRIAL_S + 1.0


class Life(NamedTuple):
    """What a gadget did in one stretch of its life."""

    tries: list[tuple[float, str]]

    def rate(self, since: float, until: float) -> float:
        """Tries a second in that span."""
        return sum(since <= at < until for at, _ in self.tries) / (until - since)

    def restarts(self, since: float, until: float) -> int:
        """How often it started over."""
        return sum(since <= at < until and what == RESTART for at, what in self.tries)


def prepare(policies: Path) -> None:
    """The nervous one begins with silence: that is what its policy says."""
    rules = {"nervous": ", rules: {telemetry: drop}"}
    entries = "".join(
        ENTRY.format(name=name, number=number, rules=rules.get(name, "")) for number, name in enumerate(ACTORS, start=1)
    )
    file = policies / "household.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("devices:\n", f"devices:\n{entries}"), encoding="utf-8")


def play(stage: Stage) -> None:
    served = [stage.home[name].do("ordinary")[0] for name in ACTORS]
    stage.check("each is served what it may have", all(one.result == "ok" for one in served), outcomes(served))
    began = time.monotonic()
    running = {name: stage.home[name].begin("report") for name in ACTORS}
    told_first, seen = watch(stage, began)
    settled = time.monotonic()
    counted = attempts(stage)
    time.sleep(1.5 * TRIAL_S)
    told_last = {name: attempts(stage)[name] - counted[name] for name in ACTORS}
    span_s = time.monotonic() - settled
    manners = manners_of(stage)
    lives = {name: end(stage, name, pending) for name, pending in running.items()}
    for name, life in lives.items():
        judge(stage, name, life, (began, settled), span_s)
        ledger = f"{told_first[name] / TRIAL_S:.1f} -> {told_last[name] / span_s:.1f} tries a second in the ledger"
        stage.check(f"{name}: one manner stays", manners[name] in CALMED_BY[name], f"{' '.join(seen[name])}; {ledger}")
    remembered(stage, manners)
    left = stage.left(BAD) + stage.truth().bytes_to(*Stubborn.FIXED)
    stage.check("not one byte left for what is refused", left == 0, f"{left} bytes")


def watch(stage: Stage, began: float) -> tuple[Counter[str], dict[str, list[str]]]:
    """Through all trials: tries in the ledger after the first one, and the manners that each met."""
    first: Counter[str] = Counter()
    seen: dict[str, list[str]] = {name: [] for name in ACTORS}
    while time.monotonic() < began + LEARN_S:
        for name, manner in manners_of(stage).items():
            if name in seen and manner and seen[name][-1:] != [manner]:
                seen[name].append(manner)
        if not first and time.monotonic() >= began + TRIAL_S:
            first = attempts(stage)
        time.sleep(0.1)
    return first, seen


def judge(stage: Stage, name: str, life: Life, span: tuple[float, float], span_s: float) -> None:
    """Tries a second, as the gadget counts them: in the first trial, and once it was settled."""
    began, settled = span
    first, last = life.rate(began, began + TRIAL_S), life.rate(settled, settled + span_s)
    restarts = life.restarts(began, began + TRIAL_S), life.restarts(settled, settled + span_s)
    seen = f"{first:.1f} -> {last:.1f} tries a second, {restarts[0]} -> {restarts[1]} restarts"
    calmer = last < first / 4 if name != "nervous" else restarts[0] > 0 == restarts[1]
    stage.check(f"{name}: it gets calmer", calmer, seen)


def remembered(stage: Stage, manners: dict[str, Any]) -> None:
    """A gateway that starts again begins where it stopped."""
    curtain = stage.home.curtain
    stage.witness.catch_up()
    curtain.stop()
    saved = Store(curtain.state / "state.json").read()["manners"]
    curtain.start()
    curtain.await_ready()
    after = manners_of(stage)
    stage.check("the choice outlives a restart", after == manners, after)
    a_minute = [{manner: round(score) for manner, score in row["scores"].items()} for row in saved.values()]
    seen = f"tries a minute, restarts dearly counted: {a_minute}"
    stage.check("it stands in the saved state, with what each manner led to", len(saved) == len(ACTORS), seen)
    began = time.monotonic()
    running = {name: stage.home[name].begin("report") for name in ACTORS}
    time.sleep(TRIAL_S)
    lives = {name: end(stage, name, pending) for name, pending in running.items()}
    restarts = sum(life.restarts(began, began + TRIAL_S) for life in lives.values())
    rates = {name: round(life.rate(began, began + TRIAL_S), 1) for name, life in lives.items()}
    stage.check("and they are calm from the start", restarts == 0 and max(rates.values()) < 4, f"{rates}, {restarts} restarts")


def end(stage: Stage, name: str, pending: Pending) -> Life:
    stage.home[name].stop()
    return Life([(at, what) for at, what in json.loads(pending.wait()[-1].detail)])


def manners_of(stage: Stage) -> dict[str, Any]:
    return {device["id"]: device["manner"] for device in stage.home.ask("devices")}


def attempts(stage: Stage) -> Counter[str]:
    """Tries in the ledger's lines, by device."""
    counted: Counter[str] = Counter()
    for record in stage.home.ask("flows", limit=1000):
        if record["netcurtain"]["effect"] in ("refuse", "drop"):
            counted[record["netcurtain"]["device_id"]] += record["netcurtain"]["attempts"]
    return counted
