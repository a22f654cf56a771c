"""All gadgets that have a profile live in one home, a few at a time. What each of them does, and what becomes of it by day
while nobody is viewing, stands in its own file (``triggers``, ``expects``); the truth of it is taken on the WAN.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..behaviour import Behaviour, known_gadgets, load_behaviours
from ..outcome import Outcome
from ..scenario import Stage, outcomes
from ..step import KINDS, Step
from ..truth import Truth

LONG = True
PROMISE = (
    "Every gadget that has a profile gets what its profile promises: what should pass works, and of the rest nothing leaves."
)
MADE: Mapping[str, Behaviour] = {name: one for name, one in load_behaviours(known_gadgets()).items() if one.profile}
ACTORS = tuple(MADE)
AT_ONCE = 4
ENTRY = '  {name}: {{mac: "{mac}", profile: {profile}, confirmed: true}}\n'
NOON = 12
ANSWERED = "redirect"
"""What the gateway does in the internet's place."""


class Lived(NamedTuple):
    """A trigger of one gadget, played."""

    gadget: str
    trigger: str
    outcomes: list[Outcome]
    since: float
    """Wall time."""
    until: float


def prepare(policies: Path) -> None:
    """The household knows them all, and it is noon there: updates come at night."""
    file = policies / "household.yaml"
    head, _, _ = file.read_text(encoding="utf-8").partition("devices:\n")
    offset = time.gmtime().tm_hour - NOON
    head = head.replace("timezone: UTC", f"timezone: Etc/GMT{offset:+d}")
    entries = (ENTRY.format(name=name, mac=one.mac, profile=one.profile) for name, one in MADE.items())
    file.write_text(f"{head}devices:\n{''.join(entries)}", encoding="utf-8")


def play(stage: Stage) -> None:
    rounds = [one for names in batches() for one in live(stage, names)]
    again = [tried for side_by_side in rounds for tried in insist(stage, side_by_side)]
    lived = [one for side_by_side in rounds for one in side_by_side]
    truth = stage.truth()
    for one in lived:
        judge(stage, truth, one)
    for one in again:
        left = sum(bytes_of(truth, one, outcome) for outcome in one.outcomes)
        refused = all(outcome.result not in ("ok", "failed") for outcome in one.outcomes)
        seen = f"{left} bytes left; {outcomes(one.outcomes)}"
        stage.check(f"{one.gadget} {one.trigger}: refused where it knows the address from before", refused and not left, seen)
    stage.check(
        "none was left out", {one.gadget for one in lived} == set(MADE), f"{len(lived)} triggers of {len(MADE)} gadgets"
    )


def batches() -> Iterator[list[str]]:
    """A few gadgets at a time."""
    names = list(MADE)
    yield from (names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE))


def live(stage: Stage, names: list[str]) -> Iterator[list[Lived]]:
    """Some gadgets side by side, each doing one thing after another."""
    triggers = {name: list(MADE[name].triggers) for name in names}
    while any(triggers.values()):
        since = time.time()
        now = {name: left.pop(0) for name, left in triggers.items() if left}
        pending = {name: stage.home[name].begin(trigger) for name, trigger in now.items()}
        ended = {name: one.wait(30) for name, one in pending.items()}
        yield [Lived(name, now[name], ended[name], since, time.time()) for name in now]


def insist(stage: Stage, lived: list[Lived]) -> Iterator[Lived]:
    """What had no name to go by is tried again under an address that the gadget remembers, as real ones do for days."""
    since = time.time()
    pending = [(one, stage.home[one.gadget].begin(steps)) for one in lived if (steps := unnamed(one))]
    yield from [Lived(one.gadget, one.trigger, tries.wait(30), since, time.time()) for one, tries in pending]


def unnamed(lived: Lived) -> list[Step]:
    """The steps whose names were refused, under a remembered address."""
    refused = {one.step for one in lived.outcomes if one.result == "unresolved"}
    steps = [step for step in _steps(MADE[lived.gadget].triggers[lived.trigger]) if _said(step) in refused]
    return [{**step, "cached": True, "or": [], "timeout_s": 1.0} for step in steps]


def _steps(steps: Iterable[Step]) -> Iterator[Step]:
    """Alternatives too."""
    for step in steps:
        yield step
        yield from _steps(step.get("or", ()))


def _said(step: Step) -> str:
    """As its outcome calls it."""
    kind = next(key for key in step if key in KINDS)
    return f"{kind} {step[kind]}"


def judge(stage: Stage, truth: Truth, lived: Lived) -> None:
    """What the gateway found in it, what became of it, and what really left."""
    expected = dict(MADE[lived.gadget].expects[lived.trigger])
    found: dict[str, str] = {}
    wrong: list[str] = []
    for one in lived.outcomes:
        purpose, effect = said_of(stage, lived, one)
        found[purpose] = effect
        left = bytes_of(truth, lived, one)
        if (left > 0) is not (effect == "pass") or (one.result == "ok") is not (effect in ("pass", ANSWERED)):
            wrong.append(f"{one.step}: {effect}, {one.result}, and {left} bytes left")
    seen = f"{found}; {outcomes(lived.outcomes)}"
    stage.check(f"{lived.gadget} {lived.trigger}: {expected}", found == expected and not wrong, f"{seen} {wrong or ''}")


def said_of(stage: Stage, lived: Lived, outcome: Outcome) -> tuple[str, str]:
    """(purpose, effect) of the gateway's own record of a step."""
    name = outcome.step.split(" ", 1)[1]
    for flow in reversed(stage.flows(lived.gadget)):
        own = flow["netcurtain"]
        if name in (own["server_name"], *own["names"]) or (outcome.address and flow["dest_ip"] == outcome.address):
            return own["purpose"], own["effect"]
    return "", ""


def bytes_of(truth: Truth, lived: Lived, outcome: Outcome) -> int:
    """Payload that left for a step's destination in that time."""
    return truth.bytes_to(outcome.address, actor=lived.gadget, since=lived.since, until=lived.until) if outcome.address else 0
