"""What UDP flows say, datagram by datagram."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.facts import NOTHING, Facts
from gateway.wire.udp import MAX_REFUSALS, UdpReader
from tests.support import quic_builder as quic
from tests.support.hello import dtls_fragments, dtls_record, extension, hello_body, server_name, vector

BODY = hello_body(server_name(b"relay.example"), cookie=b"", version=0xFEFD)
HELLO = b"".join(dtls_fragments(BODY, len(BODY)))
STUN = bytes.fromhex("000100082112a442") + bytes(20)
QUERY = bytes.fromhex("123401000001000000000000076578616d706c6503636f6d0000010001")


def _feed(reader: UdpReader, payload: bytes, direction: int = 0, port: int = 3_478) -> Facts | None:
    return reader.feed(payload, direction, port=port)


@pytest.mark.parametrize("direction", [0, 1])
def test_dtls(direction: int) -> None:
    reader = UdpReader(0, limit_packets=64)
    facts = _feed(reader, HELLO, direction)
    assert facts is reader.facts and facts is not None
    assert (facts.app_proto, facts.hello, [name.text for name in facts.names]) == ("dtls", True, ["relay.example"])
    assert reader.hello_from == direction and reader.done and reader.held_bytes == 0


@pytest.mark.parametrize("names", [(), (server_name(b"relay.example"),)], ids=["nameless", "named"])
def test_dtls_whose_keys_are_for_media(names: tuple[bytes, ...]) -> None:
    reader = UdpReader(0, limit_packets=64)
    body = hello_body(*names, extension(14, vector(b"\0\x01\0\x02") + b"\0"), cookie=b"", version=0xFEFD)
    facts = _feed(reader, b"".join(dtls_fragments(body, len(body))))
    assert facts is not None and (facts.app_proto, facts.hello, len(facts.names)) == ("dtls-srtp", True, len(names))


def test_dtls_after_stun() -> None:
    reader = UdpReader(0, limit_packets=64)
    assert _feed(reader, STUN) is NOTHING and _feed(reader, STUN, 1) is NOTHING and not reader.done
    facts = _feed(reader, HELLO)
    assert facts is not None and facts.hello


def test_dtls_in_fragments() -> None:
    reader = UdpReader(0, limit_packets=64)
    *pieces, last = dtls_fragments(BODY, 40)
    for piece in pieces:
        assert _feed(reader, piece) is None
    assert reader.facts.app_proto == "dtls" and not reader.facts.hello
    assert reader.hello_from == 0 and 0 < reader.held_bytes < len(BODY)
    facts = _feed(reader, last)
    assert facts is not None and facts.hello


def test_dtls_under_way() -> None:
    reader = UdpReader(0, limit_packets=64)
    facts = _feed(reader, dtls_record(b"secret", kind=23, epoch=1))
    assert facts is not None and facts.app_proto == "dtls" and not (facts.hello or reader.done)


def test_broken_dtls() -> None:
    reader = UdpReader(0, limit_packets=64)
    assert _feed(reader, dtls_record(b"\x01\xff\xff\xff" + bytes(20))) is NOTHING


@pytest.mark.parametrize(
    ("known_port", "port", "payload", "expected"),
    [
        pytest.param(53, 53, QUERY, "dns", id="dns"),
        pytest.param(0, 53, QUERY, "dns", id="dns-by-the-packet"),
        pytest.param(53, 53, b"\xff" * 30, "unknown", id="not-dns"),
        pytest.param(0, 5_354, QUERY, "unknown", id="dns-elsewhere"),
    ],
)
def test_dns(known_port: int, port: int, payload: bytes, expected: str) -> None:
    facts = _feed(UdpReader(known_port, limit_packets=64), payload, port=port)
    assert facts is not None and facts.app_proto == expected


def test_quic() -> None:
    reader = UdpReader(0, limit_packets=64)
    facts = _feed(reader, quic.initial(quic.padded(quic.crypto(0, quic.hello("a.example")))), port=443)
    assert facts is not None and facts is reader.facts and [name.text for name in facts.names] == ["a.example"]
    assert reader.done and reader.hello_from == 0


def test_quic_in_two_datagrams() -> None:
    reader = UdpReader(0, limit_packets=64)
    hello = quic.hello("a.example", extra=1_200)
    late, early = quic.crypto(700, hello[700:]), quic.crypto(0, hello[:700])
    assert _feed(reader, quic.initial(quic.padded(late)), 1) is None
    assert reader.facts.app_proto == "quic" and reader.hello_from == 1 and reader.held_bytes >= 1_200
    facts = _feed(reader, quic.initial(quic.padded(early), number=1), 1)
    assert facts is not None and facts.hello and not reader.contradiction and not reader.held_bytes


def test_quic_that_contradicts_itself() -> None:
    reader = UdpReader(0, limit_packets=64)
    hello = quic.hello("a.example", extra=1_200)
    for number, piece in enumerate((hello[:700], hello[:20] + b"\xff" * 680)):
        _feed(reader, quic.initial(quic.padded(quic.crypto(0, piece)), number=number))
    assert reader.contradiction


def test_quic_hello_that_cannot_be_read_is_no_nameless_one() -> None:
    reader = UdpReader(0, limit_packets=64)
    _feed(reader, quic.initial(quic.padded(quic.crypto(0, b"\x01\x01\x00\x00" + bytes(900)))))
    assert reader.exhausted and not reader.facts.hello


def test_dtls_hello_that_cannot_be_read_is_no_nameless_one() -> None:
    reader = UdpReader(0, limit_packets=64)
    (whole,) = dtls_fragments(b"\xff" * 60, 60)
    assert _feed(reader, whole) is NOTHING and reader.exhausted


def test_long_headers_of_nobody_are_refused() -> None:
    reader = UdpReader(0, limit_packets=64)
    for _ in range(MAX_REFUSALS + 2):
        assert _feed(reader, b"\xc0\x00\x00\x00\x01\x00\x00" + bytes(40)) is NOTHING
    assert reader.hello_from is None


def test_unknown_ends() -> None:
    reader = UdpReader(0, limit_packets=3)
    assert [_feed(reader, b"\x01noise") for _ in range(3)] == [NOTHING] * 3
    assert reader.done and not reader.exhausted


def test_incomplete_ends() -> None:
    reader = UdpReader(0, limit_packets=2)
    first, second, *_ = dtls_fragments(BODY, 20)
    assert _feed(reader, first) is None
    facts = _feed(reader, second)
    assert facts is not None and facts.app_proto == "dtls" and not facts.hello
    assert reader.exhausted and reader.done and reader.held_bytes == 0


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(min_size=1, max_size=120)), max_size=20), st.sampled_from([0, 53]))
def test_any_datagrams(datagrams: list[tuple[int, bytes]], port: int) -> None:
    reader = UdpReader(port, limit_packets=12)
    for direction, payload in datagrams:
        for start in (b"", HELLO[:25], b"\xc3\0\0\0\1\x08", b"\x09" + bytes(8) + b"Q043"):
            facts = _feed(reader, start + payload, direction)
            assert facts is None or facts is reader.facts
