"""Manners are tried for a second each here, where a household takes two minutes: a window of a trial is five seconds long.

One rule – no reports – for five gadgets with the same profile, which lets them report. First in shadow: it stops nothing and
counts. Then on trial: one gadget can do without its reports and keeps the rule; four suffer, each in its own way, and report
again before the trial is over.
"""

import time
from pathlib import Path
from typing import Any

from ..scenario import PACE, Stage, outcomes

LONG = True
PROMISE = (
    "A stricter rule in shadow counts what it would stop, and stops nothing; on trial it stays where nothing suffers, and is "
    "taken back by itself, with a note of why, where a gadget retries, reconnects, falls silent or restarts."
)
SUFFERS = {
    "dogged": "tried what it may not", "clinging": "other connections a minute", "faint": "has not called",
    "restless": "restarted",
}  # fmt: skip
"""Gadget -> words of the note."""
CONTENT = "content"
ACTORS = (CONTENT, *SUFFERS)
REPORTS, BEAT = "bad.rogue.example", "good.rogue.example"
MANNER_S = round(1 * PACE)
WINDOW_S = 5 * MANNER_S
SETTINGS = {"NETCURTAIN_MANNER_TRIAL_S": str(MANNER_S)}
TRIAL_S = round(30 * PACE)
ENTRY = '  {name}: {{mac: "02:00:5e:10:00:8{number}", profile: rogue, confirmed: true, rules: {{{rule}}}}}\n'
NO_RULE, IN_SHADOW = "account: block", "telemetry: {action: block, shadow: true}"
ON_TRIAL = f"telemetry: {{action: block, trial: {TRIAL_S}s}}"
COST = "The maker no longer hears how often the lamp was lit."


def prepare(policies: Path) -> None:
    """They may report, as far as their profile goes."""
    file = policies / "household.yaml"
    named = enumerate(ACTORS, start=1)
    entries = "".join(ENTRY.format(name=name, number=number, rule=NO_RULE) for number, name in named)
    file.write_text(file.read_text(encoding="utf-8").replace("devices:\n", f"devices:\n{entries}"), encoding="utf-8")
    profile = policies / "profiles" / "rogue.yaml"
    text = profile.read_text(encoding="utf-8").replace("telemetry: block", "telemetry: allow").replace("Nothing.", COST)
    profile.write_text(text, encoding="utf-8")


def play(stage: Stage) -> None:
    running = {name: stage.home[name].begin("report") for name in ACTORS}
    time.sleep(WINDOW_S + 5 * PACE)
    in_shadow(stage)
    began = on_trial(stage)
    suffering(stage, began)
    contented(stage, began)
    after_a_restart(stage)
    for name in ACTORS:
        stage.home[name].stop()
    ended = [pending.wait()[-1] for pending in running.values()]
    stage.check("each lived through it", all(one.result == "ok" for one in ended), outcomes(ended))


def in_shadow(stage: Stage) -> None:
    """It would have stopped every report, and every report leaves."""
    edited = switch(stage, NO_RULE, IN_SHADOW)
    stage.until(lambda: len(rows(stage, "shadows")) == len(ACTORS), timeout_s=6 * PACE)
    time.sleep(WINDOW_S)
    counted = {row["device"]: row for row in rows(stage, "shadows")}
    for name in ACTORS:
        row, left = counted.get(name, {}), stage.left(REPORTS, actor=name, since=edited)
        seen = f"{row.get('flows', 0)} flows counted, {row.get('bytes_out', 0)} bytes; {left} bytes left"
        stage.check(f"{name}: in shadow it counts, and reports leave", row.get("flows", 0) >= 3 and left > 0, seen)
    costs = {row["cost"] for row in counted.values()}
    stage.check("what it would cost stands beside the counts", costs == {COST}, costs)
    told = [flow["netcurtain"] for flow in stage.flows(CONTENT, name=REPORTS)]
    would = [own["would_rule"] for own in told if own["effect"] == "pass" and own["would"] == "block"]
    stage.check("each flow's record says which rule would have stopped it", len(would) >= 3, sorted(set(would)))
    said = stage.home.cli("status", "--control", str(stage.home.curtain.control)).stdout
    lines = [line for line in said.splitlines() if line.startswith(f"in shadow: {CONTENT}")]
    stage.check("so does `netcurtain status`", len(lines) == 1 and COST in lines[0], lines)


