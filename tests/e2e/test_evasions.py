"""Evasions that would be none behind any router prove nothing: behind a plain one, these get out."""

import pytest

from gateway.lab.home import Home
from gateway.lab.namespace import inside
from gateway.lab.trial import attempt_all, introduce, mark_all, measure

pytestmark = pytest.mark.net
STAYS = {"gateway-tunnels"}
"""What no router unpacks that was not told to."""


def _played(family: str) -> dict[str, tuple[str, int, int]]:
    with Home(gateway="plain", actors=["rogue"]) as home:
        introduce(home)
        marks = mark_all(family)
        said = attempt_all(home, family, marks)
        offered, seen = measure(home, marks)
        return {name: (said[name].result, offered[name], seen[name]) for name in marks}


@pytest.mark.parametrize("family", ["icmp", "protocol"])
def test_what_the_curtain_stops_a_plain_router_lets_out(family: str) -> None:
    played = inside(lambda: _played(family))
    assert {result for result, _, _ in played.values()} == {"ok"}
    assert all(offered for _, offered, _ in played.values())
    assert {name for name, (_, _, seen) in played.items() if not seen} <= STAYS
