"""Entries of the connection table: as the kernel lays them out, and read from a kernel that has some."""

import socket
from collections.abc import Iterator
from contextlib import closing
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.conntrack import Conntrack, _write_key
from gateway.edge.netlink import NLM_F_ACK, NLM_F_CREATE, NetfilterSocket, attribute, message
from gateway.lab.namespace import inside
from gateway.model.event import Counter, CountersRead
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


@pytest.fixture(scope="module")
def table() -> Iterator[Conntrack]:
    conntrack = Conntrack()
    yield conntrack
    conntrack.close()


def read(table: Conntrack, data: bytes) -> Counter | None:
    return table._read(data, 0, len(data))


@pytest.mark.parametrize(("data", "key"), CASES.values(), ids=CASES)
def test_an_entry(table: Conntrack, data: bytes, key: FlowKey) -> None:
    for _ in range(2):  # as one of a new shape, and as one of a known shape
        assert read(table, data) == Counter(key=key, mark=0x01001042, bytes_out=200, bytes_in=100, pkts_out=3, pkts_in=2)


@pytest.mark.parametrize("case", ["tcp4", "udp6", "padded"])
def test_an_entry_is_named_as_the_kernel_names_it(table: Conntrack, case: str) -> None:
    _, key = CASES[case]
    written = read(table, entry(2 if len(key.src) == 4 else 10, _write_key(key), MARK))
    assert written is not None and written.key == key


FLOW = attribute(0x8001, addresses(HOME4, CLOUD_4) + transport(TCP, 40_000, 443))


def test_entries_of_one_length_and_different_shapes(table: Conntrack) -> None:
    first = entry(2, FLOW, MARK, SEEN)
    second = entry(2, FLOW, SEEN, MARK)
    echoed = entry(2, attribute(0x8001, addresses(HOME4, CLOUD_4) + echo(8, 0)), SEEN, MARK[:0])
    spelt = attribute(0x8001, addresses(HOME4, CLOUD_4) + transport(17)) + bytes.fromhex("0800ff7f00000000") * 2
    third = entry(2, spelt, MARK, SEEN)
    assert len(first) == len(second) == len(third)
    expected = Counter(key=CASES["tcp4"][1], mark=0x01001042, bytes_out=200, bytes_in=100, pkts_out=3, pkts_in=2)
    for data in (first, second, first):
        assert read(table, data) == expected
    assert read(table, third) == expected._replace(key=FlowKey(UDP, HOME4, 0, CLOUD_4, 0))
    assert read(table, echoed) is None


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
def test_what_is_not_counted(table: Conntrack, data: bytes) -> None:
    assert read(table, data) is None


def test_a_kernel_that_does_not_count_says_nothing(table: Conntrack) -> None:
    counter = read(table, entry(2, FLOW, MARK))
    assert counter is not None and (counter.bytes_out, counter.pkts_in) == (0, 0)


@given(st.sampled_from([data for data, _ in CASES.values()]), st.data())
def test_any_bytes_give_an_entry_or_nothing(data: bytes, draw: st.DataObject) -> None:
    with closing(Conntrack()) as table:
        read(table, data)
        at = draw.draw(st.integers(0, len(data) - 1))
        broken = data[:at] + draw.draw(st.binary(min_size=1, max_size=8)) + data[at + 1 :]
        table._read(broken, 0, draw.draw(st.integers(4, len(broken))))
        assert read(table, broken) == read(table, broken)


def walk(table: Conntrack, **request: int) -> list[CountersRead]:
    """The parts of one walk."""
    table.request(**request)
    table.request(**request)  # while one is under way: it goes on
    parts: list[CountersRead] = []
    while table.reading:
        if (part := table.receive()) is not None:
            parts.append(part)
    return parts


def flows(table: Conntrack, **request: int) -> set[Counter]:
    return {counter for part in walk(table, **request) for counter in part.counters}


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
                assert walk(table, mark=2 << 12, mask=EPOCH_MASK) == [CountersRead(counters=())]
                found = flows(table, mark=1 << 12, mask=EPOCH_MASK)
                assert found == flows(table)
                table.close()
            assert wait_for(lambda: payloads(home.wan()))
            return sorted(found, key=lambda counter: len(counter.key.src))

    four, six = inside(scene)
    assert four.key == FlowKey(UDP, socket.inet_aton(BELL4), 5000, socket.inet_aton(CLOUD4), 9999)
    assert six.key.src == socket.inet_pton(socket.AF_INET6, BELL6)
    assert four.mark == six.mark == mark(FlowClass.PASS)
    assert (four.bytes_out, four.bytes_in, four.pkts_out, four.pkts_in) == (128, 36, 1, 1)


@pytest.mark.net
def test_of_a_mark_only_the_epoch_is_taken() -> None:
    def scene() -> list[tuple[bool, set[int]]]:
        found = []
        with Home() as home, home.server(443):
            with home.connect(home.bell, (CLOUD4, 443)), home.connect(home.bell, (CLOUD6, 443)), home.gateway.entered():
                table = Conntrack()
                marks = {counter.mark for counter in flows(table)}
                for key in [counter.key for counter in flows(table)]:
                    found.append((table.ask_again(key), {c.mark for c in flows(table) if c.key == key}))
                assert marks == {mark(FlowClass.PASS)}
                gone = FlowKey(TCP, HOME4, 1, CLOUD_4, 2)
                found.append((table.ask_again(gone), {c.mark for c in flows(table) if c.key == gone}))
                table.close()
        return found

    assert inside(scene) == [(True, {mark(FlowClass.PASS, epoch=0)})] * 2 + [(False, set())]


@pytest.mark.net
def test_who_may_not_change_the_table_is_told() -> None:
    with closing(Conntrack()) as table, pytest.raises(OSError, match="asked about again"):
        table.ask_again(FlowKey(TCP, HOME4, 1, CLOUD_4, 2)._replace(proto=1))


@pytest.mark.net
def test_a_large_table_comes_in_parts() -> None:
    def scene() -> list[CountersRead]:
        writer = NetfilterSocket(receive_buffer_bytes=1 << 16)
        for port in range(1, 501):
            ways = (
                attribute(0x8000 | kind, addresses(src, dst) + transport(TCP, *ports))
                for kind, src, dst, ports in ((1, HOME4, CLOUD_4, (port, 443)), (2, CLOUD_4, HOME4, (443, port)))
            )
            state = attribute(0x8004, attribute(0x8001, attribute(1, b"\3")))
            new = message(0x100, *ways, attribute(7, pack("!I", 600)), MARK, state, flags=NLM_F_ACK | NLM_F_CREATE, family=2)
            writer.request(new, "make a connection known")
        table = Conntrack()
        parts = walk(table)
        table.close()
        return parts

    parts = inside(scene)
    assert [part.complete for part in parts] == [False] * (len(parts) - 1) + [True]
    assert max(len(part.counters) for part in parts) < 200
    assert sorted(counter.key.sport for part in parts for counter in part.counters) == list(range(1, 501))
