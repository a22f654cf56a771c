"""The server name of a TLS hello, hidden from whoever reads along: cut, turned round, contradicted, delayed, or not there.

A refused name is sent to an address that nobody ever named, so that nothing but the hello itself decides.
"""

from ..attacker import Stream
from ..hello import client_hello, records
from .case import BAD, GOOD, Attempt, Case


def _hello(attempt: Attempt, *names: str | bytes, padding: int = 0) -> bytes:
    return records(client_hello(*(names or (BAD,)), stamp=attempt.token, padding=padding))


def _ended(stream: Stream) -> str:
    stream.read(0.25)
    return "reset" if stream.reset else f"{len(stream.received)} bytes came back" if stream.received else "silence"


def _answered(stream: Stream) -> str:
    if not stream.read(1.0, until=lambda: len(stream.received) > 0):
        raise TimeoutError("no answer" if not stream.reset else "reset")
    return "answered"


def send_whole(attempt: Attempt) -> str:
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        stream.write(_hello(attempt))
        return _ended(stream)


def send_single_bytes(attempt: Attempt) -> str:
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        stream.write(_hello(attempt), size=1)
        return _ended(stream)


def send_allowed_in_pieces(attempt: Attempt) -> str:
    """The good name to the good address: it must not be what is refused."""
    with attempt.attacker.stream(attempt.known[GOOD][0]) as stream:
        stream.connect()
        stream.write(_hello(attempt, GOOD), size=12)
        return _answered(stream)


def send_reversed(attempt: Attempt) -> str:
    hello = _hello(attempt)
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for at in reversed(range(0, len(hello), 24)):
            stream.send(hello[at : at + 24], at=at)
        return _ended(stream)


CASES = (
    Case(id="whole", text="A refused name in an ordinary hello", play=send_whole),
    Case(id="single-bytes", text="A refused name in segments of one byte", play=send_single_bytes),
    Case(id="allowed-in-pieces", text="The allowed name in segments of 12 bytes", play=send_allowed_in_pieces, passes=True),
    Case(id="reversed", text="A refused name in segments sent last to first", play=send_reversed),
)
