"""More than a gadget has to say, as fast as it can: the same destination over and over, or half a connection to everywhere."""

import os
import socket
import time
from typing import TYPE_CHECKING

from . import frame
from .hello import client_hello, records

if TYPE_CHECKING:
    from .attacker import Attacker

PATIENCE_S = 1.0
DATAGRAM_PATIENCE_S = 0.001
"""Errors about datagrams come seldom (icmp_ratelimit): nobody waits for them long."""
DATAGRAM_BYTES = 200
BREATH = 100
"""Frames sent in one go."""
POLITENESS = 10
"""A gadget has a processor of its own. Where it shares ours, it gives way, so that the gateway is measured and not the load."""


def knock(address: str, port: int, *, times: int, name: str, datagrams: bool) -> dict[str, int]:
    """Try one destination so often, each time from a new socket; what came of it."""
    hello = records(client_hello(name))
    said = {"refused": 0, "silent": 0, "served": 0}
    for _ in range(times):
        said[_try_datagram(address, port) if datagrams else _try_connection(address, port, hello)] += 1
    return said


def _try_connection(address: str, port: int, hello: bytes) -> str:
    try:
        with socket.create_connection((address, port), timeout=PATIENCE_S) as sock:
            sock.sendall(hello)
            return "served" if sock.recv(2048) else "refused"
    except TimeoutError:
        return "silent"
    except OSError:
        return "refused"


def _try_datagram(address: str, port: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((address, port))
        sock.settimeout(DATAGRAM_PATIENCE_S)
        try:
            sock.send(b"u" * DATAGRAM_BYTES)
            return "served" if sock.recv(2048) else "refused"
        except TimeoutError:
            return "silent"
        except OSError:
            return "refused"


def half_open(attacker: "Attacker", count: int, *, prefix: str, for_s: float) -> dict[str, float]:
    """So many SYNs, each for a flow of its own, to addresses under ``prefix``, evenly in that time; when they were sent."""
    os.setpriority(os.PRIO_PROCESS, 0, POLITENESS)
    frames = [_syn(attacker, number, prefix) for number in range(count)]
    began = time.monotonic()
    for number, data in enumerate(frames):
        attacker.send_frame(data)
        if number % BREATH == 0:
            time.sleep(max(began + for_s * number / count - time.monotonic(), 0))
    return {"began": began, "ended": time.monotonic()}


def _syn(attacker: "Attacker", number: int, prefix: str) -> bytes:
    dst = f"{prefix}{1 + number % 250}"
    ends = frame.between(src=attacker.address4, dst=dst, sport=61_000 + number // 250 % 4_000, dport=443)
    segment = frame.tcp(b"", **ends, seq=number, flags=frame.SYN, options=frame.MSS)
    packet = frame.ip(segment, src=attacker.address4, dst=dst, proto=frame.TCP)
    return frame.ethernet(packet, dst=attacker.gateway_mac, src=attacker.mac, kind=frame.ETH_IPV4)
