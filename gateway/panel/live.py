"""What happens, as Server-Sent Events (WHATWG HTML, 9.2): browsers are told that something changed, and fetch their page anew.

An event names kinds only (``flow``, ``device``, ``viewing`` …), so it says nothing that the page does not. Its id is the place
in the ring: a browser that comes back goes on there, one that was away too long gets ``gap``. Each browser reads at its own
pace; none of them can slow the gateway or another one.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from .gateway_link import Ring

MAX_STREAMS = 64
GATHER_S = 1.0
"""What comes within it is told at once."""
BEAT_S = 15.0
"""A comment so often keeps the connection open, and finds out who has left."""
RETRY_MS = 3_000


class Live:
    """All streams of this process."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._life = secrets.token_hex(4)
        """Ids of an earlier process say nothing here."""
        self._open = 0
        self._over = asyncio.Event()
        self._sleepers: set[asyncio.Event] = set()

    @property
    def at(self) -> str:
        """The place now: a page that was made here misses nothing if its stream begins here."""
        return f"{self._life}-{self._ring.last}"

    def response(self, request: Request) -> Response:
        """A stream, from where this browser was before; a new one from where its page was made (``since``)."""
        if self._open >= MAX_STREAMS:
            return Response(status_code=503, headers={"Retry-After": "30"})
        place = self._place(request.headers.get("last-event-id", "") or request.query_params.get("since", ""))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(place), media_type="text/event-stream", headers=headers)

    def close(self) -> None:
        """End them all, now."""
        self._over.set()
        for woken in self._sleepers:
            woken.set()

    def _place(self, last: str) -> int:
        """-1 where it cannot be told."""
        if not last:
            return self._ring.last
        life, _, number = last.partition("-")
        return int(number) if life == self._life and number.isdecimal() and len(number) < 16 else -1

    async def _stream(self, place: int) -> AsyncIterator[str]:
        if self._open >= MAX_STREAMS:  # many were asked for before one of them began
            return
        self._open += 1
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        self._sleepers.add(woken)
        try:
            yield f"retry: {RETRY_MS}\n" + (f"id: {self._life}-{place}\n\n" if place >= 0 else "\n")
            with self._ring.waking(partial(loop.call_soon_threadsafe, woken.set)):
                while not self._over.is_set():
                    events, lost = self._ring.after(place)
                    if events or lost:
                        place = self._ring.last if not events else events[-1].number
                        kinds = " ".join(sorted({event.kind for event in events}))
                        yield f"id: {self._life}-{place}\nevent: {'gap' if lost else 'change'}\ndata: {kinds}\n\n"
                    yield await self._wait(woken)
        finally:
            self._open -= 1
            self._sleepers.discard(woken)

    async def _wait(self, woken: asyncio.Event) -> str:
        """Until something happens, or it is time for a sign of life."""
        try:
            async with asyncio.timeout(BEAT_S):
                await woken.wait()
        except TimeoutError:
            return ": still here\n\n"
        try:
            async with asyncio.timeout(GATHER_S):
                await self._over.wait()
        except TimeoutError:
            pass
        woken.clear()
        return ""
