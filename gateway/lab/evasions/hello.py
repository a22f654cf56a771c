"""The server name of a TLS hello, hidden from whoever reads along: cut, turned round, contradicted, delayed, or not there.

A refused name is sent to an address that nobody ever named, so that nothing but the hello itself decides.
"""

import time
from collections.abc import Callable

from ..attacker import Stream
from ..frame import ACK, PSH, URG
from ..hello import client_hello, records
from .case import BAD, GOOD, Attempt, Case

NAMES = 60
CONTRADICTS, UNFINISHED, TUNNEL = "contradict each other", "whole", "under a name that nobody reads"
"""What the gateway says of hellos whose name nobody can read."""
MAIL = b"EHLO gadget.example\r\nSTARTTLS\r\n"
CONNECT = b"CONNECT good.rogue.example:443 HTTP/1.1\r\nHost: good.rogue.example\r\n\r\n"
PROXY1 = b"PROXY TCP4 10.77.0.66 203.0.113.99 61000 443\r\n"
PROXY2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12)
ALERT, EMPTY_RECORD = b"\x15\x03\x01\0\x02\x01\0", b"\x16\x03\x01\0\0"
SOCKS = b"\x05\x01\x00\x05\x01\x00\x03\x12good.rogue.example\x01\xbb"
SOCKS4 = b"\x04\x01\x01\xbb\xcb\x00\x71\x63\0"
XMPP = b"<?xml version='1.0'?><stream:stream to='good.rogue.example'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
PLAIN = b"GET / HTTP/1.1\r\nHost: good.rogue.example\r\n\r\n"
UPGRADE = PLAIN[:-2] + b"Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n"


def refused_hello(attempt: Attempt, *, padding: int = 0) -> bytes:
    """An honest hello with the refused name; the token in its random (and its padding)."""
    return records(_refused(attempt, padding=padding))


def _refused(attempt: Attempt, *, padding: int = 0, more_ciphers: int = 0) -> bytes:
    return client_hello(attempt.first.refused, stamp=attempt.token, padding=padding, more_ciphers=more_ciphers)


def ending(stream: Stream, wait_s: float = 0.2) -> str:
    """What became of a connection."""
    stream.read(wait_s)
    return "reset" if stream.reset else f"{len(stream.received)} bytes came back" if stream.received else "silence"


def answered(stream: Stream) -> str:
    """It must have been answered."""
    if not stream.read(1.0, until=lambda: len(stream.received) > 0):
        raise TimeoutError("no answer" if not stream.reset else "reset")
    return "answered"


def written(make: Callable[[Attempt], bytes], *, size: int = 1400, port: int = 443) -> Callable[[Attempt], str]:
    """A case: connect, send those bytes in order in segments of that size."""

    def play(attempt: Attempt) -> str:
        with attempt.attacker.stream(attempt.target4, port) as stream:
            stream.connect()
            stream.write(make(attempt), size=size)
            return ending(stream)

    return play


def upgrade_after_plain(attempt: Attempt) -> str:
    for said in (PLAIN, UPGRADE + refused_hello(attempt)):
        with attempt.attacker.stream(attempt.target4, 80) as stream:
            stream.connect()
            stream.write(said)
            outcome = ending(stream)
    return outcome


def over_ipv6(attempt: Attempt) -> str:
    with attempt.attacker.stream(attempt.target6) as stream:
        stream.connect()
        stream.write(refused_hello(attempt), size=1)
        return ending(stream)


def allowed_in_pieces(attempt: Attempt) -> str:
    with attempt.attacker.stream(attempt.known[GOOD][0]) as stream:
        stream.connect()
        stream.write(records(client_hello(GOOD, stamp=attempt.token)), size=12)
        return answered(stream)


def allowed_in_single_bytes(attempt: Attempt) -> str:
    """As many single bytes as a careful sender would, then the rest, as its window opens."""
    hello = records(client_hello(GOOD, stamp=attempt.token))
    with attempt.attacker.stream(attempt.known[GOOD][0]) as stream:
        stream.connect()
        stream.write(hello[:32], size=1)
        stream.write(hello[32:])
        return answered(stream)


