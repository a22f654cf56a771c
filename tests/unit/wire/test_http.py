"""Request heads of HTTP/1."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.http import HTTP, HTTPRequest

from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.wire.http import HTTP2_PREFACE, MAX_HEAD_BYTES, MAX_HOSTS, head_end, parse_http


@pytest.mark.parametrize(
    ("data", "name", "method"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: A.example\r\n\r\n", "a.example", "GET", id="plain"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a.example\r\n", "a.example", "GET", id="host-is-enough"),
        pytest.param(b"POST /x HTTP/1.0\nhOST:a.example:8080\n\n", "a.example", "POST", id="bare-newlines-and-port"),
        pytest.param(b"GET / HTTP/1.1\r\nX: y\r\nhost:\t a.example \r\n\r\n", "a.example", "GET", id="blanks"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "2001:db8::1", "GET", id="address6"),
        pytest.param(b"GET http://b.example/x HTTP/1.1\r\nHost: B.example\r\n\r\n", "b.example", "GET", id="absolute"),
        pytest.param(b"GET http://me:pw@b.example:81/ HTTP/1.1\r\n", "b.example", "GET", id="absolute-with-user"),
        pytest.param(b"CONNECT c.example:443 HTTP/1.1\r\n", "c.example", "CONNECT", id="connect"),
        pytest.param(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n", "2001:db8::1", "CONNECT", id="connect-address6"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", None, "GET", id="no-host"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\nHost: body.example\r\n", None, "GET", id="host-in-the-body"),
        pytest.param(b"GET / HTTP/1.1\r\nHost:\r\n\r\n", None, "GET", id="empty-host"),
        pytest.param(b"BREW /pot HTTP/1.1\r\nHost: a.example\r\n", "a.example", "BREW", id="unknown-method"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"y" * MAX_HEAD_BYTES, None, "GET", id="head-too-long"),
    ],
)
def test_requests(data: bytes, name: str | None, method: str) -> None:
    names = (Name(name, NameSource.HTTP),) if name else ()
    assert parse_http(data) == Facts(app_proto="http", names=names, dissector="fast", detail=method, opaque=method == "CONNECT")


@pytest.mark.parametrize(
    ("data", "names"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", ['"a\\x00b"', "a", "b", "ab"], id="odd-bytes"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a.x\r\nHost: b.x\r\n\r\n", ["a.x", "b.x"], id="two-hosts"),
        pytest.param(b"GET http://b.x/ HTTP/1.1\r\nHost: a.x\r\n\r\n", ["b.x", "a.x"], id="absolute-and-host"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"Host: a.x\r\nHost: b.x\r\n" * 99, ["a.x", "b.x"], id="many-hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a.x\r\nHost: A.x.\r\n\r\n", ["a.x"], id="the-same-twice"),
    ],
)
def test_every_host_counts(data: bytes, names: list[str]) -> None:
    facts = parse_http(data)
    assert facts is not None and [name.text for name in facts.names] == names


OPAQUE = [
    pytest.param(b"Upgrade: TLS/1.2\r\n", True, id="tls"),
    pytest.param(b"uPGRADE:h2c , Anything\r\n", True, id="one-of-two"),
    pytest.param(b"Upgrade: h2c\r\nUpgrade: TLS/1.0\r\n", True, id="said-twice"),
    pytest.param(b"Upgrade: WebSocket\r\n", False, id="websocket"),
    pytest.param(b"Upgrade: h2c\r\n", False, id="http2"),
    pytest.param(b"Host: b\r\n" * (MAX_HOSTS - 1), False, id="as-many-hosts-as-are-judged"),
    pytest.param(b"Host: b\r\n" * MAX_HOSTS, True, id="more-hosts"),
    pytest.param(b"\r\nUpgrade: TLS/1.2\r\n", False, id="in-the-body"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "opaque"), OPAQUE)
def test_request_after_which_anything_may_follow(lines: bytes, opaque: bool) -> None:
    facts = parse_http(b"GET / HTTP/1.1\r\nHost: a.example\r\n" + lines + b"\r\n")
    assert facts is not None and facts.opaque is opaque


@given(st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){0,4}", fullmatch=True), st.sampled_from(["GET", "POST", "PUT"]))
def test_agrees_with_scapy(host: str, method: str) -> None:
    facts = parse_http(bytes(HTTP() / HTTPRequest(Method=method, Path="/a", Host=host, User_Agent="x")))
    assert facts is not None and [name.text for name in facts.names] == [host] and facts.detail == method


@pytest.mark.parametrize("size", range(1, 35))
def test_every_beginning_needs_more(size: int) -> None:
    assert parse_http(b"GET /index.html HTTP/1.1\r\nHost: a.example\r\n"[:size]) is None


def test_answers_and_http2_have_no_name() -> None:
    assert parse_http(b"HTTP/1.1 200 OK\r\n") == Facts(app_proto="http", dissector="fast")
    assert parse_http(b"HTTP/1") is None
    facts = parse_http(HTTP2_PREFACE + b"\0\0")
    assert facts is not None and facts.app_proto == "http" and not facts.names
    assert parse_http(HTTP2_PREFACE[:10]) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"EHLO me\r\n", id="smtp"),
        pytest.param(b"EHLO me", id="smtp-unfinished"),
        pytest.param(b"HELLO", id="a-word"),
        pytest.param(b"GET lost", id="no-path"),
        pytest.param(b"GET / HTTP/3.9\r\n", id="version"),
        pytest.param(b"GET /\r\n", id="no-version"),
        pytest.param(b"OPTIONS rtsp://a.example/ RTSP/1.0\r\n", id="rtsp"),
        pytest.param(b"OPTIONS sip:me@a.example SIP/2.0\r\n", id="sip"),
        pytest.param(b"HTTP/9.1 200 OK", id="answer-of-no-version"),
        pytest.param(b"\x16\x03\x01", id="tls"),
        pytest.param(b"GET /" + b"x" * MAX_HEAD_BYTES, id="endless-line"),
    ],
)
def test_what_is_no_http(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_http(data)


@pytest.mark.parametrize("blanks", [b"GET /", b"GET / HTTP/1.1\r\nHost:", b"GET / HTTP/1.1\r\nHost", b"GET / "])
@pytest.mark.parametrize("ending", [b"x", b" x\n", b"HTTP/1.1x\n", b"\r"])
def test_blanks_without_end_cost_no_time(blanks: bytes, ending: bytes) -> None:
    head = blanks + b" \t" * (MAX_HEAD_BYTES // 2 - 30) + ending
    assert min(_seconds(head) for _ in range(3)) < 0.005  # linear: a tenth of that; a pattern that goes back: from 0.03 up


def _seconds(head: bytes) -> float:
    began = process_time()
    try:
        parse_http(head)
    except ValueError:
        pass
    return process_time() - began


def test_where_the_body_begins() -> None:
    assert head_end(b"CONNECT a:1 HTTP/1.1\r\n\r\nrest") == 24
    assert head_end(b"CONNECT a:1 HTTP/1.1\r\n") == 0


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for start in (b"", b"GET ", b"GET / HTTP/1.1\r\n", b"CONNECT ", b"HTTP/1.1 "):
        try:
            facts = parse_http(start + data)
        except ValueError:
            continue
        assert facts is None or facts.app_proto == "http"
