"""Datagrams in pieces."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6

from gateway.model.packet import Packet
from gateway.wire.fragment import Reassembler
from gateway.wire.ip import decode_ip

TEXT = bytes(range(256)) * 12
WHOLE4 = IP(src="10.0.0.1", dst="10.0.0.2", id=77) / UDP(sport=1_000, dport=2_000) / TEXT
WHOLE6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrFragment(id=77) / UDP(sport=1_000, dport=2_000) / TEXT


def _pieces(version: int, size: int = 600) -> list[Packet]:
    parts = fragment(WHOLE4, fragsize=size) if version == 4 else fragment6(WHOLE6, size + 48)
    return [packet for part in parts if (packet := decode_ip(bytes(part))) is not None]


def _add_all(reassembler: Reassembler, packets: Iterable[Packet]) -> list[Packet]:
    return [whole for packet in packets if (whole := reassembler.add(packet)) is not None]


@pytest.mark.parametrize("version", [4, 6])
@given(order=st.randoms(use_true_random=False), size=st.sampled_from([64, 200, 600]), again=st.integers(0, 3))
def test_any_order_gives_the_whole(version: int, order: random.Random, size: int, again: int) -> None:
    pieces = _pieces(version, size if version == 4 else 600)
    last = pieces.pop(order.randrange(len(pieces)))
    pieces += order.choices(pieces, k=again)
    order.shuffle(pieces)
    reassembler = Reassembler(limit_pieces=1_000)
    assert _add_all(reassembler, pieces) == []
    [whole] = _add_all(reassembler, [last])
    assert (whole.sport, whole.dport, whole.payload, whole.fragment) == (1_000, 2_000, TEXT, None)
    assert whole.payload_length == len(TEXT)
    assert whole.length == (28 + len(TEXT) if version == 4 else whole.length)
    assert reassembler.held_bytes == 0


def test_a_whole_packet_passes_through() -> None:
    packet = decode_ip(bytes(IP() / UDP(sport=1, dport=2) / b"x"))
    assert packet is not None and Reassembler().add(packet) is packet


def test_overlaps_that_agree_are_fine() -> None:
    first, *middle, last = _pieces(4)
    ident, offset, more = middle[0].fragment or (0, 0, False)
    early = middle[0]._replace(fragment=(ident, offset - 8, more), payload=first.payload[-8:] + middle[0].payload,
                               payload_length=8 + middle[0].payload_length)  # fmt: skip
    [whole] = _add_all(Reassembler(), [early, first, *middle, last])
    assert whole.payload == TEXT


def test_overlaps_that_disagree_are_dropped() -> None:
    first, *middle, last = _pieces(4)
    liar = first._replace(payload=first.payload[:-1] + b"\xaa")
    reassembler = Reassembler()
    assert _add_all(reassembler, [first, liar, *middle, last]) == []


def test_two_ends_are_dropped() -> None:
    *_, last = pieces = _pieces(4)
    ident, offset, _ = last.fragment or (0, 0, False)
    liar = last._replace(fragment=(ident, offset + 8, False))
    assert _add_all(Reassembler(), [liar, *pieces]) == []


@pytest.mark.parametrize(
    "fragment",
    [
        pytest.param((1, 65_528, False), id="beyond-the-longest-datagram"),
        pytest.param((1, 0, True), id="not-a-multiple-of-eight"),
    ],
)
def test_impossible_pieces_are_ignored(fragment: tuple[int, int, bool]) -> None:
    piece = _pieces(4)[0]._replace(fragment=fragment, payload=b"x" * 9, payload_length=9)
    reassembler = Reassembler()
    assert reassembler.add(piece) is None and reassembler.held_bytes == 0


def test_patience_ends() -> None:
    *pieces, last = _pieces(4)
    reassembler = Reassembler(patience_s=10.0)
    assert [reassembler.add(piece, 100.0) for piece in pieces] == [None] * len(pieces)
    assert reassembler.add(last, 111.0) is None
    assert reassembler.held_bytes == len(last.payload)


def test_cut_pieces_end_the_payload() -> None:
    first, *middle, last = _pieces(4)
    cut = middle[0]._replace(payload=middle[0].payload[:100])
    [whole] = _add_all(Reassembler(), [last, *middle[1:], cut, first])
    assert whole.payload_length == len(TEXT)
    assert whole.payload == TEXT[: len(first.payload) - 8 + 100]


def test_pieces_per_datagram_are_bounded() -> None:
    reassembler = Reassembler(limit_pieces=4)
    assert _add_all(reassembler, _pieces(4, 64)) == []


def test_memory_is_bounded() -> None:
    reassembler = Reassembler(limit_datagrams=8, limit_bytes=4_000)
    first = _pieces(4)[0]
    for ident in range(100):
        reassembler.add(first._replace(fragment=(ident, 0, True)))
        assert reassembler.held_bytes <= 4_000
    reassembler = Reassembler(limit_datagrams=2)
    for ident in range(10):
        reassembler.add(first._replace(fragment=(ident, 0, True)))
    assert reassembler.held_bytes == 2 * len(first.payload)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 64), st.booleans(), st.binary(max_size=40)), max_size=30))
def test_any_pieces(pieces: list[tuple[int, int, bool, bytes]]) -> None:
    reassembler = Reassembler(limit_datagrams=2, limit_bytes=200)
    base = _pieces(4)[0]
    for ident, offset, more, payload in pieces:
        packet = base._replace(fragment=(ident, offset * 8, more), payload=payload, payload_length=len(payload) + offset % 3)
        whole = reassembler.add(packet)
        assert whole is None or whole.fragment is None
        assert 0 <= reassembler.held_bytes <= 200
