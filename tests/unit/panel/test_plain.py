"""What a browser gets over plain HTTP."""

import json

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway.panel.authority import SEEN
from gateway.panel.plain import Plain, host_and_port


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"page"})


def ask(
    path: str,
    *,
    address: str = "10.77.0.1",
    host: str = "10.77.0.1",
    scheme: str = "http",
    claimed: bool = True,
    cookie: str = "",
) -> tuple[int, str, bytes]:
    """(status, location, body)."""
    path, _, query = path.partition("?")
    headers = [(b"host", host.encode()), *([(b"cookie", cookie.encode())] if cookie else [])]
    scope = {
        "type": "http", "scheme": scheme, "method": "GET", "path": path, "query_string": query.encode(), "headers": headers,
        "server": (address, 80),
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    async def send(message: Message) -> None:
        sent.append(message)

    running = Plain(page, is_claimed=lambda: claimed)(scope, receive, send)
    with pytest.raises(StopIteration):
        running.send(None)  # nothing in it waits
    where = dict(sent[0]["headers"]).get(b"location", b"").decode()
    return sent[0]["status"], where, sent[1]["body"]


CASES = {
    "over HTTPS": ({"path": "/", "scheme": "https"}, (200, "")),
    "on this machine": ({"path": "/", "address": "127.0.0.1"}, (200, "")),
    "a new box": ({"path": "/welcome", "claimed": False}, (200, "")),
    "the authority's page": ({"path": "/certificate"}, (200, "")),
    "a page": ({"path": "/devices"}, (303, "/certificate")),
    "a page, by a browser that trusts us": (
        {"path": "/devices?a=1", "cookie": f"{SEEN}=1"},
        (303, "https://10.77.0.1/devices?a=1"),
    ),
    "by name": ({"path": "/", "host": "netcurtain.local", "cookie": f"{SEEN}=1"}, (303, "https://netcurtain.local/")),
    "at another port": ({"path": "/", "host": "[fd00::1]:8080", "cookie": f"{SEEN}=1"}, (303, "https://[fd00::1]:8443/")),
}


@pytest.mark.parametrize(("asked", "told"), CASES.values(), ids=CASES)
def test_pages(asked: dict[str, object], told: tuple[int, str]) -> None:
    assert ask(**asked)[:2] == told  # type: ignore[arg-type]


def test_programs_are_told_what_is_wrong() -> None:
    status, _, body = ask("/api/v1/devices", cookie=f"{SEEN}=1")
    assert status == 403 and json.loads(body)["detail"] == "This is served over HTTPS only."


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("a.lan", ("a.lan", 80)),
        ("a.lan:8080", ("a.lan", 8080)),
        ("[fd00::1]", ("[fd00::1]", 80)),
        ("[fd00::1]:81", ("[fd00::1]", 81)),
    ],
)
def test_host_headers(header: str, found: tuple[str, int]) -> None:
    assert host_and_port(header) == found
