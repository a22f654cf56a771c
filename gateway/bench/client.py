"""The gadgets' side of the traffic: ``python -m gateway.bench.client END CONFIG`` says one JSON object, or one for each line.

A loop of flows is six system calls each, so that the router in the middle is what is measured. Clients close with a reset
(SO_LINGER 0), which leaves no TIME_WAIT behind to run out of ports, and go round all servers, and so all gadgets.
"""

import itertools
import json
import os
import resource
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Any

from .server import BULK_PORT, BYTE, CHUNK_BYTES, FLOW_PORT, LIVE_PORT, PARK_PORT, RESET, SECONDS, fork

DNS_PORT = 53
_TIMEOUT_S = 5.0
_ASKED_AGAIN = 5
_SETTLE_S = 0.02
"""Throughput is counted after so long."""
_TAIL_S = 0.005
"""Datagrams go on for so long after they are counted."""
Config = dict[str, Any]
Target = tuple[bytes, tuple[str, int]]
"""A hello, and whom it is said to."""


def flows(config: Config) -> Config:
    """New flows for ``seconds`` from ``workers`` processes, each one after another: nanoseconds of every one."""
    return _merge(_gather(config, _open_flows))


def queries(config: Config) -> Config:
    """The same for questions to the gateway, each from a socket of its own as a stub asks them."""
    return _merge(_gather(config, _ask))


def _gather(config: Config, work: Callable[[Config, int], Config]) -> list[Config]:
    """What ``workers`` processes said, which all began at the same time."""
    pipes, gate = [], os.pipe()
    for number in range(config["workers"]):
        reader, writer = os.pipe()
        fork(lambda writer=writer, number=number: _worker(work, config, writer, number=number, gate=gate))  # type: ignore[misc]
        os.close(writer)
        pipes.append(reader)
    for end in gate:
        os.close(end)  # all of them begin now
    parts = []
    for reader in pipes:
        with os.fdopen(reader, "rb") as stream:
            parts.append(json.load(stream))
    return parts


def _worker(work: Callable[[Config, int], Config], config: Config, writer: int, *, number: int, gate: tuple[int, int]) -> None:
    os.close(gate[1])
    os.read(gate[0], 1)
    result = work(config, number)
    with os.fdopen(writer, "w") as stream:
        json.dump(result, stream)
    os._exit(0)


def _merge(parts: list[Config]) -> Config:
    """One result of several: lists are sorted together, numbers added up."""
    columns = {key: [part[key] for part in parts] for key in parts[0]}
    return {key: sorted(chain(*found)) if isinstance(found[0], list) else sum(found) for key, found in columns.items()}


def _open_flows(config: Config, number: int) -> Config:
    """As fast as they go, or one every ``every_s``; until ``seconds`` are over, or ``count`` were opened."""
    clock, port = time.perf_counter_ns, config.get("port", FLOW_PORT)
    targets = _targets(config, port, number)
    connects: list[int] = []
    firsts: list[int] = []
    errors = 0
    every, most = int(config.get("every_s", 0) * 1e9), config.get("count", 1 << 60)
    began = clock()
    end = began + int(config.get("seconds", 1e6) * 1e9)
    while (start := clock()) < end and len(firsts) + errors < most:
        hello, server = next(targets)
        one = _client()
        try:
            one.connect(server)
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
        if every and (rest := began + every * (len(firsts) + errors) - clock()) > 0:
            time.sleep(rest / 1e9)
    return {"connect_ns": connects, "byte_ns": firsts, "errors": errors, "per_s": 1e9 * len(firsts) / (clock() - began),
            "cpu_s": _cpu_s()}  # fmt: skip


def _ask(config: Config, number: int) -> Config:
    """Questions for the gadgets' names, each from the device of its gadget, for ``seconds`` or up to a ``count``."""
    clock, resolver = time.perf_counter_ns, (config["resolver"], DNS_PORT)
    asked = _round([(bytes.fromhex(one), device.encode()) for device, one in config["questions"].items()], number, config)
    took: list[int] = []
    errors, most = 0, config.get("count", 1 << 60)
    began = clock()
    end = began + int(config.get("seconds", 1e6) * 1e9)
    while (start := clock()) < end and len(took) + errors < most:
        question, device = next(asked)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(_TIMEOUT_S))
            try:
                one.connect(resolver)
                one.send(question)
                reply = one.recv(1500)
            except OSError:
                reply = b""
        if reply[:2] == question[:2] and reply[3:4] == b"\x80" and reply[6:8] != b"\0\0":
            took.append(clock() - start)
        else:
            errors += 1
    return {"ns": took, "errors": errors, "per_s": 1e9 * len(took) / (clock() - began), "cpu_s": _cpu_s()}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _targets(config: Config, port: int, first: int = 0) -> Iterator[Target]:
    """Each server with the hello of its name. The sample holds the name of host 0: all names are of one length."""
    hello, sample = bytes.fromhex(config["hello"]), b"n000."
    hosts = [(server, int(server.rpartition(".")[2])) for server in config["servers"]]
    return _round([(hello.replace(sample, b"n%03d." % host), (server, port)) for server, host in hosts], first, config)


