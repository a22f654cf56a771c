"""Somebody in the home who sends on what comes to him."""

import contextlib
import socket
import time

GREETING = b"what have you got?"


def pass_on(sport: int, target: tuple[str, int], *, source: tuple[str, int] | None, for_s: float) -> tuple[int, int]:
    """Datagrams to ``sport`` go on to ``target``; ``source`` is greeted first, so that it may answer. (Bytes in, bytes out)."""
    received = sent = 0
    kind = socket.AF_INET, socket.SOCK_DGRAM
    with socket.socket(*kind) as inside, socket.socket(*kind) as outside:
        inside.bind(("", sport))
        if source:
            inside.sendto(GREETING, source)
        until = time.monotonic() + for_s
        while (left := until - time.monotonic()) > 0:
            inside.settimeout(left)
            with contextlib.suppress(OSError):
                data = inside.recv(2048)
                received += len(data)
                sent += outside.sendto(data, target)
    return received, sent
