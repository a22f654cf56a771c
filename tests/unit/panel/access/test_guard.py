"""The guard: who is answered, what gets in, what gets out."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.panel.access import guard
from gateway.panel.access.guard import CSP, NAMES, Guard, is_ours

OWN = "192.168.50.1"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how much came; breaks where it is asked to."""
    request = Request(scope, receive)
    if scope["path"] == "/broken":
        raise RuntimeError("the secret is 42")
    if scope["path"] == "/late":

        async def some() -> Any:
            yield b"half"
            raise RuntimeError("the secret is 42")

        return await StreamingResponse(some())(scope, receive, send)
    body = await request.body()
    headers = {"cache-control": "max-age=60"} if scope["path"] == "/static/style.css" else {}
    await PlainTextResponse(f"{scope['method']} {len(body)}", headers=headers)(scope, receive, send)


class Answer:
    """What came back."""

    def __init__(self, sent: list[Message]) -> None:
        self.status: int = sent[0]["status"] if sent else 0
        self.headers = {name.decode(): value.decode() for name, value in (sent[0]["headers"] if sent else ())}
        self.body = b"".join(message.get("body", b"") for message in sent[1:])


def ask(
    method: str = "GET",
    path: str = "/",
    *,
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    body: tuple[bytes, ...] = (),
    scheme: str = "http",
    server: tuple[str, int] | None = (OWN, 80),
    app: Any = None,
    **options: Any,
) -> Answer:
    given = headers if isinstance(headers, list) else list(({"host": OWN} | (headers or {})).items())
    sent: list[Message] = []
    parts: Iterator[Message] = iter(
        [
            {"type": "http.request", "body": part, "more_body": number < len(body) - 1}
            for number, part in enumerate(body or (b"",))
        ]
    )

    async def receive() -> Message:
        return next(parts, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "scheme": scheme, "server": server,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given],
    }  # fmt: skip
    asyncio.run(Guard(app or echo, **options)(scope, receive, send))
    return Answer(sent)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param(OWN, 200, id="its address"),
        pytest.param(OWN + ":80", 200, id="with a port"),
        pytest.param("netcurtain", 200, id="its name"),
        pytest.param("NetCurtain.Local.", 200, id="in another spelling"),
        pytest.param("localhost:8080", 200, id="localhost"),
        pytest.param("box.example.com", 200, id="a name from the settings"),
        pytest.param("evil.example.net", 421, id="a stranger's name"),
        pytest.param("netcurtain.evil.example.net", 421, id="a stranger's subdomain"),
        pytest.param("evil.netcurtain.local", 421, id="below its name"),
        pytest.param("192.168.50.2", 421, id="another address"),
        pytest.param("[::1]", 421, id="another address, IPv6"),
        pytest.param("0xc0a83201", 421, id="its address in disguise"),
        pytest.param("192.168.50.1.", 200, id="its address as a name"),
        pytest.param("", 421, id="none"),
        pytest.param("netcurtain:99999", 421, id="no port"),
        pytest.param("netcurtain@evil.example.net", 421, id="a user"),
        pytest.param("netcurtain/", 421, id="a path"),
        pytest.param("ü", 421, id="no ASCII"),
    ],
)
def test_only_its_own_names_are_answered(host: str, status: int) -> None:
    assert ask(headers={"host": host}, hosts=("Box.Example.com",)).status == status


@pytest.mark.parametrize("headers", [[], [("host", OWN), ("host", OWN)]], ids=["no Host", "two Hosts"])
def test_one_host_and_no_other_number(headers: list[tuple[str, str]]) -> None:
    assert ask(headers=headers).status == 421


@pytest.mark.parametrize(
    ("server", "host", "status"),
    [
        pytest.param(("fd00::1", 443), "[fd00::1]", 200, id="IPv6"),
        pytest.param(("fd00::1", 443), "[FD00:0::1]:443", 200, id="IPv6 in another spelling"),
        pytest.param(("fe80::1%eth0", 443), "[fe80::1]", 200, id="link-local"),
        pytest.param(("fd00::1", 443), "fd00::1", 421, id="IPv6 without brackets"),
        pytest.param(("::ffff:192.168.50.1", 80), OWN, 200, id="IPv4 on an IPv6 socket"),
        pytest.param(("testserver", 80), OWN, 421, id="a server that knows no address"),
        pytest.param(None, "netcurtain", 200, id="no server"),
    ],
)
def test_its_address_is_the_one_that_the_request_came_to(server: tuple[str, int] | None, host: str, status: int) -> None:
    assert ask(server=server, headers={"host": host}).status == status