def _round(around: list[Any], first: int, config: Config) -> Iterator[Any]:
    """Over and over again; each worker begins elsewhere."""
    start = first * len(around) // max(1, config.get("workers", 1))
    return itertools.cycle(around[start:] + around[:start])


def _client(timeout_s: float = _TIMEOUT_S) -> socket.socket:
    """A blocking socket (a Python timeout would add two calls a flow) whose calls end after ``timeout_s`` all the same."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(timeout_s))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(timeout_s))
    return made


def _timeval(seconds: float) -> bytes:
    return struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))


def park(config: Config) -> Config:
    """``count`` flows by each of ``workers``, opened and then left: with their ends filtered, the router learns of none."""
    return _merge(_gather({**config, "port": PARK_PORT}, _open_flows))


def bulk(config: Config) -> None:
    """Bytes a second that arrive through so many ``flows`` together, once they were judged: anew for each line."""
    with ExitStack() as live:
        flows = [live.enter_context(_live(config, BULK_PORT, number)) for number in range(config["flows"])]
        _count_by_turns(flows, config["seconds"])


def datagrams(config: Config) -> None:
    """The same in datagrams of one QUIC flow."""
    initial, server = next(_targets(config, FLOW_PORT))
    seconds = config["seconds"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(1.0))
        one.connect(server)
        _be_judged(one, initial)
        _count_by_turns([one], seconds, begin=lambda: one.send(SECONDS.pack(_SETTLE_S + seconds + _TAIL_S)))


def _count_by_turns(flows: list[socket.socket], seconds: float, *, begin: Callable[[], object] = lambda: None) -> None:
    print("ready", flush=True)
    with select.epoll() as poll:
        for one in flows:
            poll.register(one, select.EPOLLIN)
        numbered = {one.fileno(): one for one in flows}
        for _ in sys.stdin:
            begin()
            _count(poll, numbered, _SETTLE_S)  # what was sent before the turn is no part of it
            print(json.dumps({"bytes_per_s": _count(poll, numbered, seconds)}), flush=True)


def _count(poll: select.epoll, flows: dict[int, socket.socket], seconds: float) -> float:
    """Bytes a second, of what comes within so many of them."""
    room, count, clock = bytearray(CHUNK_BYTES), 0, time.perf_counter
    began = clock()
    while (now := clock()) - began < seconds:
        for number, _ in poll.poll(_TIMEOUT_S):
            if not (size := flows[number].recv_into(room)):
                raise ConnectionError("a flow ended while it was measured")
            count += size
    return count / (now - began)


def _be_judged(one: socket.socket, initial: bytes) -> None:
    """A datagram may be lost, so it is said again until it is answered."""
    for _ in range(_ASKED_AGAIN):
        one.send(initial)
        try:
            one.recv(64)
            return
        except BlockingIOError:
            continue
    raise TimeoutError("no answer to an Initial")


def _live(config: Config, port: int, number: int = 0) -> socket.socket:
    """A judged connection of one of the gadgets."""
    hello, server = next(itertools.islice(_targets({**config, "workers": 1}, port), number, None))
    one = _client()
    one.connect(server)
    one.send(hello)
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
    (hello, server), deadline = next(_targets(config, FLOW_PORT)), time.monotonic() + config["seconds"]
    while time.monotonic() < deadline:
        one = _client()
        one.setblocking(False)
        one.connect_ex(server)
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
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    live = [_live(config, LIVE_PORT, number) for number in range(config["count"])]
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        for one in live:
            one.send(BYTE)
        alive = sum(_has_answer(one) for one in live)
        print(json.dumps({"seconds": time.perf_counter() - began, "alive": alive}), flush=True)
    return {}


ENDS: dict[str, Callable[[Config], Config | None]] = {
    end.__name__: end for end in (flows, queries, park, bulk, datagrams, first, pulse, crowd)
}

if __name__ == "__main__":
    with open(sys.argv[2], "rb") as given:
        print(json.dumps(ENDS[sys.argv[1]](json.load(given))), flush=True)
