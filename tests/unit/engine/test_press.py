"""A press is a flow to the name that tells of one."""

from dataclasses import replace
from itertools import count

import pytest

from gateway.engine.flow import Flow
from gateway.engine.press import MAX_PRESSES, Presses
from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment
from gateway.model.decision import Decision
from gateway.model.device import Device
from gateway.model.packet import TCP, FlowKey
from gateway.model.policy import RuleRef
from gateway.model.purpose import Purpose
from tests.support.home import BELL, HOME
from tests.support.packets import CLOUD
from tests.support.viewed import viewed_policy

POLICY = viewed_policy("bell")
DOORBELL = POLICY.devices[BELL].device
IDS = count(1)
PRESS, SOCKET = "a:3", "a:2"


def flow(source: str = PRESS, *, device: Device = DOORBELL, effect: Effect = Effect.PASS, judged: bool = True) -> Flow:
    one = Flow(flow_id=next(IDS), key=FlowKey(TCP, HOME, 1, CLOUD, 443), device=device, number=1, wall=0.0, mono=0.0)
    if judged:
        one.assessment = Assessment(purpose=Purpose.CONTROL, source=source)
        one.decision = Decision(
            action=Action.LIMIT, effect=effect, purpose=Purpose.CONTROL, rule=RuleRef(file="x"), reason=""
        )
    return one


def presses() -> Presses:
    found = Presses()
    found.adopt(POLICY.catalogue)
    return found


HEARD = [
    pytest.param(flow(), 1, id="press"),
    pytest.param(flow(SOCKET), 0, id="another name"),
    pytest.param(flow(""), 0, id="no row"),
    pytest.param(flow(effect=Effect.REFUSE), 0, id="it did not leave"),
    pytest.param(flow(judged=False), 0, id="not judged"),
    pytest.param(flow(device=replace(DOORBELL, profile="other")), 1, id="another device of the maker"),
    pytest.param(flow(device=replace(DOORBELL, profile="other", vendor="")), 0, id="somebody else's device"),
    pytest.param(flow(device=replace(DOORBELL, vendor="")), 1, id="such a device"),
]


@pytest.mark.parametrize(("one", "wanted"), HEARD)
def test_what_is_a_press(one: Flow, wanted: int) -> None:
    found = presses()
    found.hear(one)
    assert len(list(found.take())) == wanted
    assert list(found.take()) == []


def test_a_flow_tells_of_one_press_however_often_it_is_judged() -> None:
    found, one = presses(), flow()
    for _ in range(3):
        found.hear(one)
    assert list(found.take()) == [one]
    found.hear(one)
    assert list(found.take()) == []


def test_without_such_rows_there_is_no_press() -> None:
    found = presses()
    found.adopt(replace(POLICY.catalogue, names={}))
    found.hear(flow())
    assert list(found.take()) == []


def test_bound() -> None:
    found = presses()
    for _ in range(MAX_PRESSES + 9):
        found.hear(flow())
    assert len(found._told) == MAX_PRESSES
