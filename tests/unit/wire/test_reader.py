"""The first bytes of one flow, whatever they are and however they come."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.facts import NOTHING
from gateway.model.packet import ACK, ICMP, SYN, TCP, UDP, Packet
from gateway.wire.ip import decode_ip
from gateway.wire.reader import FlowReader
from gateway.wire.tls import parse_client_hello
from tests.support.hello import dtls_fragments, hello_body, named, server_name
from tests.support.packets import client_hello, syn, tcp, udp

ISN = 0xFFFFFF80


def _segments(data: bytes, order: random.Random, *, parts: int) -> list[Packet]:
    """The data in segments: overlapping, some sent twice, in any order."""
    edges = sorted({0, len(data), *order.sample(range(1, len(data)), min(parts, len(data)) - 1)})
    spans = [(low, min(len(data), high + order.randrange(8))) for low, high in zip(edges, edges[1:], strict=False)]
    spans += order.choices(spans, k=len(spans) // 3)
    order.shuffle(spans)
    return [tcp(data[low:high], seq=(ISN + 1 + low) & 0xFFFFFFFF) for low, high in spans]


@given(st.randoms(use_true_random=False), st.integers(1, 40), st.sampled_from(["a.example", "device-metrics-us.example.com"]))
def test_any_segmentation_gives_the_same_name(order: random.Random, parts: int, name: str) -> None:
    reader = FlowReader(TCP, 443)
    assert reader.feed(syn(seq=ISN), 0) is None
    told = [reader.feed(packet, 0) for packet in _segments(client_hello(name), order, parts=parts) if not reader.done]
    assert told[:-1] == [None] * (len(told) - 1)
    assert told[-1] is reader.facts and [found.text for found in reader.facts.names] == [name]
    assert reader.done and reader.hello_from == 0 and reader.held_bytes == 0
    assert not (reader.contradiction or reader.exhausted)


def test_one_byte_segments() -> None:
    hello = named(b"a.example")
    reader = FlowReader(TCP, 443, limit_packets=200)
    told = [reader.feed(tcp(bytes((byte,)), seq=1 + at), 0) for at, byte in enumerate(hello)]
    assert told[:-1] == [None] * (len(hello) - 1) and told[-1] is reader.facts
    assert [name.text for name in reader.facts.names] == ["a.example"]


@pytest.mark.parametrize("direction", [0, 1])
def test_dtls(direction: int) -> None:
    body = hello_body(server_name(b"relay.example"), cookie=b"")
    reader = FlowReader(UDP)
    for piece in dtls_fragments(body, 30):
        reader.feed(udp(piece), direction)
    assert [name.text for name in reader.facts.names] == ["relay.example"] and reader.hello_from == direction


def test_done_is_a_no_op() -> None:
    reader = FlowReader(TCP)
    reader.feed(tcp(named(b"a.example")), 0)
    facts = reader.facts
    assert reader.done and reader.feed(tcp(named(b"b.example"), seq=900), 0) is None and reader.facts is facts


def test_a_hello_outlives_its_reading() -> None:
    reader = FlowReader(TCP)
    assert reader.hello is None
    reader.feed(tcp(named(b"a.example")), 0)
    assert reader.done and reader.hello == parse_client_hello(named(b"a.example"))


def test_hellos_in_datagrams_are_not_kept() -> None:
    reader = FlowReader(UDP)
    assert reader.hello is None
    for piece in dtls_fragments(hello_body(server_name(b"relay.example"), cookie=b""), 300):
        reader.feed(udp(piece), 0)
    assert reader.done and reader.facts.hello and reader.hello is None


def test_a_protocol_without_names_is_done_at_once() -> None:
    reader = FlowReader(ICMP)
    assert reader.done and reader.facts is NOTHING and reader.hello_from is None
    assert not (reader.contradiction or reader.exhausted or reader.held_bytes)
    assert reader.feed(udp(b"x")._replace(proto=ICMP), 0) is None


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(udp(b""), id="empty-datagram"),
        pytest.param(udp(b"\0" * 40)._replace(fragment=(1, 0, True)), id="fragment"),
    ],
)
def test_nothing_to_read(packet: Packet) -> None:
    reader = FlowReader(UDP)
    assert reader.feed(packet, 0) is None and not reader.done


FLAGS = st.sampled_from([0, SYN, ACK])
PACKETS = st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=80), st.integers(0, 200), FLAGS), max_size=20)


@given(PACKETS, st.sampled_from([TCP, UDP]), st.sampled_from([0, 53, 443]))
def test_any_packets(packets: list[tuple[int, bytes, int, int]], proto: int, port: int) -> None:
    reader = FlowReader(proto, port, limit_bytes=128, limit_packets=6)
    for direction, payload, seq, flags in packets:
        packet = Packet(4, bytes(4), bytes(4), proto, 1, port, flags, seq, payload, 40 + len(payload), len(payload))
        facts = reader.feed(packet, direction)
        assert facts is None or facts is reader.facts
        assert 0 <= reader.held_bytes <= 4 * 128 + 1_600


@given(st.binary(max_size=200), st.integers(0, 199), st.binary(min_size=1, max_size=3))
def test_any_bytes_from_the_network_layer_up(data: bytes, at: int, change: bytes) -> None:
    head = bytes.fromhex("45000000000040004006000001020304050607081f9001bb000000010000000050180000") + b"\0\0\0\0"
    for raw in (data, head[: at % 40] + change + head[at % 40 + len(change) :] + data):
        packet = decode_ip(raw)
        if packet is not None:
            FlowReader(packet.proto, packet.dport).feed(packet, 0)


def test_the_room_is_entered_without_scapy() -> None:
    code = "import sys, gateway.wire; sys.exit(any(name.split('.')[0] == 'scapy' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0


def test_a_reader_that_is_done_keeps_no_byte() -> None:
    """Tens of thousands of flows keep theirs for as long as they live."""
    payload = bytes(bytearray(client_hello("kept.example")))  # one of its own
    before = sys.getrefcount(payload)
    reader = FlowReader(TCP, 443)
    reader.feed(tcp(payload, seq=1), 0)
    assert reader.done and reader.held_bytes == 0
    assert sys.getrefcount(payload) == before
    assert [name.text for name in reader.facts.names] == ["kept.example"] and reader.hello_from == 0