def allowed_reversed(attempt: Attempt) -> str:
    hello = records(client_hello(GOOD, stamp=attempt.token))
    with attempt.attacker.stream(attempt.known[GOOD][0]) as stream:
        stream.connect()
        _send_reversed(stream, hello)
        return answered(stream)


def reverse(attempt: Attempt) -> str:
    hello = refused_hello(attempt)
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        _send_reversed(stream, hello)
        return ending(stream)


def _send_reversed(stream: Stream, hello: bytes) -> None:
    """The gateway lets nothing overtake the first byte; what nobody acknowledges is sent again, as TCP does."""
    for _ in range(2):
        for at in reversed(range(0, len(hello), 24)):
            stream.send(hello[at : at + 24], at=at)


def contradict(*, first_good: bool) -> Callable[[Attempt], str]:
    """Two hellos of equal length over the same bytes of the stream."""

    def play(attempt: Attempt) -> str:
        good, bad = (records(client_hello(name, stamp=attempt.token)) for name in _equally_long(attempt))
        pair = (good, bad) if first_good else (bad, good)
        with attempt.attacker.stream(attempt.target4) as stream:
            stream.connect()
            stream.send(pair[0][:1], at=0)
            for hello in pair:
                stream.send(hello[2:], at=2)
            stream.send(pair[0][1:2], at=1)
            return ending(stream)

    return play


def _equally_long(attempt: Attempt) -> tuple[str, str]:
    """The allowed name, and one below the refused one."""
    allowed, refused = attempt.first.allowed, attempt.first.refused
    return allowed, refused if len(refused) == len(allowed) else f"x{refused}"


def contradict_by_pieces(attempt: Attempt) -> str:
    """Each piece reaches into the next one with other bytes."""
    hello = refused_hello(attempt)
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for at in range(0, len(hello), 16):
            stream.send(hello[at : at + 16] + attempt.payload(16), at=at)
        return ending(stream)


def leave_a_gap(attempt: Attempt) -> str:
    """Everything but the first byte, again and again."""
    hello = refused_hello(attempt)
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for _ in range(8):
            stream.send(hello[1:], at=1)
            time.sleep(0.02)
        return ending(stream)


def before_the_stream(attempt: Attempt) -> str:
    """Where the SYN was and before: no part of the stream, but bytes all the same."""
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for at in (-1, -8, -64, -30_000):
            stream.send(attempt.payload(), at=at)
        return ending(stream)


def far_ahead(attempt: Attempt) -> str:
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for at in (5_000, 60_000, 200_000, 2**30, 2**31 - 100):
            stream.send(attempt.payload(), at=at)
        return ending(stream)


def never_end(attempt: Attempt) -> str:
    """A hello of 16 MB, in small pieces, slowly."""
    start = b"\x16\x03\x01\x40\x00\x01\xff\xff\xff\x03\x03"
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        stream.send(start + attempt.payload(200))
        for _ in range(20):
            stream.send(attempt.payload(900))
            time.sleep(0.02)
        return ending(stream)


def dribble(attempt: Attempt) -> str:
    """Bytes of a hello so slowly that patience ends first."""
    hello = refused_hello(attempt)
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for at in range(7):
            stream.send(hello[at * 11 : at * 11 + 11], at=at * 11)
            stream.read(0.5)
        return ending(stream)


def change_after_reset(attempt: Attempt) -> str:
    """Refused, it goes on in the same connection, with other ports' luck: the same 5-tuple again, data first."""
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        stream.write(refused_hello(attempt))
        stream.read(0.2)
        stream.reset = False
        for _ in range(5):
            stream.send(attempt.payload())
        stream.connect()
        stream.send(attempt.payload(), at=0)
        return ending(stream)


def urgent(attempt: Attempt) -> str:
    """The name is in order only if the urgent byte is taken out of the stream."""
    hello = refused_hello(attempt)
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        stream.send(hello[:40], flags=PSH | ACK | URG, urgent=40)
        stream.send(b"!" + hello[40:], flags=PSH | ACK | URG, urgent=1)
        return ending(stream)


