"""Events reach a program."""

import asyncio
from typing import Any

from gateway.panel import live
from tests.support.api import Program, ServedApi


async def heard(program: Program, served: ServedApi, wanted: int) -> tuple[dict[str, Any], str]:
    """The head of the stream, and its first pieces; an event happens after the first one."""
    pieces: list[str] = []
    head: dict[str, Any] = {}
    over = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            head.update(status=message["status"], headers=dict(message["headers"]))
        elif message.get("body"):
            pieces.append(message["body"].decode())
            if len(pieces) == 1:
                asyncio.get_running_loop().call_later(0.02, served.panel.link.events.push, "flow", {})
            if len(pieces) == wanted:
                over.set()

    cookie = "; ".join(f"{name}={value}" for name, value in program.cookies.items())
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/api/v1/live", "raw_path": b"/api/v1/live", "query_string": b"", "root_path": "", "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 50_000), "headers": [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode())],
    }  # fmt: skip
    await asyncio.wait_for(served.app(scope, receive, send), 10)  # type: ignore[arg-type]
    return head, "".join(pieces)


def test_a_program_hears_that_something_happened(served: ServedApi) -> None:
    head, told = asyncio.run(heard(served.reader, served, 2))
    assert head["status"] == 200 and head["headers"][b"content-type"].startswith(b"text/event-stream")
    assert "event: change\ndata: flow\n" in told


def test_too_many_streams_are_a_problem(served: ServedApi, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "MAX_STREAMS", 0)
    found = served.owner.send("GET", "/api/v1/live")
    assert (found.status_code, found.headers["retry-after"]) == (503, "30")
    assert found.headers["content-type"] == "application/problem+json"
