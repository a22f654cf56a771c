"""Payload by sheer quantity, as fast as the gadget can: on one connection, on one flow, on as many flows as there are ports."""

import time

from .case import Attempt, Case
from .hello import ending

JUNK_PACKETS = 20_000


def junk_undecided(attempt: Attempt) -> str:
    """As fast as it can, on a connection whose name nobody knows yet."""
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        junk = attempt.payload(1000)
        began = time.monotonic()
        for _ in range(JUNK_PACKETS):
            stream.send(junk, at=0)
        took = time.monotonic() - began
        return f"{JUNK_PACKETS} segments in {took:.1f} s, {ending(stream, 0.2)}"


def junk_datagrams(attempt: Attempt) -> str:
    """The same with datagrams, on one flow."""
    attacker, sport = attempt.attacker, attempt.attacker.port()
    junk = attempt.payload(1000)
    for _ in range(JUNK_PACKETS):
        attacker.send_udp(junk, attempt.target4, 32100, sport=sport)
    return f"{JUNK_PACKETS} datagrams"


def junk_flows(attempt: Attempt) -> str:
    """A flow of its own for every datagram."""
    attacker = attempt.attacker
    for number in range(JUNK_PACKETS // 2):
        attacker.send_udp(attempt.payload(200), attempt.target4, 1024 + number % 60_000)
    return f"{JUNK_PACKETS // 2} flows"


CASES = (
    Case(id="junk-segments", text=f"{JUNK_PACKETS:,} segments of junk on an undecided connection", play=junk_undecided),
    Case(id="junk-datagrams", text=f"{JUNK_PACKETS:,} datagrams of junk on one flow", play=junk_datagrams),
    Case(id="junk-flows", text=f"{JUNK_PACKETS // 2:,} flows of one datagram", play=junk_flows),
)