def several_names(attempt: Attempt) -> bytes:
    return records(client_hello(attempt.first.allowed, attempt.first.refused, stamp=attempt.token))


def repeated_extension(attempt: Attempt) -> bytes:
    return records(client_hello(attempt.first.allowed, attempt.first.refused, stamp=attempt.token, repeated=True))


def second_hello(attempt: Attempt) -> bytes:
    """A first one that names nobody allowed, a second one that does."""
    return refused_hello(attempt) + records(client_hello(attempt.first.allowed, stamp=attempt.token))


def _of_a_version_to_come(attempt: Attempt) -> bytes:
    """Servers look at the first of its two bytes only."""
    return records(_refused(attempt), version=0x0309)


def _after(preamble: bytes) -> Callable[[Attempt], bytes]:
    return lambda attempt: preamble + refused_hello(attempt)


def names_to_ask_for(attempt: Attempt) -> str:
    """Whoever checks a name by asking for it carries it out: bytes in names below the allowed one."""
    resets = 0
    for number in range(NAMES):
        name = ".".join([attempt.payload(24).hex()] * 4 + [f"{number:04x}", GOOD])
        with attempt.attacker.stream(attempt.known[GOOD][0], 80 if number % 8 == 0 else 443) as stream:
            stream.connect()
            plain = f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()
            stream.write(plain if number % 8 == 0 else records(client_hello(name)))
            ending(stream, 0.05)
            resets += stream.reset
    return f"{NAMES} names, {resets} connections reset"


PORTS = (22, 53, 80, 123, 853, 993, 1883, 3478, 5228, 8443, 8883, 9998, 32100)


def on_other_ports(attempt: Attempt) -> str:
    said = []
    for port in PORTS:
        with attempt.attacker.stream(attempt.target4, port) as stream:
            if stream.connect(timeout_s=0.1):
                stream.write(refused_hello(attempt))
            said.append(f"{port} {ending(stream, 0.05)}")
    return ", ".join(said)


