"""DNS messages: what is asked, what is answered, and the answers we give ourselves. Scapy is the oracle."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRROPT
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6

from gateway.model.packet import TCP, UDP, Packet
from gateway.wire.dns import (
    AAAA,
    CNAME,
    HTTPS,
    MAX_RECORDS,
    A,
    Answer,
    DnsMessage,
    Known,
    Question,
    answer_query,
    build_query,
    parse_dns,
    parse_dns_tcp,
    read_name,
)

POINTER = b"\xc0\x0c"
QUESTION = b"\x06camera\x07example\x00\x00\x01\x00\x01"
V4, V6 = b"\xc6\x33\x64\x07", bytes.fromhex("20010db8000000000000000000000007")


def message(
    *, flags: int = 0x8180, counts: tuple[int, int, int, int] = (1, 0, 0, 0), body: bytes = QUESTION, ident: int = 7
) -> bytes:
    return struct.pack("!6H", ident, flags, *counts) + body


def record(type_: int, data: bytes, *, name: bytes = POINTER, class_: int = 1, ttl: int = 60) -> bytes:
    return name + struct.pack("!HHIH", type_, class_, ttl, len(data)) + data


def labels(name: str) -> bytes:
    return b"".join(bytes((len(part),)) + part.encode() for part in name.split(".")) + b"\0"


def answers(*records: bytes, question: bytes = QUESTION) -> DnsMessage:
    parsed = parse_dns(message(counts=(1, len(records), 0, 0), body=question + b"".join(records)))
    assert parsed is not None
    return parsed


def test_a_query() -> None:
    body = b"\x06CAMERA\x07eXample\x00\x00\x1c\x00\x01" + b"\0\0\x29\x05\xac\x00\x00\x80\x00\x00\x00"
    assert parse_dns(message(flags=0x0100, counts=(1, 0, 0, 1), body=body)) == DnsMessage(
        id=7, is_response=False, questions=(Question("camera.example", AAAA, 1),), edns_bytes=1452, dnssec_ok=True
    )


def test_an_answer_along_aliases() -> None:
    parsed = answers(
        record(CNAME, labels("Edge.cdn.example")),
        record(A, V4, name=labels("other.example")),
        record(CNAME, b"\x04last\xc0\x31", name=labels("edge.cdn.example")),
        record(A, V4, name=labels("last.cdn.example"), ttl=5),
        record(AAAA, V6, name=labels("last.cdn.example")),
        record(A, V4, name=labels("last.cdn.example")),
    )
    assert parsed.whole
    assert parsed.question == Question("camera.example", A, 1)
    assert parsed.chain == ("camera.example", "edge.cdn.example", "last.cdn.example")
    assert parsed.addresses == (V4, V6)
    assert parsed.answers[3] == Answer("last.cdn.example", A, 5, V4)


@pytest.mark.parametrize(
    ("records", "chain"),
    [
        pytest.param([], ("camera.example",), id="no alias"),
        pytest.param([("camera.example", "camera.example")], ("camera.example",), id="alias of itself"),
        pytest.param([("camera.example", "b"), ("b", "camera.example")], ("camera.example", "b"), id="a ring"),
        pytest.param([("b", "c"), ("camera.example", "b")], ("camera.example", "b", "c"), id="out of order"),
        pytest.param([("b", "c")], ("camera.example",), id="somebody else's alias"),
    ],
)
def test_chains(records: list[tuple[str, str]], chain: tuple[str, ...]) -> None:
    assert answers(*(record(CNAME, labels(to), name=labels(name)) for name, to in records)).chain == chain


@pytest.mark.parametrize(
    ("data", "addresses", "ech"),
    [
        pytest.param(b"\0\x01\0", (), False, id="no parameters"),
        pytest.param(b"\0\x01\0" + b"\0\x04\0\x08" + V4 + V4[::-1], (V4, V4[::-1]), False, id="ipv4hint"),
        pytest.param(b"\0\x01\0" + b"\0\x06\0\x10" + V6, (V6,), False, id="ipv6hint"),
        pytest.param(b"\0\x01\x03svc\0" + b"\0\x01\0\x03\x02h3\0\x04\0\x04" + V4 + b"\0\x05\0\x02ab", (V4,), True, id="all"),
        pytest.param(b"\0\x01\0" + b"\0\x04\0\x05" + V4 + b"x", (), False, id="half an address"),
        pytest.param(b"\0\x01\0" + b"\0\x05\0\x09ab", (), False, id="cut parameter"),
        pytest.param(b"\0\x01\0" + b"\0\x05\0", (), False, id="cut head of a parameter"),
        pytest.param(b"\0\0\x05alias\0", (), False, id="alias form"),
    ],
)
@pytest.mark.parametrize("type_", [HTTPS, 64])
def test_service_bindings(type_: int, data: bytes, addresses: tuple[bytes, ...], ech: bool) -> None:
    parsed = answers(record(type_, data))
    assert (parsed.addresses, parsed.ech, parsed.whole) == (addresses, ech, True)


def test_names_are_printable() -> None:
    parsed = answers(question=b"\x06a\0b.\xe9\\\x03O_o\0\0\x01\0\x01")
    assert parsed.question == Question(r"a\000b\046\233\092.o_o", A, 1)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        pytest.param(0x8180, (True, 0, 0, False), id="answer"),
        pytest.param(0x8383, (True, 0, 3, True), id="no such name, truncated"),
        pytest.param(0x2800, (False, 5, 0, False), id="update"),
    ],
)
def test_header(flags: int, expected: tuple[bool, int, int, bool]) -> None:
    parsed = parse_dns(message(flags=flags))
    assert parsed is not None
    assert (parsed.is_response, parsed.opcode, parsed.rcode, parsed.truncated) == expected


def test_extended_rcode() -> None:
    opt = b"\0\0\x29\0\x00\x01\0\0\0\0\0"
    parsed = parse_dns(message(flags=0x8180, counts=(1, 0, 1, 1), body=QUESTION + record(6, b"soa") + opt))
    assert parsed is not None
    assert (parsed.rcode, parsed.edns_bytes, parsed.dnssec_ok) == (16, 512, False)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(record(A, V4) + record(A, V4)[:-1], id="cut in the data"),
        pytest.param(record(A, V4) + POINTER + b"\0\x01", id="cut in the head"),
        pytest.param(record(A, V4) + record(A, V4 + b"x"), id="an address of five bytes"),
        pytest.param(record(A, V4) + record(CNAME, b"\x03a") + b"bc\0", id="an alias beyond its record"),
        pytest.param(record(A, V4) + record(CNAME, b"\x03abc\0")[:-1], id="a cut alias"),
        pytest.param(record(A, V4) + record(A, V4, name=b"\xc0\xff"), id="pointer forwards"),
        pytest.param(record(A, V4) + record(A, V4, name=b"\xc0\x02"), id="pointer into the header"),
    ],
)
def test_what_was_read_before_a_fault_stays(body: bytes) -> None:
    parsed = parse_dns(message(counts=(1, 2, 0, 0), body=QUESTION + body))
    assert parsed is not None
    assert (parsed.addresses, parsed.whole) == ((V4,), False)


def test_other_classes_do_not_bind() -> None:
    assert answers(record(A, V4, class_=3), record(A, V4)).answers == (Answer("camera.example", A, 60, V4),)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(message()[:11], id="half a header"),
        pytest.param(message(body=b""), id="no question"),
        pytest.param(message(body=QUESTION[:-1]), id="half a question"),
        pytest.param(message(body=QUESTION[:-2] + b"\x12\x34"), id="no such class"),
        pytest.param(message(flags=0x1800), id="no such opcode"),
        pytest.param(message(flags=0x0103), id="a query with an rcode"),
        pytest.param(message(counts=(1, MAX_RECORDS, 0, 0)), id="too many records"),
        pytest.param(message(counts=(0, 0, 0, 0)), id="an answer to nothing"),
        pytest.param(message(flags=0x0100, counts=(1, 1, 0, 0), body=QUESTION + record(A, V4)), id="known answers of mDNS"),
        pytest.param(message(flags=0x8400, counts=(0, 1, 0, 0), ident=0, body=record(A, V4, name=b"\1a\0")), id="mDNS answer"),
        pytest.param(message(flags=0, ident=0, body=labels("_hap._tcp.local") + b"\0\x0c\0\x01"), id="mDNS query"),
        pytest.param(message(flags=0, ident=0, body=labels("a.local") + b"\0\x0c\x80\x01"), id="mDNS query, unicast answer"),
        pytest.param(message(body=b"\xc0\x0c\0\x01\0\x01"), id="a name that points to itself"),
        pytest.param(message(body=b"\x40" + QUESTION), id="label type of nobody"),
        pytest.param(message(body=(b"\x3f" + b"a" * 63) * 4 + b"\0\0\x01\0\x01"), id="name of 257 bytes"),
    ],
)
def test_not_dns(data: bytes) -> None:
    assert parse_dns(data) is None


def test_a_server_that_understood_nothing() -> None:
    parsed = parse_dns(message(flags=0x8181, counts=(0, 0, 0, 0), body=b""))
    assert parsed is not None
    assert (parsed.rcode, parsed.question, parsed.chain, parsed.addresses) == (1, None, (), ())


def test_pointers_that_lead_through_pointers_are_bounded() -> None:
    data = b"\0" * 12 + b"\x00" + b"".join(struct.pack("!H", 0xC000 | max(12, 13 + 2 * (n - 1))) for n in range(200))
    assert read_name(data, 13 + 2 * 50)[0] == ""
    with pytest.raises(ValueError, match="too many labels"):
        read_name(data, 13 + 2 * 190)


PARTS = [b"\0", b"\1a", b"\2Bc", b"\x3f" + b"d" * 63, b"\xc0\x0c", b"\xc0\x0e", b"\xc0\x10", b"\x40"]


@given(st.lists(st.sampled_from(PARTS), max_size=40))
def test_a_name_is_the_same_whether_its_end_was_read_before_or_not(parts: list[bytes]) -> None:
    data = bytes(12) + b"".join(parts)
    known: Known = {}
    for at in range(12, len(data)):
        alone, after_others = (outcome(data, at, given) for given in (None, known))
        assert alone == after_others


def outcome(data: bytes, at: int, known: Known | None) -> tuple[str, int] | type[Exception]:
    try:
        return read_name(data, at, known)
    except (ValueError, IndexError) as err:
        return type(err)


def test_labels_of_a_message_are_bounded() -> None:
    long = b"\1a" * 120 + b"\0\0\1\0\1"
    few, many = (parse_dns(message(flags=0x0100, counts=(count, 0, 0, 0), body=long * count)) for count in (17, 18))
    assert few is not None and many is None


def test_many_names_that_share_an_end_are_read_once() -> None:
    long = b"\1a" * 120 + b"\0"
    records = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + bytes((10, 0, 0, 1)) for _ in range(400))
    data = message(flags=0x8180, counts=(1, 400, 0, 0), body=long + b"\0\1\0\1" + records)
    known: Known = {}
    read_name(data, 12, known)
    before = dict(known)
    parsed = parse_dns(data)
    assert parsed is not None and len(parsed.answers) == 400 and parsed.answers[-1].name == ".".join("a" * 120)
    assert read_name(data, len(data) - 16, known)[0] == parsed.answers[-1].name
    assert len(known) == len(before) + 1, "the pointer was new, nothing behind it"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", 0, id="nothing"),
        pytest.param(b"\0", 0, id="half a length"),
        pytest.param(len(message()).to_bytes(2) + message()[:-1], 0, id="one byte short"),
        pytest.param(len(message()).to_bytes(2) + message(), 2 + len(message()), id="whole"),
        pytest.param(len(message()).to_bytes(2) + message() + b"next", 2 + len(message()), id="and more"),
    ],
)
def test_over_tcp(data: bytes, expected: int) -> None:
    parsed, consumed = parse_dns_tcp(data)
    assert consumed == expected
    assert parsed == (parse_dns(message()) if expected else None)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\0\x05hello", id="too short for a header"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="HTTP"),
        pytest.param(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(9), id="TLS"),
    ],
)
def test_not_dns_over_tcp(data: bytes) -> None:
    parsed, consumed = parse_dns_tcp(data)
    assert parsed is None
    assert consumed > 0


def query(body: bytes = QUESTION, **changes: Any) -> Packet:
    payload = message(flags=changes.pop("flags", 0x0110), counts=changes.pop("counts", (1, 0, 0, 0)), body=body)
    device, server = b"\x0a\0\0\x05", b"\x08\x08\x08\x08"
    packet = Packet(4, device, server, UDP, 5000, 53, 0, 0, payload, 28 + len(payload), len(payload))
    return packet._replace(**changes)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("rcode", [0, 3, 5], ids=["NODATA", "NXDOMAIN", "REFUSED"])
@pytest.mark.parametrize("edns", [False, True], ids=["plain", "EDNS"])
def test_answers_of_ours(version: int, rcode: int, edns: bool) -> None:
    asked = b"\x06cAmErA\x07example\0\0\x01\0\x01"
    packet = query(asked + b"\0\0\x29\x10\0\0\0\x80\0\0\0" * edns, counts=(1, 0, 0, int(edns)))
    if version == 6:
        packet = packet._replace(version=6, src=V6, dst=V6[::-1])
    raw = answer_query(packet, rcode=rcode)
    assert raw is not None
    judged = (IP if version == 4 else IPv6)(raw)
    dns = judged[DNS]
    assert (judged.sport, judged.dport, dns.id, dns.qr, dns.rcode) == (53, 5000, 7, 1, rcode)
    negative = rcode in (0, 3)
    assert (dns.rd, dns.ra, dns.cd, dns.tc, dns.ancount, dns.nscount, dns.arcount) == (1, 1, 1, 0, 0, int(negative), int(edns))
    assert dns.qd[0].qname == b"cAmErA.example."
    if negative:
        soa = dns.ns[0]
        assert (soa.rrname, soa.type, soa.rclass, soa.ttl, soa.minimum) == (b".", 6, 1, 60, 60)
    if edns:
        assert (dns.ar[0].rclass, dns.ar[0].z) == (1232, 0x8000)
    assert raw[12:16] == b"\x08\x08\x08\x08" if version == 4 else raw[8:24] == V6[::-1]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        pytest.param(A, (V4,), id="A"),
        pytest.param(AAAA, (V6,), id="AAAA"),
        pytest.param(255, (V4, V6), id="ANY"),
        pytest.param(HTTPS, (), id="HTTPS"),
    ],
)
def test_local_answers(type_: int, expected: tuple[bytes, ...]) -> None:
    raw = answer_query(query(labels("time.example") + struct.pack("!HH", type_, 1)), addresses=(V4, V6), ttl_s=30)
    assert raw is not None
    parsed = parse_dns(raw[28:])
    assert parsed is not None
    assert (parsed.addresses, parsed.rcode, {answer.ttl for answer in parsed.answers} <= {30}) == (expected, 0, True)
    assert DNS(raw[28:]).nscount == (not expected)


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(query(proto=TCP), id="TCP"),
        pytest.param(query(fragment=(1, 0, True)), id="a fragment"),
        pytest.param(query(sport=0), id="no port"),
        pytest.param(query(payload=b"noise"), id="no DNS"),
        pytest.param(query(flags=0x8180), id="an answer"),
        pytest.param(query(flags=0x2800), id="an update"),
        pytest.param(query(QUESTION * 2, counts=(2, 0, 0, 0)), id="two questions"),
    ],
)
def test_no_answer_to_what_is_no_query(packet: Packet) -> None:
    assert answer_query(packet) is None


LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=20)
NAME = st.lists(LABEL, min_size=1, max_size=5).map(".".join)


@given(
    name=NAME,
    aliases=st.lists(NAME, max_size=3, unique=True),
    hosts=st.lists(st.ip_addresses(), max_size=4, unique=True),
    edns=st.booleans(),
)
def test_what_scapy_writes_is_read(name: str, aliases: list[str], hosts: list[Any], edns: bool) -> None:
    chain = [name, *(alias for alias in aliases if alias != name)]
    pairs = zip(chain, chain[1:], strict=False)
    records = [DNSRR(rrname=owner, type="CNAME", rdata=target, ttl=9) for owner, target in pairs]
    records += [DNSRR(rrname=chain[-1], type="A" if host.version == 4 else "AAAA", rdata=str(host), ttl=9) for host in hosts]
    written = DNS(id=99, qr=1, rd=1, qd=[DNSQR(qname=name.upper())], an=records, ar=[DNSRROPT()] if edns else [])
    for raw in (bytes(written), bytes(written.compress())):
        parsed = parse_dns(raw)
        assert parsed is not None and parsed.whole
        assert parsed.chain == tuple(chain)
        assert parsed.addresses == tuple(host.packed for host in hosts)
        assert [answer.ttl for answer in parsed.answers] == [9] * len(records)
        assert bool(parsed.edns_bytes) is edns


@given(head=st.sampled_from([b"", message(flags=0x0100, body=b""), message(counts=(1, 3, 1, 1))]), tail=st.binary(max_size=300))
def test_any_bytes(head: bytes, tail: bytes) -> None:
    data = head + tail
    parsed = parse_dns(data)
    if parsed is not None:
        assert all(len(text) <= 4 * 255 and text.isprintable() for text in parsed.chain)
        assert all(len(address) in (4, 16) for address in parsed.addresses)
        assert parsed.ech in (False, True)
    parse_dns_tcp(data)
    raw = answer_query(query(payload=data), rcode=3, addresses=(V4,))
    if raw is not None:
        again = parse_dns(raw[28:])
        assert again is not None and parsed is not None
        assert (again.id, again.questions, again.rcode) == (parsed.id, parsed.questions, 3)


@pytest.mark.parametrize("type_", [A, AAAA])
@pytest.mark.parametrize("name", ["fw.ring.com", "_x._tcp.example", "xn--bcher-kva.example", "a" * 63 + ".b" * 94 + ".c"])
def test_our_questions_are_what_scapy_and_we_read(name: str, type_: int) -> None:
    data = build_query(name, type_, id=0xBEEF)
    assert data is not None
    sent = DNS(data)
    assert (sent.id, sent.qr, sent.rd, sent.qd[0].qname.decode(), sent.qd[0].qtype) == (0xBEEF, 0, 1, f"{name}.", type_)
    assert isinstance(sent.ar[0], DNSRROPT) and sent.ar[0].rclass == 1232
    read = parse_dns(data)
    assert read is not None and not read.is_response and read.questions == (Question(name, type_, 1),)


@pytest.mark.parametrize(
    "name",
    ["", ".", "a..b", "a.b.", ".a", "a" * 64, "a.b c", "a\\000b.c", "*.b.c", "bücher.example", "a" * 63 + ".b" * 95 + ".c"],
)
def test_what_no_host_can_be_called(name: str) -> None:
    assert build_query(name, A, id=1) is None


@given(st.text(max_size=300))
def test_any_text_is_a_question_or_none(name: str) -> None:
    data = build_query(name, A, id=1)
    if data is not None:
        message = parse_dns(data)
        assert message is not None and message.question == Question(name.lower(), A, 1)
