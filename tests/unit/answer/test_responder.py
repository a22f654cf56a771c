"""One connection, one request, one reply."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.answer import responder as module
from gateway.answer.responder import MAX_CONNECTIONS, MAX_HEAD_BYTES, Responder, find_reply
from gateway.answer.table import Table
from gateway.model.assessment import FixedReply

OK = FixedReply(host="a.example", path="/ok", status=200, content_type="text/plain", body="fine\n")
EMPTY = FixedReply(host="check.example", path="/generate_204", status=204)
TABLE: Table = {(reply.host, reply.path): reply for reply in (OK, EMPTY)}


def exchange(*chunks: bytes, finish: bool = False) -> bytes:
    """What the responder says to these bytes, until it closes."""

    async def talk() -> bytes:
        answering = Responder()
        answering.table = TABLE
        server = await asyncio.start_server(answering.serve, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for chunk in chunks:
                writer.write(chunk)
                await asyncio.sleep(0)
            if finish:
                writer.write_eof()
            said = b""
            try:
                while chunk := await reader.read(65_536):
                    said += chunk
            except ConnectionError:
                pass
            writer.close()
        return said

    return asyncio.run(asyncio.wait_for(talk(), 15.0))


def request(
    method: str = "GET", target: str = "/ok", *, host: str = "a.example", extra: str = "", version: str = "1.1"
) -> bytes:
    return f"{method} {target} HTTP/{version}\r\nHost: {host}\r\n{extra}\r\n".encode()


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        pytest.param(request(), b"200 OK", b"fine\n", id="a known request"),
        pytest.param(request(version="1.0"), b"200 OK", b"fine\n", id="of an old client"),
        pytest.param(request(host="A.Example:80"), b"200 OK", b"fine\n", id="upper case and a port"),
        pytest.param(request(host="a.example."), b"200 OK", b"fine\n", id="the root's dot"),
        pytest.param(request(target="/ok?token=1"), b"200 OK", b"fine\n", id="a query"),
        pytest.param(request(target="http://a.example/ok", host="b.example"), b"200 OK", b"fine\n", id="a whole URL"),
        pytest.param(request("HEAD"), b"200 OK", b"", id="the head alone"),
        pytest.param(request(target="/generate_204", host="check.example"), b"204 No Content", b"", id="204"),
        pytest.param(request("HEAD", "/generate_204", host="check.example"), b"204 No Content", b"", id="its head"),
        pytest.param(request(target="/other"), b"404 Not Found", None, id="another path"),
        pytest.param(request(host="b.example"), b"404 Not Found", None, id="another host"),
        pytest.param(b"GET /ok HTTP/1.0\r\n\r\n", b"404 Not Found", None, id="no host"),
        pytest.param(request("POST", extra="Content-Length: 3\r\n") + b"abc", b"405 Method Not Allowed", None, id="POST"),
        pytest.param(request("CONNECT", "a.example:443"), b"405 Method Not Allowed", None, id="a proxy"),
        pytest.param(b"\x16\x03\x01\x00\x05hello\r\n\r\n", b"400 Bad Request", None, id="TLS"),
        pytest.param(request() + request(), b"200 OK", b"fine\n", id="only the first of two"),
    ],
)
def test_requests(asked: bytes, status: bytes, body: bytes | None) -> None:
    head, _, said = exchange(asked, finish=True).partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"http/1.1 " + status.lower()
    assert b"connection: close" in lines
    assert (said == body) if body is not None else said
    assert any(line.startswith(b"date: ") for line in lines)


def test_it_is_read_byte_by_byte() -> None:
    asked = request()
    assert exchange(*(asked[at : at + 1] for at in range(len(asked)))).endswith(b"fine\n")


def test_a_head_without_end_is_refused_at_its_bound() -> None:
    said = exchange(b"GET /ok HTTP/1.1\r\nX: " + b"x" * (4 * MAX_HEAD_BYTES))
    assert said == b"" or said.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))


def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    assert exchange(b"GET /ok HT") == b""


def test_one_connection_too_many_is_closed() -> None:
    async def talk() -> tuple[bytes, bytes]:
        answering = Responder()
        answering.table = TABLE
        async with await asyncio.start_server(answering.serve, "127.0.0.1", 0, limit=MAX_HEAD_BYTES) as server:
            place = server.sockets[0].getsockname()
            waiting = [await asyncio.open_connection(*place) for _ in range(MAX_CONNECTIONS)]
            while answering._open < MAX_CONNECTIONS:
                await asyncio.sleep(0.01)
            late, late_writer = await asyncio.open_connection(*place)
            try:
                refused = await late.read()
            except ConnectionError:
                refused = b""
            reader, writer = waiting[0]
            writer.write(request())
            said = await reader.read()
            for _, one in [*waiting, (late, late_writer)]:
                one.close()
            while answering._open:
                await asyncio.sleep(0.01)
        return refused, said

    refused, said = asyncio.run(asyncio.wait_for(talk(), 15.0))
    assert refused == b"" and said.endswith(b"fine\n")


@pytest.mark.parametrize("target", ["", "//", "http://[", "http://[::1", "*", "a:1", "/\x00"], ids=repr)
def test_strange_targets_find_nothing(target: str) -> None:
    assert find_reply(TABLE, "a.example", target).status == 404


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    said = exchange(data, finish=True)
    assert said == b"" or said.startswith(b"HTTP/1.1 4")
