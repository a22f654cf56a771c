"""The kernel's queue messages: read from crafted ones, from any bytes, and from a kernel with packets to ask about."""

import errno
import socket
import time
from collections.abc import Callable, Iterator
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.netlink import NLMSG_ERROR, attribute, message
from gateway.edge.nfqueue import BATCH, PacketQueue
from gateway.lab.namespace import inside
from gateway.model.command import SetVerdict
from gateway.model.device import Mac
from gateway.model.event import Hook, PacketSeen, PacketUndecodable
from gateway.model.mark import FlowClass
from gateway.wire import decode_ip
from gateway.wire.datagram import build_datagram
from tests.support.datapath import BELL, CLOUD4, QUEUE, Home, pass_all, payloads, verdict, wait_for

PACKET = build_datagram((bytes((10, 77, 0, 20)), 40_000), (bytes((203, 0, 113, 10)), 443), b"hello")
LAN_INDEX, WAN_INDEX = 3, 4


def queued(*attributes: bytes, number: int = 2, queue_id: int = 42) -> bytes:
    return message(0x300, attribute(1, pack("!IHB", queue_id, 0x0800, number)), *attributes)


def outdev(index: int) -> bytes:
    return attribute(6, pack("!I", index))


MARK = attribute(3, pack("!I", 0x01001043))
HWADDR = attribute(9, b"\0\6\0\0" + bytes.fromhex("02005e100001") + b"\0\0")
PAYLOAD = attribute(10, PACKET)
DECODED = decode_ip(PACKET)
assert DECODED is not None


def seen(*, hook: Hook = Hook.FORWARD, mac: Mac | None = BELL, mark: int = 0x01001043, to_lan: bool = False) -> PacketSeen:
    assert DECODED is not None
    return PacketSeen(DECODED, hook, mac, mark, 42, to_lan)


def undecodable(*, hook: Hook = Hook.FORWARD, mac: Mac | None = BELL) -> PacketUndecodable:
    return PacketUndecodable(queue_id=42, mac=mac, hook=hook)


CASES = {
    "forward": (queued(outdev(WAN_INDEX), MARK, HWADDR, PAYLOAD), seen()),
    "within the home": (queued(outdev(LAN_INDEX), MARK, HWADDR, PAYLOAD), seen(to_lan=True)),
    "query": (queued(MARK, HWADDR, PAYLOAD, number=0), seen(hook=Hook.QUERY)),
    "answer": (queued(outdev(LAN_INDEX), MARK, PAYLOAD, number=3), seen(hook=Hook.ANSWER, mac=None, to_lan=True)),
    "no mark": (queued(HWADDR, PAYLOAD), seen(mark=0)),
    "another order": (queued(PAYLOAD, HWADDR, MARK), seen()),
    "no IP": (queued(HWADDR, attribute(10, b"\x60")), undecodable()),
    "no payload": (queued(HWADDR), undecodable()),
    "cut": (queued(HWADDR, PAYLOAD, attribute(13, pack("!I", 9000))), undecodable()),
    "a hook of nobody": (queued(HWADDR, PAYLOAD, number=4), undecodable()),
}


@pytest.fixture(scope="module")
def queue() -> Iterator[PacketQueue]:
    """A queue that reads, but is bound to no kernel."""
    made = PacketQueue.__new__(PacketQueue)
    made._lan = {}
    made._lan_indexes = frozenset({LAN_INDEX})
    made._macs, made._unwritable = {}, set()
    made.errors = made.malformed = 0
    yield made


@pytest.mark.parametrize(("data", "event"), CASES.values(), ids=CASES)
def test_a_message_becomes_an_event(queue: PacketQueue, data: bytes, event: PacketSeen | PacketUndecodable) -> None:
    assert queue._read(data) == event


@pytest.mark.parametrize(
    "data",
    [b"", message(0x300), queued(PAYLOAD)[:-1], message(0x301), message(0x300, attribute(1, b"\0\0")), queued() + b"\0"],
    ids=["nothing", "no header", "cut", "another kind", "short header", "too long"],
)
def test_what_is_no_packet_is_counted(queue: PacketQueue, data: bytes) -> None:
    before = queue.malformed
    assert queue._read(data) is None and queue.malformed == before + 1


