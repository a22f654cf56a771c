"""Both ends of the traffic, over the loopback: real sockets, no namespaces."""

import socket
import threading
from collections.abc import Iterator

import pytest

from gateway.bench import traffic
from gateway.bench.sample import client_hello

HELLO = client_hello().hex()


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as made:
        for name in ("FLOW_PORT", "LIVE_PORT", "BULK_PORT"):
            monkeypatch.setattr(traffic, name, made.getsockname()[1])
        yield made


def serve(work: traffic.Callable[[socket.socket], None], listener: socket.socket) -> None:
    def loop() -> None:
        try:
            work(listener)
        except (OSError, ValueError):
            pass  # the test is over: its listener is closed

    threading.Thread(target=loop, daemon=True).start()


def config(**more: object) -> traffic.Config:
    return {"hello": HELLO, "addresses": ["127.0.0.1"], **more}


def test_flows_one_after_another(listener: socket.socket) -> None:
    serve(traffic._answer_hellos, listener)
    result = traffic._open_flows(config(seconds=0.05), 0)
    assert result["errors"] == 0 and result["per_s"] > 0 and result["cpu_s"] > 0
    assert len(result["connect_ns"]) == len(result["byte_ns"]) > 0
    assert all(connect < first for connect, first in zip(result["connect_ns"], result["byte_ns"], strict=True))


def test_flows_that_are_refused_are_errors(listener: socket.socket) -> None:
    listener.close()
    result = traffic._open_flows(config(seconds=0.01), 0)
    assert result["errors"] > 0 and not result["byte_ns"] and result["per_s"] == 0


def test_bulk_counts_what_arrived(listener: socket.socket) -> None:
    serve(traffic._count_bytes, listener)
    assert traffic.bulk(config(seconds=0.02))["bytes_per_s"] > 1_000_000


def test_knocking_until_somebody_answers(listener: socket.socket, capsys: pytest.CaptureFixture[str]) -> None:
    serve(traffic._answer_hellos, listener)
    assert traffic.first(config(seconds=5.0, every_s=0.001, in_flight=4))["at"] > 0
    assert capsys.readouterr().out == "ready\n"


def test_nobody_answers(listener: socket.socket) -> None:
    with pytest.raises(TimeoutError):
        traffic.first(config(seconds=0.05, every_s=0.001, in_flight=4))


def test_a_live_flow_feels_the_cut(listener: socket.socket) -> None:
    def cut() -> None:
        connection, _ = listener.accept()
        for _ in range(4):
            connection.recv(4096)
            connection.send(traffic.BYTE)
        connection.close()

    thread = threading.Thread(target=cut)
    thread.start()
    assert traffic.pulse(config(seconds=5.0, every_s=0.001))["at"] > 0
    thread.join()


def test_targets_go_around_from_their_own_start() -> None:
    targets = traffic._targets(["a", "b", "c"], 4)
    assert [next(targets)[0] for _ in range(4)] == ["b", "c", "a", "b"]


@pytest.mark.parametrize(("seconds", "expected"), [(5.0, (5, 0)), (0.25, (0, 250_000))], ids=["whole", "part"])
def test_timeval(seconds: float, expected: tuple[int, int]) -> None:
    assert traffic.struct.unpack("ll", traffic._timeval(seconds)) == expected