@given(st.text(max_size=80))
def test_made_up_hosts_are_not_ours(host: str) -> None:
    found = is_ours(host, frozenset(NAMES), own=OWN)
    assert not found or host.lower().partition(":")[0].rstrip(".") in (*NAMES, OWN)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="says nothing"),
        pytest.param({"origin": f"http://{OWN}"}, 200, id="from here"),
        pytest.param({"origin": f"http://{OWN}:80"}, 200, id="from here, with the port"),
        pytest.param({"sec-fetch-site": "same-origin"}, 200, id="from here, says the browser"),
        pytest.param({"sec-fetch-site": "none"}, 200, id="from the person"),
        pytest.param({"origin": "null"}, 403, id="from a sandbox"),
        pytest.param({"origin": "http://evil.example.net"}, 403, id="from elsewhere"),
        pytest.param({"origin": f"https://{OWN}"}, 403, id="from the other scheme"),
        pytest.param({"origin": f"http://{OWN}:8080"}, 403, id="from another port"),
        pytest.param({"origin": f"http://{OWN}.evil.example.net"}, 403, id="looks like here"),
        pytest.param({"origin": f"http://{OWN}/evil"}, 403, id="no origin"),
        pytest.param({"origin": "http://[broken"}, 403, id="broken"),
        pytest.param({"origin": ""}, 403, id="empty"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="from elsewhere, says the browser"),
        pytest.param({"sec-fetch-site": "same-site", "origin": f"http://{OWN}"}, 403, id="from a neighbour"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ODD"])
def test_what_changes_something_comes_from_here(method: str, headers: dict[str, str], status: int) -> None:
    assert ask(method, headers=headers).status == status


def test_looking_is_free_of_that() -> None:
    assert ask("GET", headers={"sec-fetch-site": "cross-site", "origin": "http://evil.example.net"}).status == 200


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        pytest.param({"content-length": "65536"}, (b"x" * 65_536,), 200, id="just so much"),
        pytest.param({"content-length": "65537"}, (), 413, id="announced"),
        pytest.param({"content-length": "9" * 40}, (), 413, id="announced, with many figures"),
        pytest.param({"transfer-encoding": "chunked"}, (b"x" * 40_000, b"x" * 40_000), 413, id="in pieces"),
        pytest.param({"transfer-encoding": "chunked"}, (b"x" * 4, b"x" * 5), 200, id="few pieces"),
        pytest.param({"content-length": "3"}, (b"x" * 80_000,), 413, id="more than announced"),
    ],
)
def test_bodies_are_bounded(headers: dict[str, str], body: tuple[bytes, ...], status: int) -> None:
    answer = ask("POST", headers=headers, body=body)
    assert answer.status == status
    assert status != 200 or answer.body == b"POST %d" % sum(map(len, body))
    assert status == 200 or answer.headers["connection"] == "close"


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_S", 0.05)

    async def run() -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            await asyncio.sleep(60)
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"host", OWN.encode()), (b"content-length", b"9")]
        scope = {
            "type": "http", "method": "POST", "path": "/", "query_string": b"", "scheme": "http", "server": (OWN, 80),
            "headers": headers,
        }  # fmt: skip
        await Guard(echo)(scope, receive, send)
        return sent

    assert asyncio.run(run())[0]["status"] == 408


def test_every_answer_bears_its_headers() -> None:
    for answer in (ask(), ask(headers={"host": "evil"}), ask(path="/broken"), ask("POST", headers={"origin": "null"})):
        assert answer.headers["content-security-policy"] == CSP
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers
    assert "unsafe" not in CSP and "*" not in CSP
    assert "strict-transport-security" not in ask(scheme="https").headers  # it would lock out whoever resets the box
    assert ask(path="/static/style.css").headers["cache-control"] == "max-age=60"


def test_what_failed_stays_here(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(path="/broken")
    assert answer.status == 500
    assert b"secret" not in answer.body and b"RuntimeError" not in answer.body
    assert "the secret is 42" in caplog.text
    late = ask(path="/late")
    assert late.status == 200 and b"secret" not in late.body


def test_a_page_for_refusals_that_fails_itself_is_replaced() -> None:
    def refuse(scope: Scope, status: int) -> PlainTextResponse:
        raise RuntimeError("the secret is 43")

    assert ask(path="/broken", refuse=refuse).status == 500
    drawn = ask(headers={"host": "evil"}, refuse=lambda scope, status: PlainTextResponse("drawn", status_code=status))
    assert (drawn.status, drawn.body) == (421, b"drawn")


def test_who_leaves_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def leaves(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    assert ask(app=leaves).status == 0
    assert not caplog.text


def test_other_protocols_are_closed() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    asyncio.run(Guard(echo)({"type": "websocket", "headers": []}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


ODD_HEADERS = st.tuples(
    st.sampled_from(["host", "origin", "content-length", "sec-fetch-site", "cookie"]),
    st.text(st.characters(max_codepoint=255), max_size=40),
)


@given(st.lists(ODD_HEADERS, max_size=6))
def test_arbitrary_headers_break_nothing(headers: list[tuple[str, str]]) -> None:
    assert ask("POST", headers=[("host", OWN), *headers]).status in (200, 403, 413, 421)
