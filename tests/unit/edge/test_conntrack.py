"""Entries of the connection table: as the kernel lays them out, and read from a kernel that has some."""

import socket
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.conntrack import Conntrack, _read
from gateway.edge.netlink import attribute
from gateway.lab.namespace import inside
from gateway.model.event import Counter
from gateway.model.mark import EPOCH_MASK, FlowClass
from gateway.model.packet import ICMP, TCP, UDP, FlowKey
from tests.support.datapath import BELL4, BELL6, CLOUD4, CLOUD6, Home, mark, payloads, wait_for

HOME4, CLOUD_4 = bytes((10, 77, 0, 20)), bytes((203, 0, 113, 10))
HOME6, CLOUD_6 = bytes(15) + b"\1", bytes(15) + b"\2"


def addresses(*packed: bytes) -> bytes:
    first = 1 if len(packed[0]) == 4 else 3
    return attribute(0x8001, b"".join(attribute(first + at, each) for at, each in enumerate(packed)))


def transport(proto: int, *ports: int) -> bytes:
    numbers = b"".join(attribute(2 + at, pack("!H", each)) for at, each in enumerate(ports))
    return attribute(0x8002, attribute(1, bytes((proto,))) + numbers)


def echo(kind: int, code: int) -> bytes:
    numbers = attribute(4, b"\0\7") + attribute(5, bytes((kind,))) + attribute(6, bytes((code,)))
    return attribute(0x8002, attribute(1, bytes((ICMP,))) + numbers)


def counters(packets: int, size: int, *, padded: bool = False) -> bytes:
    pad = attribute(5, b"") if padded else b""
    return pad + attribute(1, pack("!Q", packets)) + pad + attribute(2, pack("!Q", size))


def entry(family: int, *attributes: bytes) -> bytes:
    return bytes((family, 0, 0, 0)) + b"".join(attributes)


MARK = attribute(8, pack("!I", 0x01001042))
SEEN = attribute(0x8009, counters(3, 200)) + attribute(0x800A, counters(2, 100))
CASES = {
    "tcp4": (
        entry(2, attribute(0x8001, addresses(HOME4, CLOUD_4) + transport(TCP, 40_000, 443)), MARK, SEEN),
        FlowKey(TCP, HOME4, 40_000, CLOUD_4, 443),
    ),
    "udp6": (
        entry(10, attribute(0x8001, addresses(HOME6, CLOUD_6) + transport(UDP, 40_000, 443)), SEEN, MARK),
        FlowKey(UDP, HOME6, 40_000, CLOUD_6, 443),
    ),
    "icmp": (
        entry(2, attribute(0x8001, addresses(HOME4, CLOUD_4) + echo(8, 0)), MARK, SEEN),
        FlowKey(ICMP, HOME4, 8, CLOUD_4, 0),
    ),
    "esp": (
        entry(2, attribute(0x8001, addresses(HOME4, CLOUD_4) + transport(50)), MARK, SEEN),
        FlowKey(50, HOME4, 0, CLOUD_4, 0),
    ),
    "padded": (
        entry(
            2, attribute(0x8001, addresses(HOME4, CLOUD_4) + transport(UDP, 5, 6)), MARK,
            attribute(0x8009, counters(3, 200, padded=True)), attribute(0x800A, counters(2, 100, padded=True)),
        ),
        FlowKey(UDP, HOME4, 5, CLOUD_4, 6),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "key"), CASES.values(), ids=CASES)
def test_an_entry(data: bytes, key: FlowKey) -> None:
    assert _read(data, 0, len(data)) == Counter(key=key, mark=0x01001042, bytes_out=200, bytes_in=100, pkts_out=3, pkts_in=2)


FLOW = attribute(0x8001, addresses(HOME4, CLOUD_4) + transport(TCP, 40_000, 443))


@pytest.mark.parametrize(
    "data",
    [
        entry(2, FLOW, SEEN),
        entry(2, MARK, SEEN),
        entry(7, FLOW, MARK),
        entry(2, attribute(0x8001, addresses(HOME4, CLOUD_4)), MARK),
        entry(2, attribute(0x8001, addresses(HOME4, CLOUD_4) + echo(8, 0)[:28]), MARK),
    ],
    ids=["no mark", "no tuple", "no IP", "no protocol", "ICMP without a type"],
)
def test_what_is_not_counted(data: bytes) -> None:
    assert _read(data, 0, len(data)) is None


def test_a_kernel_that_does_not_count_says_nothing() -> None:
    counter = _read(data := entry(2, FLOW, MARK), 0, len(data))
    assert counter is not None and (counter.bytes_out, counter.pkts_in) == (0, 0)


@given(st.sampled_from([data for data, _ in CASES.values()]), st.data())
def test_any_bytes_give_an_entry_or_nothing(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    broken = data[:at] + draw.draw(st.binary(min_size=1, max_size=8)) + data[at + 1 :]
    end = draw.draw(st.integers(4, len(broken)))
    _read(broken, 0, end)


@pytest.mark.net
def test_flows_of_managed_devices_are_counted_in_both_families() -> None:
    def scene() -> list[Counter]:
        with Home() as home:
            home.answer(9999, machine=home.cloud)
            for address in (CLOUD4, CLOUD6):
                device = home.datagrams(home.bell, v6=":" in address, port=5000)
                device.sendto(b"id" + bytes(98), (address, 9999))
                assert device.recv(100) == b"idanswer"
            with home.gateway.entered():
                table = Conntrack()
                assert table.read(mark=2 << 12, mask=EPOCH_MASK).counters == ()
                few = Conntrack(limit=1)
                assert len(few.read().counters) == 1
                few.close()
                found = table.read(mark=1 << 12, mask=EPOCH_MASK).counters
                assert set(found) == set(table.read().counters)
                table.close()
            assert wait_for(lambda: payloads(home.wan()))
            return sorted(found, key=lambda counter: len(counter.key.src))

    four, six = inside(scene)
    assert four.key == FlowKey(UDP, socket.inet_aton(BELL4), 5000, socket.inet_aton(CLOUD4), 9999)
    assert six.key.src == socket.inet_pton(socket.AF_INET6, BELL6)
    assert four.mark == six.mark == mark(FlowClass.PASS)
    assert (four.bytes_out, four.bytes_in, four.pkts_out, four.pkts_in) == (128, 36, 1, 1)
