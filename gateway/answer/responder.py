"""One connection, one request, one reply. Bounded in connections, bytes and time; whatever comes, it ends with a close."""

import asyncio
import time
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlsplit

import h11

from gateway.model.assessment import FixedReply

from .table import Table

MAX_CONNECTIONS = 64
MAX_HEAD_BYTES = 8_192
TIMEOUT_S = 5.0
CLOCK_STARTS_S = 1_767_225_600.0
"""2026: a clock before it was never set, and tells nobody the time (RFC 9110 6.6.1)."""
_METHODS = frozenset({b"GET", b"HEAD"})
_NOT_HERE = FixedReply(host="", path="", status=404, content_type="text/plain", body="The gateway has no answer for this.\n")
_NO_METHOD = FixedReply(host="", path="", status=405, content_type="text/plain", body="GET or HEAD, nothing else.\n")


class Responder:
    """Says what the table says."""

    def __init__(self) -> None:
        self.table: Table = {}
        self._open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client connected."""
        if self._open >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._open += 1
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._talk(reader, writer)
        except (OSError, TimeoutError):
            writer.transport.abort()
        finally:
            self._open -= 1
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        reply, bare = None, False
        try:
            while (event := talk.next_event()) is h11.NEED_DATA:
                talk.receive_data(await reader.read(MAX_HEAD_BYTES))
            if isinstance(event, h11.Request):
                reply, bare = self._answer(event), event.method == b"HEAD"
        except h11.RemoteProtocolError as err:
            reply = _fault(err.error_status_hint)
        if reply is not None and talk.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            writer.write(_say(talk, reply, bare=bare))
            await writer.drain()
            with suppress(OSError, NotImplementedError):
                writer.write_eof()  # the reply first, then the close: unread bytes would turn it into a reset
            await _let_finish(reader)

    def _answer(self, request: h11.Request) -> FixedReply:
        if request.method not in _METHODS:
            return _NO_METHOD
        host = next((value for name, value in request.headers if name == b"host"), b"").decode("latin-1")
        return find_reply(self.table, host, request.target.decode("latin-1"))


def find_reply(table: Table, host: str, target: str) -> FixedReply:
    """The reply to a request line and its host; a target may name the host itself (RFC 9112 3.2.2)."""
    with suppress(ValueError):
        url = urlsplit(target if "://" in target else f"http://{host}{target}")
        return table.get(((url.hostname or "").removesuffix("."), url.path or "/"), _NOT_HERE)
    return _NOT_HERE


def _say(talk: h11.Connection, reply: FixedReply, *, bare: bool) -> bytes:
    """``bare``: the head alone."""
    body = reply.body.encode()
    headers = [("Connection", "close"), ("Cache-Control", "no-store")]
    if reply.status != 204:
        headers += [("Content-Length", str(len(body)))]
    if reply.content_type:
        headers += [("Content-Type", reply.content_type)]
    if reply.status == 405:
        headers += [("Allow", "GET, HEAD")]
    if (wall := time.time()) >= CLOCK_STARTS_S:
        headers += [("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(wall)))]
    reason = HTTPStatus(reply.status).phrase.encode()
    head = h11.Response(status_code=reply.status, headers=headers, reason=reason)
    parts = [talk.send(head), talk.send(h11.Data(data=b"" if bare else body)), talk.send(h11.EndOfMessage())]
    return b"".join(part for part in parts if part)


def _fault(status: int) -> FixedReply:
    return FixedReply(host="", path="", status=status, content_type="text/plain", body="The gateway cannot read this.\n")


async def _let_finish(reader: asyncio.StreamReader) -> None:
    """Take what the client still sends, up to the bounds of a head."""
    left = MAX_HEAD_BYTES
    with suppress(OSError):
        while left > 0 and (chunk := await reader.read(left)):
            left -= len(chunk)
