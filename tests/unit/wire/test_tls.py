"""ClientHellos: of real clients, of Scapy's making, and put together by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.tls.extensions import ProtocolName as ScapyProtocol
from scapy.layers.tls.extensions import (
    ServerName,
    TLS_Ext_ALPN,
    TLS_Ext_ServerName,
    TLS_Ext_SignatureAlgorithms,
    TLS_Ext_SupportedVersion_CH,
)
from scapy.layers.tls.handshake import TLSClientHello
from scapy.layers.tls.record import TLS

from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.wire.tls import (
    MAX_EXTENSIONS,
    MAX_HELLO_BYTES,
    MAX_NAMES,
    MAX_RECORDS,
    ClientHello,
    is_record,
    parse_client_hello,
    parse_handshake,
    starts_hello,
)
from tests.support.hello import alpn, extension, hello_body, server_name, tls_hello, vector
from tests.support.packets import client_hello


def _names(data: bytes) -> tuple[str, ...]:
    hello = parse_client_hello(data)
    assert hello is not None
    return tuple(name.text for name in hello.facts("tls").names)


@pytest.mark.parametrize("name", ["device-metrics-us.example.com", "x.example", None], ids=["long", "short", "none"])
def test_the_hello_of_pythons_own_client(name: str | None) -> None:
    hello = parse_client_hello(client_hello(name))
    assert hello is not None and hello.version == 0x0303
    assert hello.server_names == ((name.encode(),) if name else ())
    assert 0x1301 in {int.from_bytes(hello.ciphers[at : at + 2], "big") for at in range(0, len(hello.ciphers), 2)}
    assert b"\x03\x04" in hello.supported_versions and len(hello.signature_algorithms) % 2 == 0
    assert 10 in hello.extensions and not hello.ech


@given(
    st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){0,5}", fullmatch=True),
    st.lists(st.from_regex(r"[a-z][a-z0-9/.]{0,10}", fullmatch=True), max_size=4),
)
def test_agrees_with_scapy(name: str, protocols: list[str]) -> None:
    listed = TLS_Ext_ALPN(protocols=[ScapyProtocol(protocol=text.encode()) for text in protocols])
    built = TLSClientHello(
        ciphers=[0x1301, 0xC02B],
        ext=[
            TLS_Ext_ServerName(servernames=[ServerName(servername=name.encode())]),
            TLS_Ext_SignatureAlgorithms(sig_algs=[0x0403, 0x0804]),
            TLS_Ext_SupportedVersion_CH(versions=[0x0304, 0x0303]),
            *([listed] if protocols else []),
        ],
    )
    hello = parse_client_hello(bytes(TLS(msg=[built])))
    assert hello == ClientHello(
        version=0x0303,
        server_names=(name.encode(),),
        alpn=tuple(text.encode() for text in protocols),
        ciphers=b"\x13\x01\xc0\x2b",
        extensions=(0, 13, 43, *([16] if protocols else [])),
        signature_algorithms=b"\x04\x03\x08\x04",
        supported_versions=b"\x03\x04\x03\x03",
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(tls_hello(), (), id="no-extensions"),
        pytest.param(tls_hello(extension(23, b"")), (), id="no-name"),
        pytest.param(tls_hello(server_name(b"FW.Ring.com.")), ("fw.ring.com",), id="normalised"),
        pytest.param(tls_hello(server_name(b"a.example", b"b.example")), ("a.example", "b.example"), id="two-names"),
        pytest.param(tls_hello(server_name(b"a.test"), server_name(b"b.test")), ("a.test", "b.test"), id="two-lists"),
        pytest.param(tls_hello(server_name(b"a.example", kind=9)), (), id="not-a-host-name"),
        pytest.param(tls_hello(server_name(b"")), (), id="empty-name"),
        pytest.param(tls_hello(extension(0, b"")), (), id="empty-list"),
        pytest.param(tls_hello(extension(0, b"\x00\x09\x00\x00\x0ca.ex")), (), id="list-cut"),
        pytest.param(tls_hello(server_name(b"a\0b\xff")), ('"a\\x00b\\xff"', "a", "b", "ab"), id="odd-bytes"),
        pytest.param(tls_hello(server_name(b"x" * 253)), ("x" * 253,), id="253-bytes"),
        pytest.param(tls_hello(server_name(b"x" * 255)), ('"' + "x" * 255 + '"', "x" * 253), id="255-bytes"),
        pytest.param(tls_hello(server_name(*[b"n"] * MAX_NAMES)), ("n",) * MAX_NAMES, id="as-many-names-as-are-read"),
        pytest.param(tls_hello(server_name(b"a.example"), records=3), ("a.example",), id="three-records"),
        pytest.param(tls_hello(server_name(b"a.example"), records=1_000), ("a.example",), id="one-byte-records"),
        pytest.param(tls_hello(server_name(b"a.example")) + b"\x14\x03\x03\0\1\1", ("a.example",), id="more-behind"),
    ],
)
def test_names(data: bytes, expected: tuple[str, ...]) -> None:
    assert _names(data) == expected


def test_as_many_records_as_may_be() -> None:
    bare = len(tls_hello(server_name(b"a.example"), extension(21, b""))) - 5
    data = tls_hello(server_name(b"a.example"), extension(21, bytes(3 * MAX_RECORDS - bare)), records=MAX_RECORDS)
    assert len(data) == (5 + 3) * MAX_RECORDS
    assert _names(data) == ("a.example",)


def test_facts() -> None:
    hello = parse_client_hello(tls_hello(server_name(b"a.example"), alpn(b"h2", b"x\0"), extension(0xFE0D, b"\0" * 9)))
    assert hello is not None
    names = (Name("a.example", NameSource.SNI),)
    expected = Facts(app_proto="tls", names=names, alpn=("h2", "x\\x00"), ech=True, hello=True, dissector="fast")
    assert hello.facts("tls") == expected


def test_protocol_lists_that_are_cut_give_what_is_whole() -> None:
    hello = parse_client_hello(tls_hello(extension(16, b"\x00\x09\x02h2\x08http")))
    assert hello is not None and hello.alpn == (b"h2",)


@pytest.mark.parametrize("records", [1, 4, 1_000])
def test_every_beginning_needs_more(records: int) -> None:
    data = tls_hello(server_name(b"a.example"), alpn(b"h2"), records=records)
    assert [parse_client_hello(data[:size]) for size in range(len(data))] == [None] * len(data)


@pytest.mark.parametrize("body", range(40, 70))
def test_a_body_cut_within_its_lengths_is_no_hello(body: int) -> None:
    whole = hello_body(server_name(b"a.example"), alpn(b"h2"))
    if body == 45:  # where a hello without extensions ends
        assert parse_client_hello(tls_hello(body=whole[:body])) is not None
    elif body < len(whole):
        with pytest.raises(ValueError):
            parse_client_hello(tls_hello(body=whole[:body]))


HELLO = tls_hello(server_name(b"a.example"))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/1.1\r\n", id="http"),
        pytest.param(b"\x17" + HELLO[1:], id="application-data"),
        pytest.param(b"\x16\x02" + HELLO[2:], id="major-version-2"),
        pytest.param(b"\x16\x03\x09" + HELLO[3:], id="minor-version-9"),
        pytest.param(b"\x16\x03\x01\x00\x00\x01", id="empty-record"),
        pytest.param(b"\x16\x03\x01\xff\xff\x01", id="record-too-long"),
        pytest.param(HELLO[:5] + b"\x02" + HELLO[6:], id="server-hello"),
        pytest.param(HELLO[:6] + b"\x01\x00\x01" + HELLO[9:], id="longer-than-may-be"),
        pytest.param(tls_hello(body=b"\x03\x03"), id="body-too-short"),
        pytest.param(tls_hello(body=hello_body()[:34] + b"\xff"), id="session-beyond-end"),
        pytest.param(tls_hello(body=hello_body() + b"\x00\x09\x00"), id="extensions-beyond-end"),
        pytest.param(tls_hello(b"\0\0\0"), id="half-an-extension"),
        pytest.param(tls_hello(b"\0\0\0\x09a"), id="extension-beyond-end"),
        pytest.param(tls_hello(*[extension(99, b"")] * (MAX_EXTENSIONS + 1)), id="too-many-extensions"),
        pytest.param(tls_hello(server_name(*[b"n"] * (MAX_NAMES + 1))), id="too-many-names"),
        pytest.param(tls_hello(*[server_name(b"n")] * (MAX_NAMES + 1)), id="too-many-names-in-lists"),
        pytest.param(tls_hello(records=2)[:29] + b"\x15\x03\x01\0\2\1\0", id="alert-between-records"),
        pytest.param(tls_hello(extension(21, bytes(MAX_RECORDS)), records=1_000), id="too-many-records"),
        pytest.param(HELLO[:3] + b"\0\4" + HELLO[5:9] + b"\x16\x03\x01\0\0", id="empty-second-record"),
    ],
)
def test_what_is_no_hello(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_client_hello(data)


def _sslv2(*, version: bytes = b"\x03\x01", ciphers: bytes = b"\0\0\x2f", session: int = 0, challenge: int = 16) -> bytes:
    sizes = b"".join(size.to_bytes(2, "big") for size in (len(ciphers), session, challenge))
    body = b"\x01" + version + sizes + ciphers + bytes(session + challenge)
    return bytes((0x80 | len(body) >> 8, len(body) & 0xFF)) + body


@pytest.mark.parametrize("version", [b"\x03\x00", b"\x03\x01", b"\x00\x02"], ids=["ssl3", "tls1", "ssl2"])
def test_the_hello_of_very_old_clients(version: bytes) -> None:
    data = _sslv2(version=version)
    assert parse_client_hello(data) == ClientHello(int.from_bytes(version, "big"), ciphers=b"\0\0\x2f")
    assert [parse_client_hello(data[:size]) for size in range(len(data))] == [None] * len(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x80\x2e\x04", id="server-hello"),
        pytest.param(b"\xff\xfb\x01", id="telnet"),
        pytest.param(_sslv2(version=b"\x00\x04"), id="odd-version"),
        pytest.param(_sslv2(version=b"\x03\x09"), id="unknown-version"),
        pytest.param(_sslv2(ciphers=b""), id="no-ciphers"),
        pytest.param(_sslv2(ciphers=b"\0\0"), id="ciphers-of-two-bytes"),
        pytest.param(_sslv2(session=3), id="session-of-3-bytes"),
        pytest.param(_sslv2(challenge=8), id="challenge-too-short"),
        pytest.param(b"\x80\xff" + _sslv2()[2:], id="lengths-disagree"),
    ],
)
def test_what_only_looks_like_it(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_client_hello(data)


def test_a_hello_without_records() -> None:
    message = b"\x01" + vector(hello_body(server_name(b"q.example")), width=3)
    hello = parse_handshake(message + b"more")
    assert hello is not None and hello.server_names == (b"q.example",)
    assert [parse_handshake(message[:size]) for size in range(len(message))] == [None] * len(message)
    for wrong in (b"\x02" + message[1:], b"\x01\xff\xff\xff"):
        with pytest.raises(ValueError):
            parse_handshake(wrong)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"\x17\x03\x03\x00\x20", True, id="application-data"),
        pytest.param(b"\x15\x03\x01\x00\x02\x01\x00", True, id="alert"),
        pytest.param(b"\x17\x03\x03\x00", False, id="too-short"),
        pytest.param(b"\x17\x03\x03\x00\x00", False, id="empty"),
        pytest.param(b"\x17\x03\x03\xff\xff", False, id="too-long"),
        pytest.param(b"\x17\x04\x03\x00\x20", False, id="version"),
        pytest.param(b"\x30\x03\x03\x00\x20", False, id="type"),
    ],
)
def test_records_of_a_connection_under_way(data: bytes, expected: bool) -> None:
    assert is_record(data) is expected


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes(data: bytes) -> None:
    for start in (b"", b"\x16\x03\x01", HELLO[:9], HELLO[:44], b"\x80\x2e\x01\x03\x01"):
        try:
            hello = parse_client_hello(start + data)
        except ValueError:
            continue
        assert hello is None or hello.facts("tls").hello
        assert starts_hello(start + data) or start + data >= b"\x80"


@given(st.integers(0, len(HELLO) - 1), st.integers(0, 255))
def test_any_change_of_a_hello(at: int, value: int) -> None:
    data = HELLO[:at] + bytes((value,)) + HELLO[at + 1 :]
    try:
        hello = parse_client_hello(data)
    except ValueError:
        return
    assert hello is None or len(hello.ciphers) < MAX_HELLO_BYTES
