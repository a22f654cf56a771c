"""Long headers and the frames of Initials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.quic_crypto import VERSIONS
from gateway.wire.quic_packet import (
    HANDSHAKE,
    INITIAL,
    MAX_FRAMES,
    MAX_PACKETS,
    NEGOTIATION,
    OTHER_VERSION,
    RETRY,
    ZERO_RTT,
    crypto_frames,
    read_varint,
    split_datagram,
)
from tests.support.quic_builder import SALTS, V1, V2, crypto, initial, padded, varint

BODY = b"\x40\x64" + bytes(100)
"""A length of 100, and as many bytes."""
IDS = b"\x08toserver\x02me"


def kinds(data: bytes) -> list[int]:
    return [packet.kind for packet in split_datagram(data)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(initial(padded(b"")), [INITIAL], id="initial of v1"),
        pytest.param(initial(padded(b""), version=V2), [INITIAL], id="initial of v2"),
        pytest.param(b"\xc0" + V1 + IDS + b"\0" + BODY, [INITIAL], id="no token"),
        pytest.param(b"\x80" + V1 + IDS + b"\0" + BODY, [INITIAL], id="fixed bit greased"),
        pytest.param(b"\xd0" + V1 + IDS + BODY, [ZERO_RTT], id="0-RTT of v1"),
        pytest.param(b"\xe0" + V1 + IDS + BODY, [HANDSHAKE], id="handshake of v1"),
        pytest.param(b"\xf0" + V1 + IDS + b"token and tag", [RETRY], id="retry of v1"),
        pytest.param(b"\xe0" + V2 + IDS + BODY, [ZERO_RTT], id="0-RTT of v2"),
        pytest.param(b"\xf0" + V2 + IDS + BODY, [HANDSHAKE], id="handshake of v2"),
        pytest.param(b"\xc0" + V2 + IDS + b"token and tag", [RETRY], id="retry of v2"),
        pytest.param(b"\xc0" + V1 + IDS + b"\0" + BODY + b"\xe0" + V1 + IDS + BODY, [INITIAL, HANDSHAKE], id="coalesced"),
        pytest.param((b"\xc0" + V1 + IDS + b"\0" + BODY) * 2, [INITIAL, INITIAL], id="two datagrams handed over as one"),
        pytest.param(b"\xc0" + V1 + IDS + b"\0" + BODY + b"\x40short", [INITIAL], id="then a short header"),
        pytest.param(b"\xc0" + V1 + IDS + b"\0" + BODY + bytes(50), [INITIAL], id="then zeros"),
        pytest.param(b"\x80" + bytes(4) + IDS + V1 + V2, [NEGOTIATION], id="version negotiation"),
        pytest.param(b"\x80" + bytes(4) + IDS, [], id="version negotiation without versions"),
        pytest.param(b"\x80" + bytes(4) + IDS + b"abc", [], id="version negotiation out of step"),
        pytest.param((b"\xc0\x1a\x2a\x3a\x4a" + IDS).ljust(1200), [OTHER_VERSION], id="reserved version"),
        pytest.param((b"\xc0\xff\0\0\x99" + IDS).ljust(1200), [OTHER_VERSION], id="draft unknown to us"),
        pytest.param((b"\xc0\x1a\x2a\x3a\x4a" + IDS).ljust(1199), [], id="reserved version, small"),
        pytest.param((b"\xc0abcd" + IDS).ljust(1200), [], id="some other protocol"),
        pytest.param(b"\xc0" + V1 + b"\x15" + bytes(21) + b"\0\0" + BODY, [], id="connection id too long"),
        pytest.param(b"\xc0" + V1 + b"\x08toserver", [], id="cut in the header"),
        pytest.param(b"\xc0" + V1 + IDS + b"\0" + BODY[:-1], [], id="cut in the body"),
        pytest.param(b"\xc0" + V1 + IDS + b"\0\0", [], id="empty body"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_packets_of_a_datagram(data: bytes, expected: list[int]) -> None:
    assert kinds(data) == expected


@pytest.mark.parametrize("size", [0, 1, 8, 20])
def test_connection_ids_and_token(size: int) -> None:
    data = initial(padded(b""), to=b"t" * size, sender=b"s" * size, token=b"token" * size)
    (packet,) = split_datagram(data)
    assert (packet.to, packet.sender, packet.start, packet.end) == (b"t" * size, b"s" * size, 0, len(data))
    assert len(data) - packet.number_at == 1162 + 4 + 16


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(bytes(100), [], id="padding"),
        pytest.param(crypto(0, b"abc"), [(0, b"abc")], id="one"),
        pytest.param(crypto(70, b"d") + crypto(0, b"abc"), [(70, b"d"), (0, b"abc")], id="out of order"),
        pytest.param(b"\x01\0\0" + crypto(0, b"a") + b"\x01" + bytes(9), [(0, b"a")], id="ping and padding between"),
        pytest.param(b"\x02\x05\x40\x10\x01\0\x02\x02" + crypto(0, b"a"), [(0, b"a")], id="acknowledgement with two ranges"),
        pytest.param(b"\x03\x05\x10\0\0\x01\x02\x03" + crypto(0, b"a"), [(0, b"a")], id="acknowledgement with ECN"),
        pytest.param(crypto(0, b"a") + b"\x1c\0\0\x03bye" + crypto(1, b"b"), [(0, b"a")], id="ends at a close"),
        pytest.param(crypto(0, b""), [(0, b"")], id="empty"),
    ],
)
def test_crypto_frames(frames: bytes, expected: list[tuple[int, bytes]]) -> None:
    assert list(crypto_frames(frames, VERSIONS[V1])) == expected


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(crypto(0, b"abc")[:-1], id="cut data"),
        pytest.param(b"\x06", id="no offset"),
        pytest.param(b"\x06\x40", id="half an offset"),
        pytest.param(b"\x08\0\0", id="a stream frame"),
        pytest.param(b"\x02\0\0" + varint((1 << 62) - 1) + b"\0\0", id="more ranges than bytes"),
        pytest.param(b"\x01" * (MAX_FRAMES + 1), id="too many"),
    ],
)
def test_frames_that_do_not_belong_there(frames: bytes) -> None:
    with pytest.raises(ValueError):
        list(crypto_frames(frames, VERSIONS[V1]))


@pytest.mark.parametrize("version", [b"T050", b"T051", b"Q050"], ids=bytes.decode)
def test_google_numbers_frames_its_own_way(version: bytes) -> None:
    frames = b"\0\x07" + crypto(0, b"ab", google=True) + b"\x01" + crypto(2, b"c", google=True)
    assert list(crypto_frames(frames, VERSIONS[version])) == [(0, b"ab")]


@given(value=st.integers(0, (1 << 62) - 1), before=st.binary(max_size=3))
def test_varints_come_back(value: int, before: bytes) -> None:
    raw = varint(value)
    assert read_varint(before + raw, len(before)) == (value, len(before + raw))
    with pytest.raises(ValueError):
        read_varint(raw[:-1], 0)


@given(tail=st.binary(max_size=300), version=st.sampled_from([*SALTS, bytes(4), b"\x1a\x2a\x3a\x4a"]))
def test_any_bytes_split(tail: bytes, version: bytes) -> None:
    data = b"\xc0" + version + tail
    at = 0
    for packet in split_datagram(data):
        assert packet.start == at < packet.end <= len(data)
        at = packet.end


def test_packets_of_a_datagram_are_bounded() -> None:
    smallest = b"\xe0" + V1 + b"\0\0\1x"
    assert len(list(split_datagram(smallest * 7_000))) == MAX_PACKETS


@given(frames=st.binary(max_size=300))
def test_any_frames_are_walked_or_refused(frames: bytes) -> None:
    try:
        pieces = list(crypto_frames(frames, VERSIONS[V1]))
    except ValueError:
        return
    assert sum(len(piece) for _, piece in pieces) <= len(frames)
