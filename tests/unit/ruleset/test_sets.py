"""Sets: declared once, refilled by every generation, large enough for everybody."""

import re

from gateway.engine.roster import MAX_DEVICES
from gateway.model.purpose import Purpose
from gateway.ruleset.chains import FORWARD, INPUT, OUTPUT, PREROUTING
from gateway.ruleset.sets import REFILLED, SETS

DECLARED = re.findall(r"  (set|map) (\w+) \{(.*?)\}", SETS, re.DOTALL)


def test_sets_that_are_refilled_are_declared() -> None:
    assert set(REFILLED) <= {(kind, name) for kind, name, _ in DECLARED}


def test_every_set_that_a_chain_asks_is_declared() -> None:
    asked = set(re.findall(r"@([a-z_]+[46]?)\b(?!,)", PREROUTING + FORWARD + INPUT + OUTPUT)) - {"ih"}
    assert asked <= {name for _, name, _ in DECLARED}


def test_nobody_finds_a_set_full() -> None:
    for _, name, body in DECLARED:
        size = re.search(r"size (\d+)", body)
        if "dynamic" in body:
            most = MAX_DEVICES * (len(Purpose) if "type mark" in body else 1)
            assert size is not None and int(size[1]) > most, name
