"""Serving: both kinds of sockets, whoever is slow or too many, and an end that waits for nobody."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from gateway.panel import server as module
from gateway.panel.authority import Authority
from gateway.panel.listening import Listening, Place, listen
from gateway.panel.server import PanelServer

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how it was reached; a stream without end under /events; takes a body under /form."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        return await send({"type": "lifespan.shutdown.complete"})
    if scope["path"] == "/form":
        while (await receive()).get("more_body"):
            pass
    body = f"{scope['scheme']} {scope['server'][0]}".encode()
    length = [] if scope["path"] == "/events" else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    while scope["path"] == "/events":
        await send({"type": "http.response.body", "body": b"x" * 60_000, "more_body": True})
        await asyncio.sleep(0.01)
    await send({"type": "http.response.body", "body": body})


@contextmanager
def running(listening: Listening, authority: Authority | None = None) -> Iterator[PanelServer]:
    server = PanelServer(application, listening.secure, authority, lambda: False)
    thread = threading.Thread(target=server.run, args=(list(listening.plain),))
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(5)
        assert not thread.is_alive()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[PanelServer, int]]:
    monkeypatch.setattr(module, "WAIT_S", 0.3)
    monkeypatch.setattr(module, "SWEEP_TICKS", 1)
    monkeypatch.setattr(module, "STUCK_S", 0.3)
    listening = listen([loopback(free_port())])
    with running(listening) as found:
        yield found, listening.places[0].port


def loopback(port: int) -> Place:
    return Place(address=ip_address("127.0.0.1"), port=port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def connect(port: int, *, host: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(host, 0))


def answer(sock: socket.socket, request: bytes = GET) -> bytes:
    sock.sendall(request)
    said = b""
    while not said.endswith(b"127.0.0.1"):
        said += (piece := sock.recv(65_536))
        assert piece, said
    return said


def seconds_until_left(sock: socket.socket) -> float:
    began = time.monotonic()
    try:
        while sock.recv(65_536):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - began


def test_http_and_https_are_the_same_application(tmp_path: Path) -> None:
    port = free_port()
    plain = listen([loopback(port)]).plain
    secure = listen([loopback(free_port())]).plain
    authority = Authority(tmp_path, [ip_address("127.0.0.1")])
    with running(Listening(plain=plain, secure=secure), authority):
        with connect(port) as sock:
            assert answer(sock).endswith(b"http 127.0.0.1")
        client = ssl.create_default_context(cadata=authority.pem)
        with socket.create_connection(("127.0.0.1", secure[0].getsockname()[1])) as raw:
            with client.wrap_socket(raw, server_hostname="127.0.0.1") as sock:
                said = answer(sock)
    assert said.endswith(b"https 127.0.0.1") and b"server:" not in said.lower()


HALF = {
    "says nothing": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
}


@pytest.mark.parametrize("said", HALF.values(), ids=HALF)
def test_who_is_slow_is_left(server: tuple[PanelServer, int], said: bytes) -> None:
    with connect(server[1]) as sock:
        sock.sendall(said)
        assert seconds_until_left(sock) < 3


def test_a_head_that_comes_letter_by_letter_is_not_waited_for(server: tuple[PanelServer, int]) -> None:
    began = time.monotonic()
    with connect(server[1]) as sock, pytest.raises(OSError):
        for letter in b"GET / HTTP/1.1\r\nX: " + b"x" * 200:
            sock.sendall(bytes([letter]))
            time.sleep(0.02)
    assert time.monotonic() - began < 4


def test_a_reader_that_takes_nothing_is_left(server: tuple[PanelServer, int]) -> None:
    with connect(server[1]) as sock:
        sock.sendall(GET.replace(b"/ ", b"/events "))
        end = time.monotonic() + 20
        while server[0].server_state.tasks and time.monotonic() < end:
            time.sleep(0.05)
        assert not server[0].server_state.tasks


def test_others_are_served_meanwhile(server: tuple[PanelServer, int]) -> None:
    slow = [connect(server[1]) for _ in range(20)]
    with connect(server[1]) as sock:
        assert answer(sock).endswith(b"http 127.0.0.1")
    for one in slow:
        one.close()


def test_a_connection_that_is_used_may_stay(server: tuple[PanelServer, int]) -> None:
    with connect(server[1]) as sock:
        for _ in range(4):
            assert answer(sock).endswith(b"http 127.0.0.1")
            time.sleep(0.2)


def test_where_all_are_taken_an_idle_one_makes_room(server: tuple[PanelServer, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 4)
    monkeypatch.setattr(module, "WAIT_S", 60.0)
    idle = [connect(server[1]) for _ in range(4)]
    time.sleep(0.2)
    with connect(server[1]) as sock:
        assert answer(sock).endswith(b"http 127.0.0.1")
    assert seconds_until_left(idle[0]) < 1, "the oldest"
    for one in idle:
        one.close()


BAD = [
    b"\0" * 100,
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nonsense\r\n\r\n",
    b"GET /" + b"x" * 200_000,
]


@pytest.mark.parametrize("said", BAD, ids=["zeros", "no request", "an unknown encoding", "without end"])
def test_what_is_no_request_is_refused(server: tuple[PanelServer, int], said: bytes) -> None:
    with connect(server[1]) as sock:
        try:
            sock.sendall(said)
            assert sock.recv(100).startswith(b"HTTP/1.1 4")
        except ConnectionError:
            pass
    with connect(server[1]) as sock:
        assert answer(sock).endswith(b"http 127.0.0.1")


PROCESS = """
import sys
from ipaddress import ip_address
from gateway.panel.listening import Place, listen
from gateway.panel.server import PanelServer
from tests.unit.panel.test_server import application
import signal
signal.signal(signal.SIGTERM, lambda *_: None)
listening = listen([Place(address=ip_address("127.0.0.1"), port=int(sys.argv[1]))])
print("open", flush=True)
PanelServer(application, (), None, lambda: False).run(sockets=list(listening.plain))
print("scapy" in sys.modules)
"""


def test_sigterm_ends_it_whoever_listens() -> None:
    port = free_port()
    top = Path(__file__).resolve().parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=top
    )
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    streams = [connect(port) for _ in range(5)]
    for one in streams:
        one.sendall(GET.replace(b"/ ", b"/events "))
        assert one.recv(100)
    os.kill(process.pid, signal.SIGTERM)
    said, complained = process.communicate(timeout=5)  # a stream by itself would last for hours
    assert (process.returncode, said, complained) == (0, "False\n", "")
    for one in streams:
        one.close()
