"""Both ends of the traffic, each a process of its own: ``python -m gateway.bench.traffic END CONFIG``.

Light on purpose: nothing but sockets is imported, and a client's loop is six system calls a flow, so that the router in the
middle is what is measured. Clients close with a reset (SO_LINGER 0), which leaves no TIME_WAIT behind to run out of ports, and
walk through many server addresses, so that a port comes again late.
"""

import itertools
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

FLOW_PORT, LIVE_PORT, BULK_PORT = 443, 8443, 9443
BYTE = b"."
_RESET = struct.pack("ii", 1, 0)
_CHUNK_BYTES = 1 << 20
_COUNT = struct.Struct("!Q")
_TIMEOUT_S = 5.0
Config = dict[str, Any]


# The server's side.


def serve(config: Config) -> None:
    """Every server: ``workers`` loops that answer a hello with one byte, one that answers each write, one that counts."""
    listeners = {port: socket.create_server(("", port), backlog=4096) for port in (FLOW_PORT, LIVE_PORT, BULK_PORT)}
    # A connection is handed over with its first bytes: the server needs no loop around it, the wire shows no difference.
    listeners[FLOW_PORT].setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
    for _ in range(config["workers"]):
        _fork(lambda: _answer_hellos(listeners[FLOW_PORT]))
    _fork(lambda: _answer_writes(listeners[LIVE_PORT]))
    _fork(lambda: _count_bytes(listeners[BULK_PORT]))
    print("ready", flush=True)
    signal.pause()


def _fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return child


def _answer_hellos(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with suppress(OSError):
            connection.recv(4096)
            connection.send(BYTE)
        connection.close()


def _answer_writes(listener: socket.socket) -> None:
    poll, open_ones = select.epoll(), {}
    poll.register(listener, select.EPOLLIN)
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                connection, _ = listener.accept()
                open_ones[connection.fileno()] = connection
                poll.register(connection, select.EPOLLIN)
                continue
            try:
                if open_ones[number].recv(65_536):
                    open_ones[number].send(BYTE)
                    continue
            except OSError:
                pass
            poll.unregister(number)
            open_ones.pop(number).close()


def _count_bytes(listener: socket.socket) -> None:
    room = bytearray(_CHUNK_BYTES)
    while True:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.send(BYTE)
            count = 0
            while size := connection.recv_into(room):
                count += size
            connection.send(_COUNT.pack(count))


# The gadget's side.


def flows(config: Config) -> Config:
    """New flows for ``seconds`` from ``workers`` processes, each one after another: nanoseconds of every one."""
    pipes, gate = [], os.pipe()
    for number in range(config["workers"]):
        reader, writer = os.pipe()
        _fork(lambda writer=writer, number=number: _worker(config, writer, number=number, gate=gate))  # type: ignore[misc]
        os.close(writer)
        pipes.append(reader)
    for end in gate:
        os.close(end)  # all of them begin now
    parts = []
    for reader in pipes:
        with os.fdopen(reader, "rb") as stream:
            parts.append(json.load(stream))
    return {
        "connect_ns": sorted(ns for part in parts for ns in part["connect_ns"]),
        "byte_ns": sorted(ns for part in parts for ns in part["byte_ns"]),
        "errors": sum(part["errors"] for part in parts),
        "per_s": sum(part["per_s"] for part in parts),
        "cpu_s": sum(part["cpu_s"] for part in parts),
    }


def _worker(config: Config, writer: int, *, number: int, gate: tuple[int, int]) -> None:
    os.close(gate[1])
    os.read(gate[0], 1)
    result = _open_flows(config, number)
    with os.fdopen(writer, "w") as stream:
        json.dump(result, stream)
    os._exit(0)


def _open_flows(config: Config, number: int) -> Config:
    hello, clock = bytes.fromhex(config["hello"]), time.perf_counter_ns
    targets = _targets(config["addresses"], number)
    connects, firsts, errors = [], [], 0
    began = clock()
    end = began + int(config["seconds"] * 1e9)
    while (start := clock()) < end:
        one = _client()
        try:
            one.connect(next(targets))
            connected = clock()
            one.send(hello)
            got = one.recv(1)
            first = clock()
        except OSError:
            got = b""
        one.close()
        if got:
            connects.append(connected - start)
            firsts.append(first - start)
        else:
            errors += 1
    took = (clock() - began) / 1e9
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "connect_ns": connects, "byte_ns": firsts, "errors": errors, "per_s": len(firsts) / took,
        "cpu_s": used.ru_utime + used.ru_stime,
    }  # fmt: skip


