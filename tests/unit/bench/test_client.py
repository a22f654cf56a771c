"""The gadgets' end of the traffic, over the loopback: real sockets, no namespaces."""

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from gateway.bench import client, server
from gateway.bench.sample import client_hello, dns_query, name_of, quic_initial

HELLO = client_hello()


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as made:
        for name in ("FLOW_PORT", "LIVE_PORT", "BULK_PORT"):
            monkeypatch.setattr(client, name, made.getsockname()[1])
        yield made


@pytest.fixture
def endpoint() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        yield made


def serve(work: Callable[[socket.socket], None], end: socket.socket) -> None:
    def loop() -> None:
        try:
            work(end)
        except (OSError, ValueError):
            pass  # the test is over: its socket is closed

    threading.Thread(target=loop, daemon=True).start()


def config(**more: object) -> client.Config:
    return {"hello": HELLO.hex(), "servers": ["127.0.0.1"], "workers": 1, **more}


def test_flows_one_after_another(listener: socket.socket) -> None:
    serve(server.answer_hellos, listener)
    result = client._open_flows(config(seconds=0.05), 0)
    assert result["errors"] == 0 and result["per_s"] > 0 and result["cpu_s"] > 0
    assert len(result["connect_ns"]) == len(result["byte_ns"]) > 0
    assert all(connect < first for connect, first in zip(result["connect_ns"], result["byte_ns"], strict=True))


def test_a_number_of_flows_at_a_pace(listener: socket.socket) -> None:
    serve(server.answer_hellos, listener)
    result = client._open_flows(config(count=5, every_s=0.02), 0)
    assert len(result["byte_ns"]) == 5 and result["per_s"] <= 51


def test_flows_that_are_refused_are_errors(listener: socket.socket) -> None:
    listener.close()
    result = client._open_flows(config(count=3), 0)
    assert result["errors"] == 3 and not result["byte_ns"] and result["per_s"] == 0


def test_each_server_is_told_its_own_name() -> None:
    targets = client._targets(config(servers=["203.0.113.20", "203.0.113.7"]), 443)
    told = [next(targets) for _ in range(3)]
    assert [server for _, server in told] == [("203.0.113.20", 443), ("203.0.113.7", 443), ("203.0.113.20", 443)]
    assert name_of(20).encode() in told[0][0] and name_of(7).encode() in told[1][0]
    assert {len(hello) for hello, _ in told} == {len(HELLO)}


def test_workers_begin_in_different_places() -> None:
    around = client._round(["a", "b", "c", "d"], 1, {"workers": 2})
    assert [next(around) for _ in range(5)] == ["c", "d", "a", "b", "c"]


def test_results_of_workers_together() -> None:
    parts = [{"ns": [3, 5], "errors": 1}, {"ns": [4], "errors": 0}]
    assert client._merge(parts) == {"ns": [3, 4, 5], "errors": 1}


def test_questions(endpoint: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DNS_PORT", endpoint.getsockname()[1])
    serve(server.answer_questions, endpoint)
    asked = config(resolver="127.0.0.1", questions={"lo": dns_query(name_of(20)).hex()}, count=4)
    result = client._ask(asked, 0)
    assert len(result["ns"]) == 4 and result["errors"] == 0
    nobody = {**asked, "questions": {"lo": dns_query("refused.example").hex()}}
    assert client._ask(nobody, 0)["errors"] == 4


@pytest.fixture
def two_turns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], list[float]]:
    """Two lines for an end, and what it says to them."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n\n"))

    def told() -> list[float]:
        ready, *lines = capsys.readouterr().out.splitlines()
        assert ready == "ready"
        return [json.loads(line)["bytes_per_s"] for line in lines]

    return told


@pytest.mark.parametrize("flows", [1, 3])
def test_bulk_counts_what_arrives(listener: socket.socket, two_turns: Callable[[], list[float]], flows: int) -> None:
    for _ in range(flows):
        serve(server.pour, listener)
    client.bulk(config(seconds=0.02, flows=flows))
    assert [rate > 1_000_000 for rate in two_turns()] == [True, True]


@pytest.mark.usefixtures("two_turns")
def test_bulk_ends_with_its_flow(listener: socket.socket) -> None:
    serve(server.answer_hellos, listener)
    with pytest.raises(ConnectionError, match="ended while it was measured"):
        client.bulk(config(seconds=0.02, flows=1))


def test_datagrams_count_what_arrives(
    endpoint: socket.socket, monkeypatch: pytest.MonkeyPatch, two_turns: Callable[[], list[float]]
) -> None:
    monkeypatch.setattr(client, "FLOW_PORT", endpoint.getsockname()[1])
    serve(server.pour_datagrams, endpoint)
    client.datagrams(config(seconds=0.05, hello=quic_initial().hex()))
    assert [rate > 100_000 for rate in two_turns()] == [True, True]


def test_knocking_until_somebody_answers(listener: socket.socket, capsys: pytest.CaptureFixture[str]) -> None:
    serve(server.answer_hellos, listener)
    assert client.first(config(seconds=5.0, every_s=0.001, in_flight=4))["at"] > 0
    assert capsys.readouterr().out == "ready\n"


def test_nobody_answers(listener: socket.socket) -> None:
    with pytest.raises(TimeoutError):
        client.first(config(seconds=0.05, every_s=0.001, in_flight=4))


def test_a_live_flow_feels_the_cut(listener: socket.socket) -> None:
    def cut() -> None:
        connection, _ = listener.accept()
        for _ in range(4):
            connection.recv(4096)
            connection.send(server.BYTE)
        connection.close()

    thread = threading.Thread(target=cut)
    thread.start()
    assert client.pulse(config(seconds=5.0, every_s=0.001))["at"] > 0
    thread.join()


@pytest.mark.parametrize(("seconds", "expected"), [(5.0, (5, 0)), (0.25, (0, 250_000))], ids=["whole", "part"])
def test_timeval(seconds: float, expected: tuple[int, int]) -> None:
    assert client.struct.unpack("ll", client._timeval(seconds)) == expected
