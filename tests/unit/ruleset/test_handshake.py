"""What becomes of packets in these chains is shown in ``tests/e2e/test_datapath.py``."""

import re

from gateway.ruleset.handshake import HANDSHAKE
from gateway.ruleset.sets import SETS


def test_what_a_connection_is_known_by_is_of_its_time_and_has_a_bound() -> None:
    """Strangers fill these sets."""
    filled = set(re.findall(r"(?:add|update) @(\w+)", HANDSHAKE))
    assert filled == {"begun", "greeted", "reading", "welcome4", "welcome6"}
    for name in filled:
        (declared,) = re.findall(rf"set {name} \{{ (.*) \}}", SETS)
        assert "timeout" in declared and "size" in declared


def test_a_first_byte_is_told_once() -> None:
    (body,) = re.findall(r"chain begins \{\n(.*?)\n  \}", HANDSHAKE, re.DOTALL)
    lines = [line.strip() for line in body.splitlines()]
    assert lines[0] == "jump seldom", "a packet that is lost here told nobody"
    assert "delete @begun { ct id . tcp sequence }" in lines
