from itertools import count

from gateway.engine.flow import Flow
from gateway.engine.waiting import MAX_FLOWS, MAX_NAMES, MAX_WAIT_S, Waiter, Waiting
from gateway.model.event import Hook, PacketSeen
from gateway.model.packet import TCP, FlowKey
from tests.support.home import policy
from tests.support.packets import BELL, CLOUD, HOME, tcp

IDS = count(1)
EVENT = PacketSeen(tcp(b"hello"), Hook.FORWARD, BELL)


def flow() -> Flow:
    device = policy().devices[BELL].device
    key = FlowKey(TCP, HOME, 40_000, CLOUD, 443)
    return Flow(flow_id=next(IDS), key=key, device=device, number=1, wall=0.0, mono=0.0)


def test_one_question_serves_all() -> None:
    waiting, first, second = Waiting(), flow(), flow()
    assert waiting.join(first, EVENT, "a", at=0.0) and not waiting.join(second, EVENT, "a", at=0.1)
    assert waiting.asks("a") and not waiting.asks("b")
    assert [waiter.flow for waiter in waiting.leave("a")] == [first, second] and waiting.leave("a") == []
    assert len(waiting) == 0 and not waiting.asks("a")


def test_a_flow_waits_once() -> None:
    waiting, one = Waiting(), flow()
    waiting.join(one, EVENT, "a", at=0.0)
    assert not waiting.join(one, EVENT._replace(queue_id=9), "a", at=0.2)
    assert len(waiting) == 1 and waiting.holds(one)
    assert waiting.expire(MAX_WAIT_S) == [Waiter(one, EVENT)]  # since the first time


def test_those_that_waited_too_long_leave_first() -> None:
    waiting, early, late = Waiting(), flow(), flow()
    waiting.join(early, EVENT, "a", at=0.0)
    waiting.join(late, EVENT, "a", at=0.1)
    assert waiting.expire(MAX_WAIT_S - 0.01) == []
    assert waiting.expire(MAX_WAIT_S) == [Waiter(early, EVENT)] and waiting.asks("a")
    assert waiting.expire(MAX_WAIT_S + 0.2) == [Waiter(late, EVENT)] and not waiting.asks("a")


def test_who_is_forgotten_is_not_told() -> None:
    waiting, one, other = Waiting(), flow(), flow()
    waiting.join(one, EVENT, "a", at=0.0)
    waiting.join(other, EVENT, "a", at=0.0)
    waiting.forget(one)
    waiting.forget(one)
    assert waiting.leave("a") == [Waiter(other, EVENT)] and not waiting.holds(one)


def test_bounds() -> None:
    waiting = Waiting()
    for number in range(MAX_FLOWS):
        assert waiting.has_room
        waiting.join(flow(), EVENT, f"n{number % MAX_NAMES}", at=0.0)
        assert waiting.has_room_for_names is (number < MAX_NAMES - 1)
    assert not waiting.has_room
