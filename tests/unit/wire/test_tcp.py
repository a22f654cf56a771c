"""One direction of a connection, in order."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.tcp import MAX_HELD_SEGMENTS, HalfStream

TEXT = bytes(range(256)) * 4


def _stream(*segments: tuple[int, bytes], limit_bytes: int = 32_768) -> HalfStream:
    stream = HalfStream(limit_bytes)
    for seq, payload in segments:
        stream.add(seq, payload)
    return stream


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        pytest.param([(10, b"abc")], b"abc", id="one"),
        pytest.param([(10, b"abc"), (13, b"def")], b"abcdef", id="in-order"),
        pytest.param([(13, b"def"), (10, b"abc")], b"abcdef", id="the-first-comes-second"),
        pytest.param([(10, b"a"), (16, b"g"), (13, b"def"), (11, b"bc")], b"abcdefg", id="two-gaps"),
        pytest.param([(10, b"abc"), (10, b"abc"), (13, b"d")], b"abcd", id="sent-again"),
        pytest.param([(10, b"abc"), (11, b"bcde")], b"abcde", id="overlap"),
        pytest.param([(10, b"abc"), (14, b"e"), (14, b"ef"), (13, b"d")], b"abcdef", id="longer-copy-beyond-a-gap"),
        pytest.param([(0xFFFFFFFE, b"ab"), (0, b"cd")], b"abcd", id="numbers-wrap"),
        pytest.param([(1, b"de"), (0xFFFFFFFE, b"abc")], b"abcde", id="numbers-wrap-backwards"),
        pytest.param([(10, b"abc"), (20, b"z")], b"abc", id="gap-stays"),
        pytest.param([(10, b"abc"), (9, b"\0"), (13, b"d")], b"abcd", id="keep-alive-probe"),
        pytest.param([(10, b"abc"), (10, b"")], b"abc", id="empty"),
    ],
)
def test_order(segments: list[tuple[int, bytes]], expected: bytes) -> None:
    stream = _stream(*segments)
    assert bytes(stream.data) == expected and not stream.contradiction


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param([(10, b"abc"), (11, b"xx")], id="in-order"),
        pytest.param([(10, b"abc"), (15, b"fg"), (15, b"fx")], id="beyond-a-gap"),
        pytest.param([(10, b"abc"), (15, b"fg"), (13, b"dexx")], id="when-the-gap-closes"),
        pytest.param([(12, b"cd"), (10, b"abx")], id="before-the-first"),
    ],
)
def test_disagreement_is_told(segments: list[tuple[int, bytes]]) -> None:
    assert _stream(*segments).contradiction


@given(
    st.randoms(use_true_random=False),
    st.lists(st.integers(1, len(TEXT) - 2), max_size=40),
    st.integers(0, 0xFFFFFFFF),
    st.booleans(),
)
def test_any_segmentation(order: random.Random, cuts: list[int], isn: int, syn: bool) -> None:
    least = 0 if syn else 2  # a single byte before all that was seen would look like a keep-alive probe
    edges = sorted({0, *cuts, len(TEXT)})
    pairs = zip(edges, edges[1:], strict=False)
    segments = [(low, TEXT[low : max(high, low + least) + order.randrange(4)]) for low, high in pairs]
    segments += order.choices(segments, k=5)
    order.shuffle(segments)
    stream = HalfStream()
    if syn:
        assert not stream.add(isn, b"", syn=True)
    grown = [stream.add((isn + 1 + at) & 0xFFFFFFFF, payload) for at, payload in segments]
    assert bytes(stream.data) == TEXT and any(grown)
    assert not (stream.contradiction or stream.gap) and stream.size_bytes == len(TEXT)


def test_a_syn_takes_up_a_number_and_may_carry_data() -> None:
    stream = HalfStream()
    assert stream.add(99, b"early", syn=True) and stream.anchored
    stream.add(105, b" late")
    assert bytes(stream.data) == b"early late"


def test_before_the_anchor_is_nothing() -> None:
    stream = HalfStream()
    stream.anchor(100)
    assert not stream.add(90, b"too early")
    assert stream.add(95, b"earlyhello")
    assert bytes(stream.data) == b"hello" and not stream.contradiction


def test_a_new_anchor_only_while_empty() -> None:
    stream = _stream((10, b"abc"))
    stream.anchor(50)
    assert stream.add(13, b"d") and bytes(stream.data) == b"abcd"


def test_positions_are_sequence_numbers() -> None:
    stream = _stream((0xFFFFFFFE, b"abcd"), (10, b"later"))
    assert stream.seq_at(3) == 1
    assert stream.gap and stream.waiting() == [(10, b"later")]


def test_what_is_held_is_bounded() -> None:
    stream = _stream((0, b"a"), limit_bytes=100)
    for seq in range(2, 10_000, 2):
        stream.add(seq, b"x" * (seq % 7 + 1))
        assert stream.size_bytes <= 200
    assert stream.data == b"a" and not stream.add(5_000_000, b"far")
    many = _stream((0, b"a"))
    for seq in range(2, 4 * MAX_HELD_SEGMENTS, 2):
        many.add(seq, b"x")
    assert len(many.waiting()) == MAX_HELD_SEGMENTS


def test_the_window_ends() -> None:
    stream = _stream((0, b"x" * 90), (90, b"y" * 90), (180, b"z"), limit_bytes=100)
    assert bytes(stream.data) == b"x" * 90 + b"y" * 10
    assert stream.overflow and not stream.add(100, b"more")


@pytest.mark.parametrize(
    ("segments", "overflow"),
    [
        pytest.param([(0, b"x" * 100)], False, id="just-fits"),
        pytest.param([(0, b"x" * 101)], True, id="one-byte-more"),
        pytest.param([(0, b"x"), (50, b"y" * 50)], False, id="beyond-a-gap"),
        pytest.param([(0, b"x"), (50, b"y" * 51)], True, id="beyond-a-gap-and-the-window"),
        pytest.param([(0, b"x" * 40), (41, b"y" * 50), (42, b"y" * 49)], True, id="more-held-than-may-be"),
        pytest.param([(0, b"x"), (1 << 31, b"y")], False, id="from-long-ago"),
    ],
)
def test_overflow_is_told(segments: list[tuple[int, bytes]], overflow: bool) -> None:
    assert _stream(*segments, limit_bytes=100).overflow is overflow


@given(st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.binary(max_size=40), st.booleans()), max_size=40))
def test_any_segments(segments: list[tuple[int, bytes, bool]]) -> None:
    stream = HalfStream(64)
    for seq, payload, syn in segments:
        stream.add(seq, payload, syn=syn)
        assert len(stream.data) <= 64 and stream.size_bytes <= 128


@given(st.lists(st.tuples(st.integers(-40, 40), st.binary(max_size=40)), max_size=30))
def test_any_neighbours(segments: list[tuple[int, bytes]]) -> None:
    stream = HalfStream(64)
    for at, payload in segments:
        stream.add(at & 0xFFFFFFFF, payload)
        assert len(stream.data) <= 64 and stream.size_bytes <= 192
