"""What each gadget makes of an answer; the lab plays them for real."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.lab.behaviour import load_behaviours
from gateway.lab.step import World
from gateway.lab.temper import (
    AT_ONCE_S,
    CONNECTION,
    NAME,
    PAUSE_S,
    REFUSED,
    RESTART,
    SILENT,
    TEMPERS,
    Impatient,
    Nervous,
    Stubborn,
    Temper,
)

BAD, REMEMBERED, HERE = "bad.rogue.example", "203.0.113.9", "10.77.0.1"
NOTHING, NO_SUCH_NAME, ADDRESS = ("", True), ("", False), (HERE, True)


@pytest.fixture
def world() -> Iterator[World]:
    rejoined: list[int] = []
    made = World(ca=str(Path("/nowhere")), known={BAD: (REMEMBERED, "")}, rejoin=lambda: rejoined.append(1))
    made.stopping.set()  # nobody waits here
    yield made


def turn(kind: type[Temper], world: World, dns: tuple[str, bool], answer: str) -> tuple[float, list[str]]:
    """One turn of a gadget that is told this, and what it tried in it."""
    knocked: list[str] = []

    class Told(kind):  # type: ignore[misc,valid-type]
        def ask(self) -> tuple[str, bool]:
            self.note(NAME)
            return dns

        def knock(self, address: str) -> str:
            self.note(CONNECTION)
            knocked.append(address)
            return answer

    gadget = Told(BAD, world)
    wait_s = gadget.turn()
    assert knocked in ([], [dns[0] or REMEMBERED])
    return wait_s, [what for _, what in gadget.tries]


@pytest.mark.parametrize(
    ("kind", "dns", "answer", "wait_s", "tries"),
    [
        (Impatient, NOTHING, "", AT_ONCE_S, [NAME]),
        (Impatient, NO_SUCH_NAME, REFUSED, AT_ONCE_S, [NAME, CONNECTION]),
        (Impatient, NO_SUCH_NAME, SILENT, PAUSE_S, [NAME, CONNECTION]),
        (Impatient, ADDRESS, REFUSED, AT_ONCE_S, [NAME, CONNECTION]),
        (Nervous, NOTHING, "", Nervous.AGAIN_S, [NAME]),
        (Nervous, NO_SUCH_NAME, REFUSED, Nervous.AGAIN_S, [NAME, CONNECTION]),
        (Nervous, NO_SUCH_NAME, SILENT, Nervous.BOOT_S, [NAME, CONNECTION, RESTART]),
        (Stubborn, ADDRESS, REFUSED, PAUSE_S, [NAME, CONNECTION]),
    ],
)
def test_turn(kind: type[Temper], dns: tuple[str, bool], answer: str, wait_s: float, tries: list[str], world: World) -> None:
    assert turn(kind, world, dns, answer) == (wait_s, tries)


def test_each_has_a_gadget_that_lives_it() -> None:
    for name, behaviour in load_behaviours(TEMPERS).items():
        assert behaviour.triggers["report"][0]["temper"] == name and not behaviour.everyday
