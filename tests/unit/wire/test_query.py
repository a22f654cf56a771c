import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRROPT, EDNS0TLV
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6

from gateway.wire import decode_ip, parse_dns
from gateway.wire.dns import EDNS_BYTES
from gateway.wire.query import is_bare, restate_query
from tests.support.packets import tcp, udp

LETTER = b"not for the resolver"
NAME = "Api.Example.COM"
ASKED = DNSQR(qname=NAME, qtype="A")
TEXT = DNSRR(rrname="x", type="TXT", rdata=LETTER)


def edns(*options: EDNS0TLV, size: int = 4096, **flags: int) -> DNSRROPT:
    return DNSRROPT(rclass=size, rdata=list(options), **flags)


def said(message: DNS | bytes, *, v6: bool = False) -> DNS:
    payload = bytes(message)
    packet = udp(payload, dport=53)
    if v6:
        packet = packet._replace(version=6, src=bytes(15) + b"\1", dst=bytes(15) + b"\2")
    raw = restate_query(packet)
    assert raw is not None
    again = (IPv6 if v6 else IP)(raw)
    del again[UDP].chksum
    assert bytes(again) == raw  # Scapy counts the same checksum
    decoded = decode_ip(raw)
    assert decoded is not None
    assert (decoded.src, decoded.dst, decoded.sport, decoded.dport) == (packet.src, packet.dst, packet.sport, packet.dport)
    assert decoded.payload_length == len(decoded.payload) == len(bytes(again[DNS]))
    return again[DNS]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(bytes(DNS(id=7, rd=1, qd=ASKED)) + LETTER, id="after-the-question"),
        pytest.param(DNS(id=7, rd=1, qd=ASKED, ar=edns(EDNS0TLV(optcode=12, optdata=LETTER))), id="padding"),
        pytest.param(DNS(id=7, rd=1, qd=ASKED, ar=edns(EDNS0TLV(optcode=65_001, optdata=LETTER))), id="local-option"),
        pytest.param(DNS(id=7, rd=1, qd=ASKED, ar=TEXT), id="additional"),
        pytest.param(DNS(id=7, rd=1, qd=ASKED, ns=TEXT), id="authority"),
        pytest.param(DNS(id=7, rd=1, qd=ASKED, ar=[TEXT, edns()]), id="before-edns"),
    ],
)
@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_nothing_but_the_question_is_said_again(message: DNS | bytes, v6: bool) -> None:
    assert LETTER in bytes(message)
    again = said(message, v6=v6)
    assert LETTER not in bytes(again)
    assert (again.id, again.rd, again.qr, again.opcode) == (7, 1, 0, 0)
    assert (again.qdcount, again.ancount, again.nscount) == (1, 0, 0)
    assert again.qd[0].qname == NAME.encode() + b"."
    assert again.arcount in (0, 1)


@pytest.mark.parametrize(
    ("size", "told"), [(512, 512), (1400, EDNS_BYTES), (0xFFFF, EDNS_BYTES), (1, 512)], ids=["small", "large", "huge", "odd"]
)
def test_edns_stays_bare(size: int, told: int) -> None:
    again = said(DNS(id=7, rd=1, qd=ASKED, ar=edns(EDNS0TLV(optcode=10, optdata=b"8 bytes!"), size=size, z=0x8000)))
    assert again.arcount == 1
    record = again.ar[0]
    assert (record.type, record.rclass, record.z, record.rdata) == (41, told, 0x8000, [])
    assert bytes(again).endswith(b"\0\0")


def test_plain_query_is_itself() -> None:
    payload = bytes(DNS(id=7, rd=1, ad=1, cd=1, qd=ASKED))
    assert bytes(said(payload)) == payload
    message = parse_dns(payload)
    assert message is not None and is_bare(payload, message)


@example(head=b"\0\7\1\0\0\1", counts=bytes(6), label=b"\0", tail=b"abc")
@example(head=b"\0\7\1\0\0\1", counts=bytes(6), label=b"", tail=b"a")
@given(
    head=st.sampled_from([b"\0\7\1\0\0\1", b"\0\7\x81\0\0\1", b"\0\7\1\0\0\2", b"\0\7\x29\0\0\1", b"\0\7\1\x4f\0\1"]),
    counts=st.sampled_from([bytes(6), b"\0\0\0\0\0\1"]),
    label=st.binary(max_size=20),
    tail=st.binary(max_size=12),
)
def test_bare_is_what_stays_as_it_is(head: bytes, counts: bytes, label: bytes, tail: bytes) -> None:
    payload = head + counts + bytes((len(label),)) + label + b"\0" * bool(label) + b"\0\1\0\1" + tail
    message = parse_dns(payload)
    if message is not None and is_bare(payload, message):
        raw = restate_query(udp(payload, dport=53))
        assert raw is not None and raw[28:] == payload


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(bytes(DNS(id=7, rd=1, opcode=5, qd=DNSQR(qname=NAME, qtype="SOA"))), id="update"),
        pytest.param(bytes(DNS(id=7, rd=1, opcode=4, qd=ASKED)), id="notify"),
        pytest.param(bytes(DNS(id=7, rd=1, qd=[ASKED, DNSQR(qname="y.example")])), id="two-questions"),
        pytest.param(bytes(DNS(id=7, qr=1, qd=ASKED)), id="answer"),
        pytest.param(bytes(DNS(id=7, rd=1, qd=ASKED))[:-3], id="cut"),
        pytest.param(struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1", id="pointer"),
        pytest.param(bytes(DNS(id=7, rd=1, qd=DNSQR(qname=b"\x01\xfe\x80.example"))), id="raw-label"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_is_no_plain_query_is_not_said(payload: bytes) -> None:
    assert restate_query(udp(payload, dport=53)) is None


def test_only_whole_datagrams() -> None:
    payload = bytes(DNS(id=7, rd=1, qd=ASKED))
    assert restate_query(tcp(payload, dport=53)) is None
    assert restate_query(udp(payload, dport=53)._replace(fragment=(1, 0, True))) is None


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_whatever_comes(tail: bytes, head: bytes) -> None:
    for payload in (tail, bytes(DNS(id=7, rd=1, qd=ASKED)) + tail, head + tail):
        raw = restate_query(udp(payload, dport=53))
        if raw is None:
            continue
        first, again = parse_dns(payload), decode_ip(raw)
        assert first is not None and again is not None
        once = parse_dns(again.payload)
        assert once is not None
        assert (once.id, once.questions, once.answers) == (first.id, first.questions, ())
        assert len(again.payload) <= 12 + 255 + 4 + 11
