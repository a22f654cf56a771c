"""Evasions that would be none behind any router prove nothing: behind a plain one, these get out."""

import pytest

from gateway.lab.evasions import cases
from gateway.lab.home import Home
from gateway.lab.namespace import inside
from gateway.lab.trial import attempt_all, introduce, mark_all, measure

pytestmark = pytest.mark.net
NEIGHBOURS = {"upstream": ("gizmo", "old-phone")}
QUICK = ("icmp", "protocol")
SLOW = ("address", "before", "dns", "flood", "hello", "link", "name", "packet", "quic", "reflection", "segment", "upstream")


def _played(family: str) -> dict[str, tuple[str, int, int]]:
    """Evasion -> (how it ended, bytes that it offered, bytes that were seen on the other side)."""
    with Home(gateway="plain", actors=["rogue", *NEIGHBOURS.get(family, ())]) as home:
        introduce(home)
        played = mark_all(family)
        said = attempt_all(home, played, timeout_s=60)
        if family == "before":  # what was begun is used
            said = attempt_all(home, played)
        offered, seen = measure(home, played.marks)
        evasions = [case.id for case in played.cases if not case.passes]
        return {name: (said[name].result, offered[name], seen[name]) for name in evasions}


@pytest.mark.parametrize("family", [*QUICK, *(pytest.param(family, marks=pytest.mark.slow) for family in SLOW)])
def test_what_the_curtain_stops_a_plain_router_lets_out(family: str) -> None:
    played = inside(lambda: _played(family))
    assert {result for result, _, _ in played.values()} == {"ok"}
    assert all(offered for _, offered, _ in played.values())
    assert {name for name, (_, _, seen) in played.items() if not seen} == {case.id for case in cases(family) if case.stays}
