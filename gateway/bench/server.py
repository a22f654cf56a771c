"""The internet of the bench: ``python -m gateway.bench.server``, every server and their resolver in one process group.

Light on purpose: nothing but sockets is imported, so that the router in the middle is what is measured.
"""

import os
import select
import signal
import socket
import struct
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

FLOW_PORT, LIVE_PORT, BULK_PORT, PARK_PORT = 443, 8443, 9443, 10_443
BYTE = b"."
RESOLVER4, QUIC4 = "203.0.113.2", "203.0.113.4"
"""Whose datagrams must come from the address that was asked. The second is the first gadget's server."""
NAME_DIGITS = slice(14, 17)
"""Of a question for ``n020.…``: which host is asked for."""
SECONDS = struct.Struct("!d")
"""A datagram that asks for others."""
RESET = struct.pack("ii", 1, 0)
CHUNK_BYTES, DATAGRAM_BYTES = 1 << 20, 1_200
FLOW_LOOPS, PARK_LOOPS, BULK_LOOPS = 4, 2, 16
_INITIAL = 0x80
"""A QUIC packet with a long header (RFC 9000 17.2): the first of its flow."""
_TTL_S = 3600


def serve() -> None:
    """All loops, each a process of its own."""
    listeners = {port: socket.create_server(("", port), backlog=4096) for port in (FLOW_PORT, LIVE_PORT, BULK_PORT, PARK_PORT)}
    for port in (FLOW_PORT, PARK_PORT):
        # A connection is handed over with its first bytes: the server needs no loop around it, the wire shows no difference.
        listeners[port].setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
    loops: list[Callable[[], None]] = [
        *[lambda: answer_hellos(listeners[FLOW_PORT])] * FLOW_LOOPS,
        *[lambda: answer_hellos(listeners[PARK_PORT])] * PARK_LOOPS,
        *[lambda: pour(listeners[BULK_PORT])] * BULK_LOOPS,
        lambda: answer_writes(listeners[LIVE_PORT]),
        lambda: pour_datagrams(_udp((QUIC4, FLOW_PORT))),
        lambda: answer_questions(_udp((RESOLVER4, 53))),
    ]
    for loop in loops:
        fork(loop)
    print("ready", flush=True)
    signal.pause()


def fork(work: Callable[[], object]) -> int:
    """``work`` in a process of its own, which ends with it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    return child


def answer_hellos(listener: socket.socket) -> None:
    """One byte for each hello, then the end."""
    while True:
        connection, _ = listener.accept()
        with suppress(OSError):
            if listener.getsockname()[1] == PARK_PORT:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.recv(4096)
            connection.send(BYTE)
        connection.close()


def answer_writes(listener: socket.socket) -> None:
    """One byte for each write, for as long as the connection lives."""
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


def pour(listener: socket.socket) -> None:
    """One byte for the hello, then as much as the other side takes."""
    chunk = memoryview(bytes(CHUNK_BYTES))
    while True:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.send(BYTE)
            while True:
                connection.sendall(chunk)


def pour_datagrams(endpoint: socket.socket) -> None:
    """One byte for an Initial; then, where it is asked, as many datagrams as leave within so many seconds."""
    datagram = b"\x40" + bytes(DATAGRAM_BYTES - 1)
    while True:
        question, peer = endpoint.recvfrom(2048)
        if question[0] & _INITIAL:
            endpoint.sendto(BYTE, peer)
        elif len(question) == SECONDS.size:
            (seconds,) = SECONDS.unpack(question)
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                for _ in range(64):
                    endpoint.sendto(datagram, peer)


def answer_questions(endpoint: socket.socket) -> None:
    """An IPv4 address for every name of a gadget's server, no data for everything else (RFC 1035 4.1)."""
    while True:
        question, peer = endpoint.recvfrom(1232)
        endpoint.sendto(answer(question), peer)


def answer(question: bytes) -> bytes:
    """What the resolver says to a question."""
    end = question.index(b"\0", 12) + 5
    digits = question[NAME_DIGITS]
    found = question[end - 4 : end] == b"\0\1\0\1" and digits.isdigit()
    head = question[:2] + b"\x81\x80\0\1" + (b"\0\1" if found else b"\0\0") + bytes(4)
    if not found:
        return head + question[12:end]
    address = socket.inet_aton(RESOLVER4)[:3] + bytes((int(digits),))
    return head + question[12:end] + b"\xc0\x0c\0\1\0\1" + _TTL_S.to_bytes(4) + b"\0\4" + address


def _udp(address: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(address)
    return made


if __name__ == "__main__":
    serve()
