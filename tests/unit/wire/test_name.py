"""How a name is written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.name import Name, NameSource
from gateway.wire.name import MAX_HOST_CHARACTERS, MAX_NAME_BYTES, MAX_PIECES, clean, names_of


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
    assert names_of(b"A.example.", NameSource.HTTP) == (Name("a.example", NameSource.HTTP),)
    assert names_of(b".", NameSource.SNI) == ()


@pytest.mark.parametrize(
    "raw",
    [b"fw.ring.com", b"_dns.resolver.arpa", b"xn--bcher-kva.example", b"192.0.2.7", b"2001:db8::7", b"a" * 253],
)
def test_host_stands_as_it_is(raw: bytes) -> None:
    assert names_of(raw, NameSource.SNI) == (Name(raw.decode(), NameSource.SNI),)


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
    name, *_ = names_of(raw, NameSource.SNI)
    assert name.text[0] == name.text[-1] == '"'
    assert not name.text.endswith("good.example")


LONG = "b" * 59 + "."
READINGS = [
    pytest.param(b".bad.example", ["bad.example"], id="leading-dot"),
    pytest.param(b"bad.example..", ["bad.example"], id="two-last-dots"),
    pytest.param(b"bad..example", ["bad.example"], id="empty-label"),
    pytest.param(b"bad.example\0", ["bad.example"], id="nul-behind"),
    pytest.param(b"\0bad.example", ["bad.example"], id="nul-before"),
    pytest.param(b"bad.example\0.good.example", ["bad.example", "good.example", "bad.example.good.example"], id="nul-between"),
    pytest.param(b"bad.exa\0mple", ["bad.exa", "mple", "bad.example"], id="nul-within"),
    pytest.param(b"BAD.example/.x", ["bad.example", "x", "bad.example.x"], id="slash"),
    pytest.param(b"*.bad.example", ["bad.example"], id="star"),
    pytest.param("ｂａｄ。ｅｘａｍｐｌｅ".encode(), ["bad.example"], id="wide-letters"),
    pytest.param((LONG * 5).encode() + b"bad.example", [(LONG * 5)[:253], LONG * 4 + "bad.example"], id="long"),
    pytest.param(b"x" * 300, ["x" * 253], id="long-without-dots"),
    pytest.param(b"a b c d e f", ["a", "b", "e", "f", "abcdef"], id="the-outer-pieces"),
    pytest.param(b"\0\0", [], id="nothing-at-all"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "readings"), READINGS)
def test_what_no_host_is_called_is_read_in_every_way(raw: bytes, readings: list[str]) -> None:
    assert [name.text for name in names_of(raw, NameSource.SNI)[1:]] == readings


@given(st.binary(max_size=600))
def test_readings_are_hosts_and_few(raw: bytes) -> None:
    _, *readings = names_of(raw, NameSource.SNI) or (None,)
    assert len(readings) <= 2 * MAX_PIECES + 2
    assert all(name is not None and 0 < len(name.text) <= MAX_HOST_CHARACTERS for name in readings)
