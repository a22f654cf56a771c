"""Streams: what a browser is told, where it goes on, and how they end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

from gateway.panel.gateway_link import MAX_EVENTS, Ring
from gateway.panel.live import MAX_STREAMS, Live

Stream = AsyncIterator[str]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.panel.live.GATHER_S", 0.0)


def asked(last: str = "", query: str = "") -> Request:
    headers = [(b"last-event-id", last.encode())] if last else []
    return Request({"type": "http", "method": "GET", "path": "/live", "headers": headers, "query_string": query.encode()})


def stream_of(live: Live, last: str = "", query: str = "") -> Stream:
    response = live.response(asked(last, query))
    assert isinstance(response, StreamingResponse)
    assert response.media_type == "text/event-stream" and response.headers["cache-control"] == "no-store"
    return response.body_iterator  # type: ignore[return-value]


async def next_of(stream: Stream) -> str:
    """The next piece that says something."""
    while True:
        piece = await asyncio.wait_for(anext(stream), 5)
        if piece:
            return piece


def run(work: Callable[[Live, Ring], Awaitable[None]]) -> None:
    async def main() -> None:
        ring = Ring()
        await work(Live(ring), ring)

    asyncio.run(main())


def parts(piece: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in piece.strip().split("\n"))


def test_kinds_are_told_and_nothing_else() -> None:
    async def work(live: Live, ring: Ring) -> None:
        stream = stream_of(live)
        assert (await next_of(stream)).startswith("retry: ")
        waiting = asyncio.ensure_future(next_of(stream))
        await asyncio.sleep(0.01)
        ring.push("flow", {"server_name": "secret.example.com"})
        ring.push("device", {})
        told = parts(await waiting)
        assert told["event"] == "change" and set(told["data"].split()) <= {"flow", "device"}
        assert set(told) == {"id", "event", "data"}
        await stream.aclose()  # type: ignore[attr-defined]

    run(work)


def test_what_happened_since_its_page_was_made_is_told() -> None:
    async def work(live: Live, ring: Ring) -> None:
        ring.push("flow", {})
        made = live.at
        ring.push("gateway", {"there": False})
        response = live.response(asked(query=f"since={made}"))
        assert isinstance(response, StreamingResponse)
        stream: Stream = response.body_iterator  # type: ignore[assignment]
        assert f"id: {made}\n" in await next_of(stream), "a stream that is cut before anything happens goes on from here"
        assert parts(await next_of(stream))["data"] == "gateway"
        await stream.aclose()  # type: ignore[attr-defined]

    run(work)


def test_a_browser_goes_on_where_it_was() -> None:
    async def work(live: Live, ring: Ring) -> None:
        ring.push("flow", {})
        stream = stream_of(live)
        await next_of(stream)
        ring.push("device", {})
        place = parts(await next_of(stream))["id"]
        await stream.aclose()  # type: ignore[attr-defined]
        for kind in ("viewing", "flow", "flow"):
            ring.push(kind, {})
        again = stream_of(live, place)
        await next_of(again)
        told = parts(await next_of(again))
        assert (told["event"], told["data"]) == ("change", "flow viewing")
        assert told["id"] == place.rpartition("-")[0] + "-5"
        await again.aclose()  # type: ignore[attr-defined]

    run(work)


def test_a_stream_begins_where_its_page_was_made() -> None:
    async def work(live: Live, ring: Ring) -> None:
        ring.push("flow", {})
        made = live.at
        ring.push("device", {})
        stream = stream_of(live, query=f"since={made}")
        await next_of(stream)
        assert parts(await next_of(stream))["data"] == "device"
        await stream.aclose()  # type: ignore[attr-defined]
        again = stream_of(live, live.at, query=f"since={made}")
        await next_of(again)
        ring.push("viewing", {})
        assert parts(await next_of(again))["data"] == "viewing", "where it was counts for more"
        await again.aclose()  # type: ignore[attr-defined]

    run(work)


@pytest.mark.parametrize(
    "last", ["0badcafe-1", "1", "-", "x" * 500, "-1", "٣", "0badcafe-" + "9" * 15, "0badcafe-9" + "9" * 400]
)
def test_an_id_of_another_process_is_a_gap(last: str) -> None:
    async def work(live: Live, ring: Ring) -> None:
        ring.push("flow", {})
        stream = stream_of(live, last.encode().decode("latin-1"))
        await next_of(stream)
        told = parts((await next_of(stream)).replace("data: \n", "data:  \n"))
        assert told["event"] == "gap" and told["id"].endswith("-1")
        await stream.aclose()  # type: ignore[attr-defined]

    run(work)


@pytest.mark.parametrize("number", ["9" * 15, "9" * 400, "٣", "-1", "1.0", ""])
def test_a_number_that_is_none_of_ours_is_a_gap(number: str) -> None:
    async def work(live: Live, ring: Ring) -> None:
        ring.push("flow", {})
        stream = stream_of(live, f"{live._life}-{number}".encode().decode("latin-1"))
        await next_of(stream)
        assert "event: gap\n" in await next_of(stream)
        await stream.aclose()  # type: ignore[attr-defined]

    run(work)


def test_a_slow_reader_is_told_that_it_lost_some_and_holds_up_nobody() -> None:
    async def work(live: Live, ring: Ring) -> None:
        slow, quick = stream_of(live), stream_of(live)
        for stream in (slow, quick):
            await next_of(stream)
        ring.push("flow", {})
        assert "event: change\n" in await next_of(slow)
        for _ in range(MAX_EVENTS + 1):
            ring.push("flow", {})
        assert "event: gap\n" in await next_of(slow)
        ring.push("device", {})
        told = parts(await next_of(slow))
        assert (told["event"], told["data"]) == ("change", "device")
        for stream in (slow, quick):
            await stream.aclose()  # type: ignore[attr-defined]

    run(work)


def test_streams_are_bounded_and_those_that_end_make_room() -> None:
    async def work(live: Live, ring: Ring) -> None:
        streams = [stream_of(live) for _ in range(MAX_STREAMS)]
        for stream in streams:
            await next_of(stream)
        refused = live.response(asked())
        assert refused.status_code == 503 and refused.headers["retry-after"]
        await streams.pop().aclose()  # type: ignore[attr-defined]
        assert live.response(asked()).status_code == 200
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]

    run(work)


def test_streams_that_were_asked_for_at_once_are_bounded_too() -> None:
    async def work(live: Live, ring: Ring) -> None:
        answers = [live.response(asked()) for _ in range(MAX_STREAMS + 5)]
        streams = [one.body_iterator for one in answers if isinstance(one, StreamingResponse)]
        told = [await anext(stream, "") for stream in streams]  # type: ignore[call-overload]
        assert sum(text.startswith("retry") for text in told) == MAX_STREAMS  # type: ignore[union-attr]
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]

    run(work)


def test_a_quiet_stream_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.panel.live.BEAT_S", 0.01)

    async def work(live: Live, ring: Ring) -> None:
        stream = stream_of(live)
        await next_of(stream)
        assert [await next_of(stream) for _ in range(2)] == [": still here\n\n"] * 2
        ring.push("flow", {})
        assert "event: change\n" in await next_of(stream)
        await stream.aclose()  # type: ignore[attr-defined]

    run(work)


def test_streams_end_when_the_panel_does() -> None:
    async def work(live: Live, ring: Ring) -> None:
        stream = stream_of(live)
        await next_of(stream)
        waiting = asyncio.ensure_future(next_of(stream))
        await asyncio.sleep(0.01)
        live.close()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(waiting, 1)
        late = stream_of(live)
        await next_of(late)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(late), 1)

    run(work)