def _targets(addresses: list[str], first: int) -> Iterator[tuple[str, int]]:
    around = addresses[first % len(addresses) :] + addresses[: first % len(addresses)]
    return itertools.cycle([(address, FLOW_PORT) for address in around])


def _client(timeout_s: float = _TIMEOUT_S) -> socket.socket:
    """A blocking socket (a Python timeout would add two calls a flow) whose calls end after ``timeout_s`` all the same."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(timeout_s))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(timeout_s))
    return made


def _timeval(seconds: float) -> bytes:
    return struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))


def bulk(config: Config) -> Config:
    """Bytes a second that arrive through one flow, once it was judged."""
    with _live(config, BULK_PORT) as one:
        chunk = memoryview(bytes(_CHUNK_BYTES))
        began = time.perf_counter()
        while time.perf_counter() - began < config["seconds"]:
            one.sendall(chunk)
        one.shutdown(socket.SHUT_WR)
        (count,) = _COUNT.unpack(one.recv(8, socket.MSG_WAITALL))
        return {"bytes_per_s": count / (time.perf_counter() - began)}


def _live(config: Config, port: int, address: int = 0) -> socket.socket:
    """A judged connection."""
    one = _client()
    one.connect((config["addresses"][address % len(config["addresses"])], port))
    one.send(bytes.fromhex(config["hello"]))
    if not one.recv(1):
        raise ConnectionError("the server closed before it answered")
    return one


def first(config: Config) -> Config:
    """Knock until somebody answers: the monotonic time of the first byte. A fresh connection each time, some in flight."""
    print("ready", flush=True)
    knocking: dict[int, socket.socket] = {}
    try:
        with select.epoll() as poll:
            return {"at": _knock(config, poll, knocking)}
    finally:
        for one in knocking.values():
            one.close()


def _knock(config: Config, poll: select.epoll, knocking: dict[int, socket.socket]) -> float:
    hello, deadline = bytes.fromhex(config["hello"]), time.monotonic() + config["seconds"]
    while time.monotonic() < deadline:
        one = _client()
        one.setblocking(False)
        one.connect_ex((config["addresses"][0], FLOW_PORT))
        knocking[one.fileno()] = one
        poll.register(one, select.EPOLLOUT)
        for number, event in poll.poll(config["every_s"]):
            if event & select.EPOLLIN and _has_answer(knocking[number]):
                return time.monotonic()
            if event & (select.EPOLLERR | select.EPOLLHUP):
                knocking.pop(number).close()
            elif event & select.EPOLLOUT:
                knocking[number].send(hello)
                poll.modify(number, select.EPOLLIN)
        while len(knocking) > config["in_flight"]:
            knocking.pop(next(iter(knocking))).close()
        time.sleep(config["every_s"])
    raise TimeoutError("nobody answered")


def _has_answer(one: socket.socket) -> bool:
    try:
        return bool(one.recv(1))
    except OSError:
        return False


def pulse(config: Config) -> Config:
    """One live flow that says a byte every ``every_s``: the monotonic time at which it was cut."""
    with _live(config, LIVE_PORT) as one:
        print("ready", flush=True)
        deadline = time.monotonic() + config["seconds"]
        while time.monotonic() < deadline:
            try:
                one.send(BYTE)
                if not one.recv(1):
                    return {"at": time.monotonic()}
            except OSError:
                return {"at": time.monotonic()}
            time.sleep(config["every_s"])
    raise TimeoutError("nobody cut it")


def crowd(config: Config) -> Config:
    """``count`` live flows. For each line on standard input all of them say one byte: seconds until all were answered."""
    flows = [_live(config, LIVE_PORT, number) for number in range(config["count"])]
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        for one in flows:
            one.send(BYTE)
        alive = sum(_has_answer(one) for one in flows)
        print(json.dumps({"seconds": time.perf_counter() - began, "alive": alive}), flush=True)
    return {}


def echo(config: Config) -> None:
    """Give back every byte, from one core; it ends with its input."""
    os.sched_setaffinity(0, {config["core"]})
    while byte := os.read(0, 1):
        os.write(1, byte)
    os._exit(0)


ENDS: dict[str, Callable[[Config], Config | None]] = {
    "serve": serve, "flows": flows, "bulk": bulk, "first": first, "pulse": pulse, "crowd": crowd,
    "echo": echo,
}  # fmt: skip

if __name__ == "__main__":
    result = ENDS[sys.argv[1]](json.loads(sys.argv[2]))
    print(json.dumps(result), flush=True)
