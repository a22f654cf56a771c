"""What each gadget does when a report is lost; the lab plays them for real."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.lab import need
from gateway.lab.behaviour import load_behaviours
from gateway.lab.need import CONNECTIONS, NEEDS, Needy, live
from gateway.lab.step import World
from gateway.lab.temper import CONNECTION, NAME, REFUSED, RESTART, SERVED, Temper

REPORTS, BEAT = "bad.rogue.example", "good.rogue.example"


@pytest.fixture
def world() -> Iterator[World]:
    yield World(ca=str(Path("/nowhere")), known={REPORTS: ("203.0.113.9", ""), BEAT: ("203.0.113.8", "")})


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What reports meet from now on; the heartbeat is always served."""
    answers = {BEAT: SERVED, REPORTS: SERVED}

    def ask(temper: Temper) -> tuple[str, bool]:
        temper.note(NAME)
        return "203.0.113.9", True

    def knock(temper: Temper, address: str) -> str:
        temper.note(CONNECTION)
        return answers[temper.name]

    monkeypatch.setattr(Temper, "ask", ask)
    monkeypatch.setattr(Temper, "knock", knock)
    return lambda answer: answers.update({REPORTS: answer})


class Clock:
    """Monotonic seconds, by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def monotonic(self) -> float:
        return self.at


def lived(kind: type[Needy], world: World, clock: Clock, *, seconds: float) -> dict[str, int]:
    """How often it did what in so many seconds."""
    gadget, end = kind(REPORTS, BEAT, world), clock.at + seconds
    while clock.at < end:
        clock.at += max(gadget.turn(), 0.05)
    reports, beats = (sum(what == CONNECTION for _, what in one.tries) for one in (gadget._report, gadget._beat))
    return {"reports": reports, "beats": beats, "restarts": sum(what == RESTART for _, what in gadget.tries)}


@pytest.mark.parametrize("name", NEEDS)
def test_all_live_alike_where_reports_are_served(
    name: str, world: World, told: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(need, "time", clock)
    assert lived(NEEDS[name], world, clock, seconds=15.0) == {"reports": 10, "beats": 10, "restarts": 0}


@pytest.mark.parametrize(
    ("name", "reports", "beats", "restarts"),
    [
        ("content", 10, 10, 0), ("dogged", 150, 10, 0), ("clinging", 10, 10 + 10 * CONNECTIONS, 0), ("faint", 10, 1, 0),
        ("restless", 7, 10, 7),
    ],
)  # fmt: skip
def test_each_suffers_in_its_own_way(
    name: str, reports: int, beats: int, restarts: int,
    world: World, told: Callable[[str], None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    clock = Clock()
    monkeypatch.setattr(need, "time", clock)
    told(REFUSED)
    seen = lived(NEEDS[name], world, clock, seconds=15.0)
    assert abs(seen.pop("reports") - reports) <= reports // 10 and seen == {"beats": beats, "restarts": restarts}


def test_what_fell_silent_speaks_again(world: World, told: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(need, "time", clock)
    gadget = NEEDS["faint"](REPORTS, BEAT, world)
    for answer, speaks in ((REFUSED, False), (SERVED, True)):
        told(answer)
        for _ in range(3):
            gadget.turn()
            clock.at += 1.5
        before = len(gadget._beat.tries)
        gadget.turn()
        clock.at += 1.5
        gadget.turn()
        assert (len(gadget._beat.tries) > before) is speaks


def test_a_life_can_be_stopped(world: World, told: Callable[[str], None]) -> None:
    world.stopping.set()
    assert live({"need": "content", "name": REPORTS, "beat": BEAT}, world) == "[]"


def test_each_has_a_gadget_that_lives_it() -> None:
    for name, behaviour in load_behaviours(NEEDS).items():
        assert behaviour.triggers["report"][0]["need"] == name and not behaviour.everyday
