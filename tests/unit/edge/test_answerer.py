"""The responder as the gateway runs it."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.edge import child as module
from gateway.edge.answerer import Answerer
from gateway.model.assessment import FixedReply

OK = FixedReply(host="a.example", path="/ok", status=200, content_type="text/plain", body="fine\n")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def answerer(port: int) -> Iterator[Answerer]:
    made = Answerer(port)
    made.start([OK])
    yield made
    made.stop()


def ask(port: int, host: str = "127.0.0.1") -> bytes:
    """What it says; nothing while it does not listen."""
    try:
        with socket.create_connection((host, port), timeout=5.0) as client:
            client.sendall(b"GET /ok HTTP/1.1\r\nHost: a.example\r\n\r\n")
            said = b""
            while chunk := client.recv(4_096):
                said += chunk
            return said
    except OSError:
        return b""


def until(port: int, end: bytes, *, answerer: Answerer | None = None, timeout_s: float = 20.0) -> list[str]:
    """Wait for an answer; what was wrong meanwhile."""
    problems: list[str] = []
    stop = time.monotonic() + timeout_s
    while not ask(port).endswith(end):
        assert time.monotonic() < stop, "it did not answer"
        problems += answerer.watch() if answerer else []
        time.sleep(0.02)
    return problems


def test_it_answers_on_both_families_and_takes_a_new_table(answerer: Answerer, port: int) -> None:
    until(port, b"fine\n")
    if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"):
        assert ask(port, "::1").endswith(b"fine\n")
    answerer.say([])
    until(port, b"no answer for this.\n")
    assert answerer.watch() == []


def test_it_is_nobody_and_ends_with_us(answerer: Answerer, port: int) -> None:
    until(port, b"fine\n")
    pid = answerer.pid
    assert pid is not None
    if os.geteuid() == 0:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        status = dict(line.split(":", 1) for line in lines)
        assert status["Uid"].split() == ["65534"] * 4
    assert answerer._child._process is not None and answerer._child._process.stdin is not None
    answerer._child._process.stdin.close()
    assert answerer._child._process.wait(timeout=10.0) == 0


def test_killed_it_is_back_with_its_table(answerer: Answerer, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BACKOFF_S", 0.1)
    until(port, b"fine\n")
    assert answerer.pid is not None
    os.kill(answerer.pid, signal.SIGKILL)
    while answerer.pid is not None:
        time.sleep(0.01)
    [problem, *_] = until(port, b"fine\n", answerer=answerer)
    assert "ended (status -9)" in problem


def test_a_port_that_is_taken_is_a_problem(port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", port))
        taken.listen()
        answerer = Answerer(port)
        answerer.start([OK])
        stop = time.monotonic() + 20.0
        while not (problems := answerer.watch()):
            assert time.monotonic() < stop
            time.sleep(0.02)
        answerer.stop()
    assert "already in use" in problems[0]
