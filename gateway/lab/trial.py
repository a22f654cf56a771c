"""Plays the evasions of one family in a home with the rogue, and measures what each got out.

Every case has addresses of the internet for itself and a token of eight random bytes in all that it sends, so that one look
at the capture of the gateway's WAN cable tells them apart, in whatever shape they left. The same look at the rogue's own cable
says what was offered: a case that sends nothing proves nothing.

A family is played as the household has it, where what nobody can name is refused; and where its cases say a refused name, a
second time (``play_shared``) as if nameless flows might pass, towards addresses to which an allowed name led: there a reader
that finds nothing would let everything out, and the gateway's own record must show what it found.
"""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .carried import Mark, count
from .evasions import cases
from .evasions.case import GOOD, RELAY, Case
from .evasions.place import addresses
from .home import Home
from .outcome import Outcome
from .scenario import Stage, outcomes
from .topology import GATEWAY_WAN_MAC

ROGUE = "rogue"
FIRST = 1
ENTRY = "profile: rogue, confirmed: true"
LENIENT = f"{ENTRY}, rules: {{unknown: allow, direct-address: allow}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Cases of one family, to be played once, or several times with the same bytes."""

    family: str
    cases: tuple[Case, ...]
    marks: Mapping[str, Mark]
    """How the bytes of each will be known."""
    numbers: Mapping[str, int]
    named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One case, and what came of it."""

    family: str
    case: str
    text: str
    offered_bytes: int
    """On the rogue's own cable."""
    seen_bytes: int
    """On the WAN cable."""
    allowance_bytes: int
    reason: str
    said: str


def prepare(policies: Path) -> None:
    """The household knows the rogue: its profile allows it one name and refuses the rest."""
    file = policies / "household.yaml"
    entry = '  rogue: {mac: "02:00:5e:10:00:66", profile: rogue, confirmed: true}\n'
    file.write_text(file.read_text(encoding="utf-8").replace("devices:\n", f"devices:\n{entry}"), encoding="utf-8")


def be_lenient(policies: Path) -> None:
    """What nobody can name may pass."""
    prepare(policies)
    file = policies / "household.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(ENTRY, LENIENT), encoding="utf-8")


def play_family(stage: Stage, family: str, *, timeout_s: float = 20.0) -> Round:
    """Each case in turn, then the truth of all."""
    before = stage.home.ask("status")
    first = introduce(stage.home)
    stage.check("an ordinary exchange of the same gadget works before", first.result == "ok", outcomes([first]))
    played = mark_all(family)
    judge_cases(stage, played, attempt_all(stage.home, played, timeout_s=timeout_s))
    judge_gateway(stage, before)
    return played


def play_shared(stage: Stage, family: str, *, first: int) -> int:
    """What says a refused name, where an allowed one leads to the same address and nameless flows may pass. ``first``: number
    of the first place; returns the next one."""
    played = mark_all(family, first=first, named=True)
    judge_cases(stage, played, attempt_all(stage.home, played), when="where it shares its address")
    for case in played.cases:
        told = shown(stage, addresses(played.numbers[case.id], counted=False))
        stage.check(f"{case.id}: its record says {case.shown!r}", any(case.shown in text for text in told), told[:3])
    return first + len(played.cases)


def shown(stage: Stage, targets: Iterable[str]) -> list[str]:
    """What the gateway's records tell of refused flows to these addresses: names, and reasons."""
    wanted = set(targets)
    flows = [flow["netcurtain"] for flow in stage.flows(ROGUE) if flow["dest_ip"] in wanted]
    return [" ".join((*flow["names"], flow["reason"] or "")) for flow in flows if flow["effect"] != "pass"]


def introduce(home: Home) -> Outcome:
    """The rogue is an ordinary gadget first: known to the gateway, with addresses for what it may speak to."""
    first = home[ROGUE].one(tls=GOOD, up=300)
    home[ROGUE].do([{"dns": name, "type": kind} for name, kind in ((GOOD, "AAAA"), (RELAY, "A"), (RELAY, "AAAA"))])
    return first


def mark_all(family: str, *, first: int = FIRST, named: bool = False) -> Round:
    """All cases of a family, with places from number ``first`` on; ``named``: only those that say a refused name."""
    played = tuple(case for case in cases(family) if case.shown or not named)
    numbers = {case.id: number for number, case in enumerate(played, start=first)}
    marks = {name: Mark(addresses=addresses(number), token=os.urandom(8)) for name, number in numbers.items()}
    return Round(family=family, cases=played, marks=marks, numbers=numbers, named=named)


def attempt_all(home: Home, played: Round, *, timeout_s: float = 20.0) -> dict[str, Outcome]:
    """Each case in turn, and what the rogue said of it."""
    said: dict[str, Outcome] = {}
    for name, mark in played.marks.items():
        step = {"evade": f"{played.family}/{name}", "number": played.numbers[name], "named": played.named}
        said[name] = home[ROGUE].do([{**step, "token": mark.token.hex()}], timeout_s=timeout_s)[-1]
    return said


def measure(home: Home, marks: Mapping[str, Mark]) -> tuple[dict[str, int], dict[str, int]]:
    """Bytes of each case on the rogue's own cable, and on the gateway's WAN cable."""
    time.sleep(0.2)
    home.settle()
    offered = count(home.lan_capture(ROGUE), marks, source=home.behaviours[ROGUE].mac)
    return offered, count(home.wan_capture, marks, source=GATEWAY_WAN_MAC)


def judge_cases(stage: Stage, played: Round, said: Mapping[str, Outcome], *, when: str = "") -> None:
    """One check a case; ``when`` tells apart what is played several times."""
    offered, seen = measure(stage.home, played.marks)
    for case in played.cases:
        outcome = said[case.id]
        tried = Tried(
            family=played.family, case=case.id, text=case.text, offered_bytes=offered[case.id], seen_bytes=seen[case.id],
            allowance_bytes=case.allowance_bytes, reason=case.reason, said=outcome.detail or outcome.result,
        )  # fmt: skip
        stage.tried.append(tried)
        stage.check(f"{case.id}{', ' if when else ''}{when}: {case.text}", _holds(case, tried, outcome), _told(case, tried))


def _holds(case: Case, tried: Tried, outcome: Outcome) -> bool:
    if case.passes:
        return outcome.result == "ok"
    return outcome.result == "ok" and 0 < tried.offered_bytes and tried.seen_bytes <= case.allowance_bytes


def _told(case: Case, tried: Tried) -> str:
    if case.passes:
        return tried.said
    told = f"{tried.seen_bytes} of {tried.offered_bytes} bytes left, {case.allowance_bytes} allowed; {tried.said}"
    return f"{told}; behind a plain router neither: {case.stays}" if case.stays else told


def judge_gateway(stage: Stage, before: Mapping[str, object]) -> None:
    """It lives, it complains of nothing, and does for the rogue what it did before."""
    status = stage.home.ask("status")
    stage.check("the gateway lives, with its policy", status["policy"] == before["policy"], status["policy"])
    log = stage.home.curtain.log.read_text(errors="replace")
    faults = log.count("Traceback")
    stage.check("and met no fault of its own", not faults, stage.home.curtain.log_tail(12) if faults else "none")
    last = stage.home[ROGUE].one(tls=GOOD, up=300)
    stage.check("an ordinary exchange of the same gadget still works", last.result == "ok", outcomes([last]))
