"""The fall-back queue's rules: ours come and go, everybody else's stay."""

import pytest

from gateway.edge.iptables import TOOLS, FallbackQueue
from gateway.edge.nft import run
from gateway.lab.namespace import inside

pytestmark = pytest.mark.net
THEIRS = (
    "-A FORWARD -i eth9 -j ACCEPT",
    "-A FORWARD -i br0 -m mark --mark 0x1/0x1 -j ACCEPT",
    "-A FORWARD -i br0 -m mark --mark 0x2/0x2 -j NFQUEUE --queue-num 7 --queue-bypass",
)


def rules(tool: str) -> list[str]:
    return [line for line in run(tool, "-t", "mangle", "-S").splitlines() if not line.startswith("-P ")]


def fallback(queue: int, *lan: str) -> FallbackQueue:
    return FallbackQueue(queue=queue, lan=lan, run=run)


@pytest.mark.parametrize("tool", TOOLS)
def test_rules_are_added_once_and_leave_with_the_table_they_made(tool: str) -> None:
    def scene() -> None:
        ours = fallback(7, "br0", "wlan0")
        ours.add()
        ours.add()
        assert len(rules(tool)) == 8
        ours.remove()
        assert run("nft", "list", "ruleset") == ""
        ours.remove()

    inside(scene)


@pytest.mark.parametrize("tool", TOOLS)
def test_rules_of_others_stay_where_they_were(tool: str) -> None:
    def scene() -> None:
        for rule in THEIRS:
            run(tool, "-t", "mangle", *rule.split())
        ours = fallback(7, "br0")
        ours.add()
        assert len(rules(tool)) == len(THEIRS) + 4
        ours.remove()
        assert rules(tool) == list(THEIRS)

    inside(scene)


@pytest.mark.parametrize("tool", TOOLS)
def test_rules_that_a_dead_process_left_on_other_interfaces_go(tool: str) -> None:
    def scene() -> None:
        fallback(3, "br0", "old0").add()
        fallback(7, "br0").add()
        assert len(rules(tool)) == 4 and all("--queue-num 7 " in rule for rule in rules(tool))

    inside(scene)
