"""ClientHellos of DTLS, whole and in fragments."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.dtls import MAX_FRAGMENTS, MAX_RECORDS, DtlsReader, is_dtls
from tests.support.hello import alpn, dtls_fragments, dtls_record, hello_body, server_name

BODY = hello_body(server_name(b"relay.example"), alpn(b"webrtc"), cookie=b"", version=0xFEFD)
RETRY = hello_body(server_name(b"relay.example"), cookie=b"c" * 20, version=0xFEFD)


def _whole(body: bytes = BODY, *, sequence: int = 0) -> bytes:
    return b"".join(dtls_fragments(body, len(body), sequence=sequence))


def _name(reader: DtlsReader, *datagrams: bytes) -> str | None:
    for datagram in datagrams:
        hello = reader.feed(datagram)
        if hello is not None:
            return hello.facts("dtls").names[0].text
    return None


@pytest.mark.parametrize("version", [0xFEFF, 0xFEFD, 0xFEFC, 0x0100], ids=["1.0", "1.2", "1.3", "before-the-standard"])
def test_a_whole_hello(version: int) -> None:
    datagram = _whole()
    assert _name(DtlsReader(), datagram[:1] + version.to_bytes(2, "big") + datagram[3:]) == "relay.example"


def test_the_hello_after_a_cookie_will_do_as_well() -> None:
    reader = DtlsReader()
    hello_verify = b"".join(dtls_fragments(b"\xfe\xff\x04abcd", 100, kind=3))
    assert reader.feed(hello_verify) is None and not reader.started
    assert _name(reader, _whole(RETRY, sequence=1)) == "relay.example"


@given(st.randoms(use_true_random=False), st.integers(5, 60), st.booleans())
def test_fragments_in_any_order(order: random.Random, size: int, together: bool) -> None:
    pieces = list(dtls_fragments(BODY, size))
    last = pieces.pop(order.randrange(len(pieces)))
    pieces += order.choices(pieces, k=2) if pieces else []
    order.shuffle(pieces)
    if together:
        pieces = [b"".join(pieces)] if pieces else []
    reader = DtlsReader()
    assert _name(reader, *pieces) is None and reader.started is bool(pieces)
    assert reader.size_bytes <= len(BODY)
    assert _name(reader, last) == "relay.example"


def test_fragments_of_another_hello_start_anew() -> None:
    first, *_ = dtls_fragments(BODY, 60)
    reader = DtlsReader()
    assert _name(reader, first, *dtls_fragments(RETRY, 60, sequence=1)) == "relay.example"


def test_fragments_that_overlap() -> None:
    reader = DtlsReader()
    assert _name(reader, *list(dtls_fragments(BODY, 50))[:1], *dtls_fragments(BODY, 40)) == "relay.example"


def test_encrypted_records_are_left_alone() -> None:
    datagram = _whole()
    assert DtlsReader().feed(datagram[:3] + b"\0\1" + datagram[5:]) is None
    assert DtlsReader().feed(dtls_record(b"secret", kind=23, epoch=1)) is None


@pytest.mark.parametrize(
    "datagram",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(20), id="stun"),
        pytest.param(b"\x16\x03\x01" + _whole()[3:], id="tls"),
        pytest.param(dtls_record(b"\x01\x00\x00\x10\x00\x00\x00\x00\x08\x00\x00\x09" + bytes(9)), id="fragment-beyond-message"),
        pytest.param(dtls_record(b"\x01\xff\xff\xff" + bytes(20)), id="message-too-long"),
        pytest.param(dtls_record(b"\x01\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x05" + bytes(5)), id="body-too-short"),
    ],
)
def test_what_is_no_dtls(datagram: bytes) -> None:
    with pytest.raises(ValueError):
        DtlsReader().feed(datagram)


def test_a_record_cut_short_is_not_kept() -> None:
    reader = DtlsReader()
    assert reader.feed(_whole()[:60]) is None and reader.size_bytes == 0


def test_records_of_a_datagram_are_bounded() -> None:
    padding = dtls_record(b"", kind=21)
    assert _name(DtlsReader(), padding * (MAX_RECORDS - 1) + _whole()) == "relay.example"
    assert DtlsReader().feed(padding * MAX_RECORDS + _whole()) is None


def test_fragments_of_a_record_are_bounded() -> None:
    empty = b"\x01" + len(BODY).to_bytes(3, "big") + bytes(8)
    whole = b"\x01" + len(BODY).to_bytes(3, "big") + bytes(5) + len(BODY).to_bytes(3, "big") + BODY
    assert _name(DtlsReader(), dtls_record(empty * (MAX_FRAGMENTS - 1) + whole)) == "relay.example"
    assert DtlsReader().feed(dtls_record(empty * MAX_FRAGMENTS + whole)) is None


def test_memory_is_bounded() -> None:
    reader = DtlsReader()
    for piece in list(dtls_fragments(BODY, 1))[1:]:
        reader.feed(piece)
    assert reader.size_bytes == MAX_FRAGMENTS


@given(st.lists(st.binary(max_size=80), max_size=5), st.booleans())
def test_any_bytes(datagrams: list[bytes], headed: bool) -> None:
    reader = DtlsReader()
    for datagram in datagrams:
        datagram = dtls_record(b"\x01" + datagram) if headed else datagram
        try:
            reader.feed(datagram)
        except ValueError:
            assert headed or not is_dtls(datagram) or datagram[0] == 22