def test_a_refused_verdict_is_counted(queue: PacketQueue) -> None:
    refusal = pack("=IHHIIi", 20, NLMSG_ERROR, 0, 0, 0, -errno.ENOENT)
    before = queue.errors
    assert queue._read(refusal) is None and queue.errors == before + 1


@given(st.sampled_from([data for data, _ in CASES.values()]), st.data())
def test_any_bytes_give_an_event_or_are_counted(queue: PacketQueue, data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    queue._read(data[:at] + draw.draw(st.binary(min_size=1, max_size=4)) + data[at + 1 :])
    queue._read(draw.draw(st.binary(max_size=120)))


def test_addresses_are_remembered_within_bounds(queue: PacketQueue) -> None:
    for number in range(5_000):
        queue._remember(number.to_bytes(6, "big"))
    assert len(queue._macs) < 5_000 and queue._remember(bytes(6)) == "00:00:00:00:00:00"


def test_interfaces_that_are_gone_are_no_error() -> None:
    def index_of(name: str) -> int:
        if name == "wlan1":
            raise OSError(errno.ENODEV, "No such device")
        return LAN_INDEX

    queue = PacketQueue.__new__(PacketQueue)
    queue._lan, queue._index_of = {"wlan0": 0, "wlan1": 0}, index_of
    queue.find_interfaces()
    assert queue._lan_indexes == {LAN_INDEX}


def rewriting(replacement: bytes) -> Callable[[PacketSeen], list[SetVerdict]]:
    def judge(event: PacketSeen) -> list[SetVerdict]:
        packet = event.packet
        rewritten = build_datagram((packet.src, packet.sport), (packet.dst, packet.dport), replacement)
        return [verdict(event, FlowClass.PASS)._replace(payload=rewritten)]

    return judge


@pytest.mark.net
@pytest.mark.parametrize("replacement", [b"x", b"a longer payload than it was"], ids=["shorter", "longer"])
def test_a_rewritten_packet_leaves_as_it_was_rewritten(replacement: bytes) -> None:
    def scene() -> bytes:
        with Home(rewriting(replacement)) as home:
            home.datagrams(home.bell).sendto(b"original", (CLOUD4, 9999))
            return wait_for(lambda: payloads(home.wan()))

    assert inside(scene) == replacement


@pytest.mark.net
def test_a_super_packet_is_seen_whole_and_lost_where_it_was_to_be_rewritten() -> None:
    def scene() -> None:
        with Home(rewriting(b"forged")) as home:
            device = home.datagrams(home.bell)
            device.setsockopt(socket.IPPROTO_UDP, 103, 1000)  # UDP_SEGMENT
            device.sendto(bytes(6000), (CLOUD4, 9999))
            assert wait_for(lambda: home.seen)
            assert [event.packet.payload_length for event in home.seen] == [6000]
            time.sleep(0.1)
            assert payloads(home.wan()) == b"", "neither as it was to be, nor as it came"
            assert home.queue._unwritable == set(), "what was answered is forgotten"

    inside(scene)


@pytest.mark.net
def test_a_flood_is_taken_in_batches_and_nothing_is_asked_twice() -> None:
    def scene() -> None:
        with Home(None) as home:
            with home.gateway.entered():
                queue = PacketQueue(QUEUE, lan=("br0",))
            device = home.datagrams(home.bell)
            for port in range(9000, 9000 + BATCH + 10):
                device.sendto(b"x", (CLOUD4, port))
            time.sleep(0.05)
            first, second, third = (list(queue.receive()) for _ in range(3))
            assert (len(first), len(second), len(third)) == (BATCH, 10, 0)
            for event in first + second:
                assert isinstance(event, PacketSeen)
                for answer in pass_all(event):
                    queue.send(answer)
            assert wait_for(lambda: len(home.wan())) > 0
            queue.send(SetVerdict(first[0].queue_id, True))
            assert list(queue.receive()) == [] and queue.errors == 1, "a second verdict is refused, and counted"
            with home.gateway.entered():
                assert queue.dropped() in (0, None)
            queue.close()

    inside(scene)


@pytest.mark.net
def test_a_queue_has_one_reader() -> None:
    def scene() -> None:
        with Home(None) as home, home.gateway.entered():
            queue = PacketQueue(QUEUE, lan=("br0",))
            with pytest.raises(OSError, match="bind the packet queue"):
                PacketQueue(QUEUE, lan=("br0",))
            queue.close()
            PacketQueue(QUEUE, lan=("br0",)).close()

    inside(scene)
