"""Packets that wait: bounded for a flow and for a device, and given back in order."""

from gateway.engine.flow import Flow
from gateway.engine.held import MAX_BYTES, MAX_PACKETS, MAX_PACKETS_OF_DEVICE, MAX_S, Held
from gateway.model.device import Device, Mac
from gateway.model.event import Now
from gateway.model.packet import FlowKey
from gateway.ruleset.budget import NEWCOMERS
from tests.support.packets import BELL, CLOUD, HOME, Queue, tcp

NOW = Now(10.0, 0.0)


def flow(sport: int = 40_000) -> Flow:
    """A connection of the bell."""
    device = Device(mac=BELL, id="bell", profile="bell")
    return Flow(flow_id=sport, key=FlowKey(6, HOME, sport, CLOUD, 443), device=device, number=1, wall=0.0, mono=0.0)


def test_packets_come_back_in_order_and_once() -> None:
    held, queue, one = Held(lambda device: True), Queue(), flow()
    assert all(held.add(one, queue.seen(tcp(b"abc")), NOW) for _ in range(3)) and held
    assert held.take(one) == ([1, 2, 3], 9)
    assert held.take(one) == ([], 0) and not held


def test_flow_holds_so_many_packets() -> None:
    held, queue, one = Held(lambda device: True), Queue(), flow()
    room = [held.add(one, queue.seen(tcp(b"a")), NOW) for _ in range(MAX_PACKETS + 1)]
    assert room == [True] * MAX_PACKETS + [False]


def test_flow_holds_so_many_bytes() -> None:
    held, queue, one = Held(lambda device: True), Queue(), flow()
    assert held.add(one, queue.seen(tcp(bytes(MAX_BYTES))), NOW)
    assert not held.add(one, queue.seen(tcp(b"a")), NOW)


def test_all_that_nobody_has_named_hold_a_few_devices_worth_together() -> None:
    held, queue, room = Held(lambda device: device == BELL), Queue(), 0
    for number in range(4_000):
        one = flow(number)
        one.device = Device(mac=Mac(str(number % 64)), id="", profile="careful")
        room += held.add(one, queue.seen(tcp(b"a")), NOW)
    assert room == NEWCOMERS * MAX_PACKETS_OF_DEVICE
    assert held.add(flow(5_000), queue.seen(tcp(b"a")), NOW), "whom a file names has its own"


def test_what_is_released_leaves_room_whoever_it_belongs_to_by_then() -> None:
    held, queue, one = Held(lambda device: one.number == 1), Queue(), flow()
    for _ in range(MAX_PACKETS):
        assert held.add(one, queue.seen(tcp(b"a")), NOW)
    one.number = 0
    assert len(held.take(one)[0]) == MAX_PACKETS
    one.number = 1
    assert all(held.add(one, queue.seen(tcp(b"a")), NOW) for _ in range(MAX_PACKETS))


def test_device_holds_so_many_packets_over_all_its_flows() -> None:
    held, queue = Held(lambda device: True), Queue()
    flows = [flow(40_000 + number) for number in range(2 * MAX_PACKETS_OF_DEVICE // MAX_PACKETS)]
    room = [held.add(one, queue.seen(tcp(b"a")), NOW) for _ in range(MAX_PACKETS) for one in flows]
    assert sum(room) == MAX_PACKETS_OF_DEVICE
    for one in flows:
        held.take(one)
    assert held.add(flows[0], queue.seen(tcp(b"a")), NOW), "what was given back counts no more"


def test_who_holds_for_too_long_is_named() -> None:
    held, queue, one, two = Held(lambda device: True), Queue(), flow(), flow(40_001)
    held.add(one, queue.seen(tcp(b"a")), NOW)
    held.add(two, queue.seen(tcp(b"a")), NOW._replace(mono=NOW.mono + MAX_S))
    assert held.late(NOW._replace(mono=NOW.mono + MAX_S + 0.1)) == [one]


def test_two_flows_of_the_same_ports_are_two() -> None:
    held, queue, one, other = Held(lambda device: True), Queue(), flow(), flow()
    other.id += 1
    assert held.add(one, queue.seen(tcp(b"a")), NOW) and held.add(other, queue.seen(tcp(b"b")), NOW)
    assert held.late(Now(NOW.mono + MAX_S + 1, 0.0)) == [one, other]
    assert held.take(one) == ([1], 1) and held.take(other) == ([2], 1) and not held
