"""A gadget's own resolver: a stub with real sockets, for whose server and family the behaviour decides."""

import socket
import time

from . import message

REFUSED_S = 0.1


class UnresolvedError(OSError):
    """The name gave no address: refused, unknown or unanswered."""


def resolve(name: str, *, server: str, family: int = 4, timeout_s: float = 1.5, tries: int = 2) -> str:
    """The first address of a name."""
    kind = message.AAAA if family == 6 else message.A
    for _attempt in range(tries):
        answer = ask(message.dns_query(name, kind), server=server, timeout_s=timeout_s / tries)
        if answer is None:
            continue
        found = message.read_answer(answer)
        if found.addresses:
            return found.addresses[0]
        raise UnresolvedError(f"{name}: code {found.code}, no address")
    raise UnresolvedError(f"{name}: no answer from {server}")


def ask(query: bytes, *, server: str, timeout_s: float) -> bytes | None:
    """Send a query; the answer with its id and from that server, or None in time."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    deadline = time.monotonic() + timeout_s
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((server, 53))
        try:
            sock.send(query)
            while (left := deadline - time.monotonic()) > 0:
                sock.settimeout(left)
                data = sock.recv(4096)
                if data[:2] == query[:2]:
                    return data
        except OSError:  # nobody listens: like other stubs it asks again, and not in the same millisecond
            time.sleep(min(REFUSED_S, max(0.0, deadline - time.monotonic())))
    return None


def ask_over_tcp(query: bytes, *, server: str, timeout_s: float) -> bytes | None:
    """The same over a stream; None where the other side ended before its answer was whole. ``OSError`` where there is none."""
    with socket.create_connection((server, 53), timeout=timeout_s) as sock:
        sock.sendall(len(query).to_bytes(2) + query)
        data, size = b"", 2
        while len(data) < size:
            more = sock.recv(65_536)
            if not more:
                return None
            data += more
            size = 2 + int.from_bytes(data[:2]) if len(data) >= 2 else 2
    return data[2:size]
