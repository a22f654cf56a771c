"""How a name is written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.name import Name, NameSource
from gateway.wire.name import MAX_NAME_BYTES, clean, name_of


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"fw.ring.com", "fw.ring.com", id="plain"),
        pytest.param(b"FW.Ring.COM", "fw.ring.com", id="upper-case"),
        pytest.param(b"fw.ring.com.", "fw.ring.com", id="root-dot"),
        pytest.param(b"fw.ring.com..", "fw.ring.com.", id="one-dot-only"),
        pytest.param(b"*.immedia-semi.com", "*.immedia-semi.com", id="wildcard"),
        pytest.param(b"192.0.2.7", "192.0.2.7", id="address"),
        pytest.param(b"2001:db8::7", "2001:db8::7", id="address6"),
        pytest.param(b"camera", "camera", id="without-dots"),
        pytest.param(b"a" * 255, "a" * 255, id="long"),
        pytest.param(b"a\0b", "a\\x00b", id="nul"),
        pytest.param("bücher".encode(), "b\\xc3\\xbccher", id="not-ascii"),
        pytest.param(b"a b\n", "a\\x20b\\x0a", id="blanks"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_clean(raw: bytes, expected: str) -> None:
    assert clean(raw) == expected


@given(st.binary(max_size=400))
def test_any_bytes_are_printable(raw: bytes) -> None:
    text = clean(raw)
    assert text.isascii() and (text.isprintable() or not text) and " " not in text
    assert text == text.lower() and len(text) <= 4 * MAX_NAME_BYTES


def test_a_name_says_where_it_was_read() -> None:
    assert name_of(b"A.example.", NameSource.HTTP) == Name("a.example", NameSource.HTTP)
    assert name_of(b".", NameSource.SNI) is None


@pytest.mark.parametrize(
    "raw",
    [b"fw.ring.com", b"_dns.resolver.arpa", b"xn--bcher-kva.example", b"192.0.2.7", b"2001:db8::7", b"a" * 253],
)
def test_host_stands_as_it_is(raw: bytes) -> None:
    assert name_of(raw, NameSource.SNI) == Name(raw.decode(), NameSource.SNI)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"bad.example\0.good.example", id="nul"),
        pytest.param(b"bad.example .good.example", id="blank"),
        pytest.param(b"bad.example/.good.example", id="slash"),
        pytest.param(b"bad.example\\.good.example", id="backslash"),
        pytest.param(b'".good.example', id="quotation-mark"),
        pytest.param(b"*.good.example", id="star"),
        pytest.param(b".good.example", id="no-first-label"),
        pytest.param(b"bad..good.example", id="empty-label"),
        pytest.param(b"good.example..", id="two-last-dots"),
        pytest.param(b"x" * 250 + b".good.example", id="too-long"),
        pytest.param(b"b" * 242 + b".good.example.bad.example", id="cut"),
        pytest.param("bücher.good.example".encode(), id="not-ascii"),
    ],
)
def test_what_no_host_is_called_is_below_no_domain(raw: bytes) -> None:
    name = name_of(raw, NameSource.SNI)
    assert name is not None
    assert name.text[0] == name.text[-1] == '"'
    assert not name.text.endswith("good.example")
