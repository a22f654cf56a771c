"""What speaks in clear before TLS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.preamble import may_grow, recognise, skip_wrapper

START_TLS = bytes.fromhex("301d0201017718801631") + b".3.6.1.4.1.1466.20037"
MYSQL_GREETING = b"\x4a\x00\x00\x00\x0a8.0.36\x00" + bytes(60)
PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"SSH-2.0-dropbear\r\n", "ssh", id="ssh"),
        pytest.param(b"EHLO camera\r\n", "smtp", id="smtp-client"),
        pytest.param(b"220 mail.example ESMTP Postfix\r\n", "smtp", id="smtp-server"),
        pytest.param(b"220 camera FTP server ready\r\n", "ftp", id="ftp-server"),
        pytest.param(b"220 mail FTP\r\n", "ftp", id="ftp-server-that-speaks-of-mail"),
        pytest.param(b"AUTH TLS\r\n", "ftp", id="ftp-client"),
        pytest.param(b"* OK IMAP4rev1\r\n", "imap", id="imap-server"),
        pytest.param(b"a1 STARTTLS\r\n", "imap", id="imap-client"),
        pytest.param(b"+OK ready\r\n", "pop3", id="pop3-server"),
        pytest.param(b"STLS\r\n", "pop3", id="pop3-client"),
        pytest.param(b"<?xml version='1.0'?><stream:stream to='x.example'>", "xmpp", id="xmpp"),
        pytest.param(b"\x05\x01\x00", "socks", id="socks5"),
        pytest.param(b"\x05\x03\x00\x01\x02", "socks", id="socks5-three-methods"),
        pytest.param(b"\x05\x01\x00\x05\x01\x00\x03\x09a.example\x01\xbb\x16\x03", "socks", id="socks5-all-at-once"),
        pytest.param(b"\x05\xff" + bytes(255) + b"\x05\x01", "socks", id="socks5-many-methods"),
        pytest.param(b"\x04\x01\x01\xbb\xc6\x33\x64\x07me\x00", "socks", id="socks4"),
        pytest.param(START_TLS, "ldap", id="ldap"),
        pytest.param(bytes.fromhex("0000000804d2162f"), "postgresql", id="postgresql"),
        pytest.param(MYSQL_GREETING, "mysql", id="mysql-server"),
        pytest.param(b"\x20\x00\x00\x01\x85\xae\x0f\x00" + bytes(28), "mysql", id="mysql-client"),
        pytest.param(b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00", "rdp", id="rdp"),
        pytest.param(b"\x10\x1a\x00\x04MQTT\x04\x02", "", id="mqtt"),
        pytest.param(b"220 welcome\r\n", "", id="a-greeting-of-nobody"),
        pytest.param(b"\x05\x03\x00hello", "", id="not-socks"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_recognise(data: bytes, expected: str) -> None:
    assert recognise(data) == expected


def test_a_few_bytes_tell_nothing() -> None:
    assert may_grow(b"EHL") and not may_grow(b"EHLX")
    assert may_grow(b"\5") and not may_grow(b"\x10")


WHOLE = {
    "smtp": b"EHLO camera\r\n", "ftp": b"AUTH TLS\r\n", "ftp-features": b"FEAT\r\n", "imap": b"a1 STARTTLS\r\n",
    "pop3": b"STLS\r\n", "news": b"STARTTLS\r\n", "news-2": b"CAPABILITIES\r\n",
    "xmpp": b"<stream:stream to='x.example'>", "xmpp-xml": b"<?xml version='1.0'?> <stream:stream to='x.example'>",
    "socks4": b"\x04\x01\x01\xbb\xc6\x33\x64\x07me\x00", "socks5": b"\x05\x03\x00\x01\x02\x05\x01\x00\x01",
    "ldap": START_TLS, "postgresql": bytes.fromhex("0000000804d2162f"), "rdp": b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00",
    "mysql": b"\x20\x00\x00\x01\x85\xae\x0f\x00" + bytes(28), "ssh": b"SSH-2.0-x\r\n",
}  # fmt: skip


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_whoever_cuts_it_into_pieces_is_waited_for(data: bytes) -> None:
    """Until it is recognised, and from then on it stays so."""
    told = [recognise(data[:size]) for size in range(1, len(data) + 1)]
    begin = next(at for at, found in enumerate(told) if found)
    assert all(may_grow(data[:size]) for size in range(1, begin + 1))
    assert len(set(told[begin:])) == 1


@pytest.mark.parametrize("data", [b"plain words", b"HELLO123", b'{"cmd": 1}', b"\x10\x1a\x00\x04MQTT", b"\x00\x00\x55\xaa\x00"])
def test_words_of_somebodys_own_are_not_waited_for(data: bytes) -> None:
    assert not may_grow(data) and not recognise(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n\x16", 38, id="v1"),
        pytest.param(b"PROXY TCP4 192.0.2.1", None, id="v1-unfinished"),
        pytest.param(b"PROX", None, id="v1-begun"),
        pytest.param(b"PROXY " + b"x" * 200, 0, id="v1-endless"),
        pytest.param(PROXY_V2 + b"\x16", 28, id="v2"),
        pytest.param(PROXY_V2[:20], None, id="v2-unfinished"),
        pytest.param(PROXY_V2[:5], None, id="v2-begun"),
        pytest.param(bytes.fromhex("0000000804d2162f16"), 8, id="postgresql-then-tls"),
        pytest.param(bytes.fromhex("0000000804d2162f"), 0, id="postgresql-alone"),
        pytest.param(b"\x16\x03\x01", 0, id="none"),
    ],
)
def test_skip_wrapper(data: bytes, expected: int | None) -> None:
    assert skip_wrapper(data) == expected


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes(data: bytes) -> None:
    recognise(data)
    may_grow(data)
    skip = skip_wrapper(data)
    assert skip is None or 0 <= skip <= len(data)