def on_trial(stage: Stage) -> float:
    """The same rule holds now; wall time since when."""
    switch(stage, IN_SHADOW, ON_TRIAL)
    took = stage.until(lambda: len(trials(stage)) == len(ACTORS), timeout_s=3 * PACE)
    known = {name: trial["standing"] for name, trial in trials(stage).items()}
    stage.check("the rule is on trial with each of them", took < float("inf"), known)
    return time.time()


def suffering(stage: Stage, began: float) -> None:
    """Taken back before the trial was over, with why; and then reports leave again."""
    stage.until(lambda: all(standing(stage, name) == "taken back" for name in SUFFERS), timeout_s=TRIAL_S - 4 * PACE)
    for name, words in SUFFERS.items():
        trial = trials(stage).get(name, {})
        note, after_s = trial.get("note", ""), (trial.get("ended_at") or float("inf")) - began
        stage.check(f"{name}: taken back, with a note of why", words in note, f"{trial.get('standing')}: {note}")
        left = stage.left(REPORTS, actor=name, since=began + 0.5, until=trial.get("ended_at") or began)
        stage.check(f"{name}: no report left while it was tried", left == 0, f"{left} bytes in {after_s:.1f} s")
    said = stage.home.cli("status", "--control", str(stage.home.curtain.control)).stdout
    lines = [line for line in said.splitlines() if line.startswith("trial over:")]
    stage.check("`netcurtain status` tells of each", all(any(name in line for line in lines) for name in SUFFERS), lines)
    told = {data["device"] for _, kind, data in stage.witness.events if kind == "problem" and data.get("what") == "trial"}
    stage.check("listeners are told when it happens", told == set(SUFFERS), sorted(told))
    since = time.time()
    time.sleep(3 * PACE)
    for name in SUFFERS:
        left = stage.left(REPORTS, actor=name, since=since)
        stage.check(f"{name}: it reports again", left > 0, f"{left} bytes in {3 * PACE:.0f} s")


def contented(stage: Stage, began: float) -> None:
    """Nothing suffers: to the end of its time, and beyond."""
    stage.check(f"{CONTENT}: still on trial meanwhile", standing(stage, CONTENT) == "on trial", trials(stage).get(CONTENT))
    took = stage.until(lambda: standing(stage, CONTENT) != "on trial", timeout_s=TRIAL_S + 5 * PACE)
    note = trials(stage)[CONTENT]["note"]
    stage.check(f"{CONTENT}: the trial ends, and the rule stays", "stays: no harm was seen" in note, note)
    lasted = time.time() - began
    stage.check("it lasted as long as it says", abs(lasted - TRIAL_S) <= 3 * PACE and took < float("inf"), f"{lasted:.1f} s")


def after_a_restart(stage: Stage) -> None:
    """What was learnt outlives the gateway."""
    curtain, before = stage.home.curtain, {name: standing(stage, name) for name in ACTORS}
    stage.witness.catch_up()
    curtain.stop()
    curtain.start()
    curtain.await_ready()
    after = {name: standing(stage, name) for name in ACTORS}
    stage.check("a gateway that starts again knows what became of each", after == before, after)
    since = time.time()
    time.sleep(4 * PACE)
    stays = stage.left(REPORTS, actor=CONTENT, since=since)
    passes = {name: stage.left(REPORTS, actor=name, since=since) for name in SUFFERS}
    stage.check("and keeps to it", stays == 0 and all(passes.values()), f"{CONTENT}: {stays} bytes, {passes}")


def switch(stage: Stage, old: str, new: str) -> float:
    """Another rule for all; wall time from which on it holds."""
    before = stage.digest()
    stage.edit("household.yaml", old, new)
    stage.await_policy(before, timeout_s=5 * PACE)
    return time.time()


def rows(stage: Stage, what: str) -> list[dict[str, Any]]:
    return list(stage.home.ask("status")[what])


def trials(stage: Stage) -> dict[str, dict[str, Any]]:
    return {row["device"]: row for row in rows(stage, "trials")}


def standing(stage: Stage, name: str) -> str:
    return str(trials(stage).get(name, {}).get("standing"))
