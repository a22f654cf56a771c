"""The text of the fast way; what it carries, and what it must not, is shown under a kernel that has it (``tests/guest``)."""

import re
from dataclasses import replace

import pytest

from gateway.model.command import RulesetPlan
from gateway.model.mark import FlowClass
from gateway.ruleset import render
from gateway.ruleset.flowtable import fast_set_names

SLOW = RulesetPlan(lan=("wlan0", "eth1.10"), wan=("eth0",), epoch=1, digest="")
PASS = f"{FlowClass.PASS << 1:#04x}"
FAST = replace(SLOW, flowtable=("wlan0", "eth1.10", "eth0"))


def test_without_a_flowtable_nothing_speaks_of_it() -> None:
    text = render(SLOW)
    assert not re.search(r"flowtable|flow add|@tied|chain guard|passing", text)
    assert f"{PASS} : accept" in text and "meta mark 0 accept" in text


def test_settled_flows_go_the_fast_way_and_no_others() -> None:
    text = render(FAST)
    assert text.count(f"{PASS} : goto fast,") == 1 and text.count("flow add @fast") == 2
    assert "meta mark 0 goto passing" in text and "ct mark & $CMASK == $PASS goto fast" in text
    assert 'devices = { "wlan0", "eth1.10", "eth0" }' in text


def test_every_curtain_interface_on_it_is_guarded() -> None:
    guard = r'chain guard_(\w+) \{\n    type filter hook ingress device "([^"]+)" priority -10;'
    guards = dict(re.findall(guard, render(FAST)))
    assert guards == {"wlan0": "wlan0", "eth1_10": "eth1.10"}


@pytest.mark.parametrize("name", fast_set_names(FAST))
def test_every_generation_begins_with_nobody_tied(name: str) -> None:
    assert f"flush set inet netcurtain {name}\n" in render(FAST)


def test_the_flowtable_itself_is_never_deleted() -> None:
    assert not re.search(r"delete (?!@)", render(FAST)), "elements of a set only"


@pytest.mark.parametrize("name", ["lo", 'eth0"; }'])
def test_interfaces_are_checked(name: str) -> None:
    with pytest.raises(ValueError):
        render(replace(FAST, flowtable=(name,)))