CASES = (
    Case(id="whole", text="A refused name in an ordinary hello", play=written(refused_hello), shown=BAD),
    Case(id="single-bytes", text="A refused name in segments of one byte",
         play=written(refused_hello, size=1), shown=UNFINISHED),
    Case(id="single-bytes-ipv6", text="The same over IPv6", play=over_ipv6, shown=UNFINISHED),
    Case(id="allowed-in-pieces", text="The allowed name in segments of 12 bytes works", play=allowed_in_pieces, passes=True),
    Case(id="allowed-in-single-bytes", text="The allowed name, begun in single bytes, works", play=allowed_in_single_bytes,
         passes=True),
    Case(id="allowed-reversed", text="The allowed name in segments sent last to first works", play=allowed_reversed,
         passes=True),
    Case(id="reversed", text="A refused name in segments sent last to first", play=reverse, shown=BAD),
    Case(id="good-under-bad", text="Segments that disagree: the allowed name first, the refused one over it",
         play=contradict(first_good=True), shown=CONTRADICTS),
    Case(id="bad-under-good", text="Segments that disagree: the refused name first, the allowed one over it",
         play=contradict(first_good=False), shown=CONTRADICTS),
    Case(id="overlapping-pieces", text="Every segment reaches into the next one with other bytes",
         play=contradict_by_pieces, shown=CONTRADICTS),
    Case(id="gap", text="Everything but the first byte of a hello, eight times", play=leave_a_gap),
    Case(id="before-the-stream", text="Payload at sequence numbers before the stream begins", play=before_the_stream),
    Case(id="far-ahead", text="Payload far ahead of the window", play=far_ahead),
    Case(id="tls-records", text="A refused name split over TLS records of 5 bytes",
         play=written(lambda attempt: records(_refused(attempt), *[5] * 45)), shown=BAD),
    Case(id="single-byte-records", text="A refused name in TLS records of one byte, in segments of three",
         play=written(lambda attempt: records(_refused(attempt), *[1] * 120), size=3), shown=UNFINISHED),
    Case(id="17-kB", text="A refused name in a hello of 17 kB over two TLS records",
         play=written(lambda attempt: refused_hello(attempt, padding=17_000)), shown=UNFINISHED),
    Case(id="60-kB", text="A refused name in a hello of 60 kB, in small segments",
         play=written(lambda attempt: refused_hello(attempt, padding=60_000), size=400), shown=UNFINISHED),
    Case(id="130-kB", text="A refused name in a hello of 130 kB, as long as servers take them",
         play=written(lambda attempt: records(_refused(attempt, padding=65_000, more_ciphers=32_000))), shown=UNFINISHED),
    Case(id="two-names", text="The allowed and the refused name in one list", play=written(several_names), shown=BAD),
    Case(id="two-extensions", text="The allowed and the refused name in one extension each",
         play=written(repeated_extension), shown=BAD),
    Case(id="two-hellos", text="A refused hello, an allowed one right behind it", play=written(second_hello), shown=BAD),
    Case(id="after-alert", text="A refused name behind a TLS alert", play=written(_after(ALERT)), shown=UNFINISHED),
    Case(id="after-empty-record", text="A refused name behind an empty TLS record", play=written(_after(EMPTY_RECORD)),
         shown=UNFINISHED),
    Case(id="odd-version", text="A refused name in a record of a version to come", play=written(_of_a_version_to_come),
         shown=UNFINISHED),
    Case(id="urgent", text="A refused name with urgent bytes in between", play=urgent, shown=CONTRADICTS),
    Case(id="other-ports", text=f"A refused name on ports {', '.join(map(str, PORTS))}", play=on_other_ports, shown=BAD),
    Case(id="asked-for", text=f"96 bytes each in {NAMES} names that a gateway might ask its resolver for",
         play=names_to_ask_for, allowance_bytes=1024, reason="what looks like code may be asked for, that much of it an hour"),
    Case(id="after-starttls", text="A refused name behind a mail dialogue with STARTTLS",
         play=written(_after(MAIL), port=587), shown=TUNNEL),
    Case(id="after-starttls-in-pieces", text="The same, in segments of three bytes",
         play=written(_after(MAIL), size=3, port=587), shown=TUNNEL),
    Case(id="after-xmpp", text="A refused name behind an XMPP stream with STARTTLS", play=written(_after(XMPP), port=5222),
         shown=TUNNEL),
    Case(id="after-connect", text="A refused name behind an HTTP CONNECT to the allowed one",
         play=written(_after(CONNECT), port=8080), shown=BAD),
    Case(id="after-upgrade", text="A refused name behind an HTTP upgrade at the allowed one",
         play=written(_after(UPGRADE), port=80), shown=TUNNEL),
    Case(id="upgrade-after-plain", text="The same, where a plain request to that name has passed a moment ago",
         play=upgrade_after_plain, shown=TUNNEL, allowance_bytes=len(PLAIN), reason="the plain request may pass"),
    Case(id="after-proxy-1", text="A refused name behind the PROXY protocol, version 1",
         play=written(_after(PROXY1)), shown=BAD),
    Case(id="after-proxy-2", text="A refused name behind the PROXY protocol, version 2",
         play=written(_after(PROXY2)), shown=BAD),
    Case(id="after-socks", text="A refused name behind SOCKS to the allowed one",
         play=written(_after(SOCKS), port=1080), shown=TUNNEL),
    Case(id="after-socks-4", text="A refused name behind SOCKS 4 to the allowed one's address, in segments of three bytes",
         play=written(_after(SOCKS4), size=3, port=1080), shown=TUNNEL),
    Case(id="no-protocol", text="Bytes of no protocol at all", play=written(lambda attempt: attempt.payload(3000))),
    Case(id="endless", text="A hello of 16 MB that never ends", play=never_end),
    Case(id="dribble", text="A hello of eleven bytes every half second", play=dribble, shown=UNFINISHED),
    Case(id="after-the-reset", text="Payload in a refused connection, and over the same ports again",
         play=change_after_reset, shown=BAD),
)  # fmt: skip
