"""A camera's end of a stream: it looks for a way (STUN), then sends pictures (RTP)."""

import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from . import message
from .outcome import Outcome


def send_pictures(sock: socket.socket, step: Mapping[str, Any], outcome: Outcome, *, stopping: threading.Event) -> None:
    """``packets`` of ``size`` bytes at ``rate`` a second, until it is stopped; ``OSError`` where there is no way any more."""
    sock.settimeout(float(step.get("timeout_s", 0.5)))
    if step.get("stun", True):
        for method in (message.BINDING, message.ALLOCATE):
            outcome.sent_bytes += sock.send(message.stun_request(method))
            outcome.received_bytes += len(sock.recv(2048))
    sock.setblocking(False)
    stream = message.RtpStream()
    pause_s = 1 / float(step.get("rate", 200))
    due = time.monotonic()
    for _ in range(int(step.get("packets", 100))):
        outcome.sent_bytes += sock.send(stream.packet(int(step.get("size", 856))))
        outcome.received_bytes += _take(sock)
        due += pause_s
        if stopping.wait(max(due - time.monotonic(), 0)):
            return


def _take(sock: socket.socket) -> int:
    try:
        return len(sock.recv(2048))
    except BlockingIOError:
        return 0
