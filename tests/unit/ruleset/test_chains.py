"""Properties of the chains that no single packet shows; what becomes of packets is shown in ``tests/e2e/test_datapath.py``."""

import re

import pytest

from gateway.ruleset.chains import FORWARD, INPUT, OUTPUT, PREROUTING
from gateway.ruleset.handshake import HANDSHAKE
from gateway.ruleset.nftables import ANSWERS, HANDSHAKE_LOOK, NEXT_LOOK, VERDICTS

ALL = PREROUTING + FORWARD + HANDSHAKE + INPUT + OUTPUT
CHAINS = {name: body.splitlines() for name, body in re.findall(r"  chain (\w+) \{\n(.*?)\n  \}", ALL, re.DOTALL)}


def test_every_jump_has_its_chain() -> None:
    named = set(re.findall(r"(?:goto|jump) (\w+)", ALL))
    assert named <= set(CHAINS)
    reached = named | {name for name, lines in CHAINS.items() if "hook" in lines[0]}
    targets = (*VERDICTS.values(), *HANDSHAKE_LOOK.values(), *NEXT_LOOK.values(), *ANSWERS.values())
    rendered = {"from_lan", "from_wan"} | {target.removeprefix("goto ") for target in targets}
    assert set(CHAINS) - reached <= rendered | {"spend", "overspent", "unseen_look"}, "these are entered from what is rendered"


DENYING = (
    "judged", "inbound", "answered_flow", "greeted", "unanswered", "speaks",
    "from_wan", "from_lan", "from_household", "unjudged",
)  # fmt: skip


@pytest.mark.parametrize("name", DENYING)
def test_what_falls_through_is_denied(name: str) -> None:
    assert CHAINS[name][-1].strip() in {"drop", "goto refuse"}


@pytest.mark.parametrize("name", ["dns_judged", "answered", "judge", "unjudged", "dns_unjudged"])
def test_the_last_chain_that_needs_a_mark_takes_it_away(name: str) -> None:
    assert any(line.strip().endswith("meta mark set 0") for line in CHAINS[name])


def test_a_reload_never_deletes() -> None:
    assert not re.search(r"delete (?!@)", ALL), "elements of a set only"
