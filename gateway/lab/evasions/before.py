"""Flows that were opened while they were allowed, or before there was a curtain. A case is played twice: first it opens its
flow, with nothing to hide in it; then it uses it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..attacker import Stream
from ..frame import MSS, SYN
from ..hello import client_hello, records
from .case import BAD, GOOD, Attempt, Case
from .dns import labels, query
from .hello import answered, ending

TIMES = 20
PUBLIC = ("8.8.8.8", "2001:4860:4860::8888")


@dataclass(slots=True)
class Kept:
    """A UDP flow that stays the same: its own port."""

    sport: int


def tls(family: int) -> Callable[[Attempt], str]:
    """A connection with an honest hello."""

    def play(attempt: Attempt) -> str:
        kept = attempt.attacker.kept.pop(attempt.token, None)
        if isinstance(kept, Stream):
            return _go_on(attempt, kept)
        stream = attempt.attacker.stream(attempt.known[BAD][family == 6])
        stream.connect()
        stream.write(records(client_hello(BAD)))
        attempt.attacker.kept[attempt.token] = stream
        return answered(stream)

    return play


def undecided(attempt: Attempt) -> str:
    """A connection that has not said anything yet."""
    kept = attempt.attacker.kept.pop(attempt.token, None)
    if isinstance(kept, Stream):
        return _go_on(attempt, kept)
    stream = attempt.attacker.kept[attempt.token] = attempt.attacker.stream(attempt.known[BAD][0])
    if not stream.connect():
        raise TimeoutError("no answer")
    return "open"


def half_open(attempt: Attempt) -> str:
    """A SYN, and no more."""
    kept = attempt.attacker.kept.pop(attempt.token, None)
    if isinstance(kept, Stream):
        kept.read(0.1)
        return _go_on(attempt, kept)
    stream = attempt.attacker.kept[attempt.token] = attempt.attacker.stream(attempt.known[BAD][0])
    stream.send(b"", flags=SYN, options=MSS)
    return "begun"


def _go_on(attempt: Attempt, stream: Stream) -> str:
    with stream:
        for _ in range(TIMES):
            stream.send(attempt.payload(100))
            time.sleep(0.005)
        return ending(stream, 0.1)


def datagrams(family: int) -> Callable[[Attempt], str]:
    """A flow of datagrams."""

    def play(attempt: Attempt) -> str:
        kept = attempt.attacker.kept.pop(attempt.token, None)
        address = attempt.known[BAD][family == 6]
        if isinstance(kept, Kept):
            for _ in range(TIMES):
                attempt.attacker.send_udp(attempt.payload(100), address, 32100, sport=kept.sport)
                time.sleep(0.005)
            return "gone on"
        kept = attempt.attacker.kept[attempt.token] = Kept(attempt.attacker.port())
        for _ in range(3):
            attempt.attacker.send_udp(b"." * 100, address, 32100, sport=kept.sport)
        time.sleep(0.05)
        return "begun"

    return play


def questions(attempt: Attempt) -> str:
    """To resolvers of its own choice, always from the same port: names that it may ask for, and bytes behind each question."""
    kept = attempt.attacker.kept.pop(attempt.token, None)
    if isinstance(kept, Kept):
        for number in range(TIMES):
            said = query(labels(f"q{number}.{GOOD}")) + attempt.payload(100)
            for resolver in PUBLIC:
                attempt.attacker.send_udp(said, resolver, 53, sport=kept.sport)
            time.sleep(0.01)
        return "gone on"
    kept = attempt.attacker.kept[attempt.token] = Kept(attempt.attacker.port())
    for resolver in PUBLIC * 2:
        attempt.attacker.send_udp(query(labels(GOOD)), resolver, 53, sport=kept.sport)
        time.sleep(0.03)
    return "begun"


CASES = (
    Case(id="tls", text="A TLS connection goes on", play=tls(4)),
    Case(id="tls-ipv6", text="A TLS connection over IPv6 goes on", play=tls(6)),
    Case(id="undecided", text="A connection that had said nothing begins to speak", play=undecided),
    Case(id="half-open", text="A connection that was half open is finished and used", play=half_open),
    Case(id="datagrams", text="A flow of datagrams goes on", play=datagrams(4)),
    Case(id="datagrams-ipv6", text="A flow of datagrams over IPv6 goes on", play=datagrams(6)),
    Case(id="questions", text="Questions to resolvers of its own choice go on, from the port of earlier ones", play=questions),
)
