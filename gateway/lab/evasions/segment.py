"""Payload in TCP segments that are no part of an ordinary conversation, and in the corners of their headers."""

import time
from collections.abc import Callable

from .. import frame
from ..attacker import Stream
from ..frame import ACK, FIN, MSS, PSH, RST, SYN, URG
from ..hello import client_hello, records
from .case import BAD, Attempt, Case
from .hello import answered, ending, refused_hello
from .place import Place

EXPERIMENT = 253
APART = 2_000
"""Bytes between the two beginnings of one connection."""
EMPTY_SEGMENTS = 24
"""What an undecided connection may send of them."""
HANDSHAKES = "a handshake needs a few empty segments, and each of them has numbers and a time"


def in_the_syn(attempt: Attempt) -> str:
    for target in attempt.targets:
        with attempt.attacker.stream(target) as stream:
            opened = stream.connect(attempt.payload(), timeout_s=0.1)
            stream.connect(refused_hello(attempt), timeout_s=0.1)
    return "answered" if opened else "silence"


def in_the_syn_with(flags: int) -> Callable[[Attempt], str | None]:
    def play(attempt: Attempt) -> None:
        for target in attempt.targets:
            with attempt.attacker.stream(target) as stream:
                stream.send(attempt.payload(), flags=flags, options=MSS)
                stream.read(0.05)

    return play


def without_opening(flags: int) -> Callable[[Attempt], str | None]:
    """A segment of a connection that nobody opened."""

    def play(attempt: Attempt) -> None:
        for target in attempt.targets:
            with attempt.attacker.stream(target) as stream:
                for _ in range(3):
                    stream.send(attempt.payload(), flags=flags)
                stream.read(0.05)

    return play


def after_opening(flags: int, **fields: int) -> Callable[[Attempt], str]:
    """A segment with payload right after the handshake."""

    def play(attempt: Attempt) -> str:
        for target in attempt.targets:
            with attempt.attacker.stream(target) as stream:
                stream.connect()
                stream.send(attempt.payload(), flags=flags, **fields)
                stream.send(attempt.payload(), flags=flags, **fields)
                said = ending(stream, 0.1)
        return said

    return play


def before_the_answer(attempt: Attempt) -> str:
    """SYN, then data and a guessed acknowledgement, without waiting for the other side."""
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.send(b"", flags=SYN, options=MSS)
        for _ in range(3):
            stream.send(attempt.payload())
        stream.read(0.1)
        stream.send(attempt.payload())
        return ending(stream, 0.1)


def with_a_false_checksum(attempt: Attempt) -> str:
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for _ in range(3):
            stream.send(attempt.payload(), bad=True)
        return ending(stream, 0.1)


def options_of_the_syn(attempt: Attempt) -> str:
    """An option that no client needs, small or filling the header, in one SYN after the other."""
    opened = 0
    for size in (8, 18, 32):
        for target in attempt.fresh().addresses:
            with attempt.attacker.stream(target) as stream:
                options = MSS + bytes([EXPERIMENT, size + 2]) + attempt.payload(size)
                opened += stream.connect(options=options, timeout_s=0.1)
    return f"{opened} of 6 answered"


def numbers_of_the_syn(attempt: Attempt) -> str:
    """Its sequence and acknowledgement numbers, the latter without meaning there; the same with its two timestamps."""
    opened = 0
    for target in attempt.targets:
        with attempt.attacker.stream(target) as stream:
            stream.first, second = int.from_bytes(attempt.token[:4]), int.from_bytes(attempt.token[4:])
            stream.send(b"", flags=SYN, options=MSS, ack=second, urgent=second % 7)
            stream.send(b"", flags=SYN, options=MSS + b"\1\1\x08\x0a" + attempt.token)
            stream.read(0.1)
            opened += bool(stream.ack)
    return f"{opened} of 2 answered"


def unknown_options_of_the_syn(attempt: Attempt) -> str:
    """The same in options of all kinds of numbers."""
    opened = 0
    for kind in (6, 9, 14, 19, 27, 28, 29, 30, 34, 69, 77, 120, 254, 255):
        with attempt.attacker.stream(attempt.fresh().four) as stream:
            opened += stream.connect(options=MSS + bytes([kind, 18]) + attempt.payload(16), timeout_s=0.1)
    return f"{opened} of 14 answered"


def behind_the_options(attempt: Attempt) -> str:
    """Behind the mark that ends the options: header bytes that nobody reads."""
    opened = 0
    for target in attempt.targets:
        with attempt.attacker.stream(target) as stream:
            opened += stream.connect(options=MSS + b"\0\0\0\0" + attempt.payload(16), timeout_s=0.1)
    return f"{opened} of 2 answered"


def options_of_repetitions(attempt: Attempt) -> str:
    """An ordinary SYN, and then the same one with other options, as if it had been lost."""
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.send(b"", flags=SYN, options=MSS)
        for _ in range(10):
            stream.send(b"", flags=SYN, options=MSS + bytes([EXPERIMENT, 18]) + attempt.payload(16))
        return ending(stream, 0.1)


def options_of_acknowledgements(attempt: Attempt) -> str:
    """An opened connection that says nothing but ACK, with 32 bytes of options each."""
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for _ in range(100):
            stream.send(b"", flags=ACK, options=bytes([EXPERIMENT, 34]) + attempt.payload(32) + b"\1\1")
        return ending(stream, 0.1)


def options_of_a_download(attempt: Attempt) -> str:
    """The same where the connection may pass: what it says is counted, and acknowledgements are not."""
    place = attempt.shared(counted=False)
    with attempt.attacker.stream(place.four) as stream:
        stream.connect()
        stream.write(records(client_hello(place.allowed)))
        answered(stream)
        for _ in range(1_000):
            stream.send(b"", flags=ACK, options=bytes([EXPERIMENT, 34]) + attempt.payload(32) + b"\1\1")
        return ending(stream, 0.1)


def options_of_resets(attempt: Attempt) -> None:
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for flags in (RST | ACK, RST, FIN | ACK):
            stream.send(b"", flags=flags, options=bytes([EXPERIMENT, 34]) + attempt.payload(32) + b"\1\1")
        stream.read(0.1)


def acknowledgement_numbers(attempt: Attempt) -> None:
    """Bytes in the numbers themselves: sequence, acknowledgement, window and urgent pointer of empty segments."""
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        own = stream.ack
        for _ in range(200):
            stream.first = int.from_bytes(attempt.token[:4]) - 1
            stream.ack = int.from_bytes(attempt.token[4:])
            stream.send(b"", flags=ACK)
        stream.ack = own
        stream.read(0.1)


def timestamps(attempt: Attempt) -> None:
    """The same in their timestamps."""
    with attempt.attacker.stream(attempt.target4) as stream:
        stream.connect()
        for _ in range(200):
            stream.send(b"", flags=ACK, options=b"\1\1\x08\x0a" + attempt.token)
        stream.read(0.1)


def short_header(attempt: Attempt) -> None:
    """A header that says it is shorter, or longer, than it is."""
    for words in (0, 2, 4, 15):
        for flags in (SYN, ACK):
            with attempt.attacker.stream(attempt.fresh().four) as stream:
                packet = stream.segment(attempt.payload(16), flags=flags)
                body = bytearray(packet[20:])
                body[12] = words << 4
                body[16:18] = b"\0\0"
                ends = frame.between(src=stream.src, dst=stream.dst, proto=frame.TCP)
                body[16:18] = frame.transport_checksum(bytes(body), **ends).to_bytes(2)
                attempt.attacker.send_ip(frame.ip(bytes(body), **ends))
    time.sleep(0.05)


def both_hellos(attempt: Attempt, place: Place) -> tuple[bytes, bytes]:
    """Honest ones with the allowed and the refused name, the token in each: none of them has any business outside."""
    good, bad = (records(client_hello(name, stamp=attempt.token)) for name in (place.allowed, place.refused))
    return good, bad


def behind_a_gap(*, first: int | None = None, size: int = 0) -> Callable[[Attempt], str]:
    """A whole hello with the allowed name is said to be what comes later; then comes what comes first, with the refused one (in
    pieces of ``size``)."""

    def play(attempt: Attempt) -> str:
        said, place = [], attempt.shared()
        for address in place.addresses:
            with attempt.attacker.stream(address) as stream:
                stream.first = stream.first if first is None else first
                stream.connect()
                good, bad = both_hellos(attempt, place)
                stream.send(good, at=len(bad))
                stream.read(0.05)
                stream.write(bad, size=size or len(bad))
                said.append(ending(stream))
        return ", ".join(said)

    return play


def behind_the_goodbye(*, politely: bool) -> Callable[[Attempt], str]:
    """An allowed connection, closed; then the same ports and the same first number, and the refused name."""

    def play(attempt: Attempt) -> str:
        said, place = [], attempt.shared(counted=False)
        for address in place.addresses:
            with attempt.attacker.stream(address) as stream:
                stream.connect()
                stream.write(records(client_hello(place.allowed)))
                answered(stream)
                if politely:
                    stream.part()
                stream.close()
                sport, number = stream.sport, stream.first
            with attempt.attacker.stream(address, sport=sport) as again:
                again.first = number
                opened = again.connect(timeout_s=0.3)
                again.write(both_hellos(attempt, place)[1])
                said.append(f"{'open' if opened else 'not open'}, {ending(again)}")
        return "; ".join(said)

    return play


def two_beginnings(*, dying_first: bool) -> Callable[[Attempt], str]:
    """Two SYNs with numbers of their own, one of which is to die behind the gateway. Where the server says that the connection
    begins goes the refused name, where it might have begun as well the allowed one, and that first."""

    def play(attempt: Attempt) -> str:
        said, place = [], attempt.shared(counted=False)
        for address in place.addresses:
            with attempt.attacker.stream(address) as stream:
                for dies in (True, False) if dying_first else (False, True):
                    _begin(stream, APART if dies else 0, hops=2 if dies else 64)
                stream.read(0.5, until=lambda stream=stream: bool(stream.ack) or stream.reset)
                first, second = (0, APART) if stream.greeted == (stream.first + 1) % 2**32 else (APART, 0)
                stream.send(records(client_hello(place.allowed)), at=second)
                stream.read(0.05)
                stream.send(both_hellos(attempt, place)[1], at=first)
                said.append(f"it begins at {first}, {ending(stream)}")
        return ", ".join(said)

    return play


def _begin(stream: Stream, later: int, *, hops: int) -> None:
    """A SYN whose number is so much later."""
    stream.first, stream.ttl = stream.first + later, hops
    stream.send(b"", flags=SYN, options=MSS)
    stream.first, stream.ttl = stream.first - later, 64
    time.sleep(0.03)


CASES = (
    Case(id="syn-data", text="Payload in the SYN, and again in its repetition", play=in_the_syn),
    Case(id="syn-psh-urg", text="Payload in a SYN with PSH and URG", play=in_the_syn_with(SYN | PSH | URG)),
    Case(id="syn-fin", text="Payload in a SYN that is a FIN too", play=in_the_syn_with(SYN | FIN)),
    Case(id="syn-rst", text="Payload in a SYN that is a reset too", play=in_the_syn_with(SYN | RST)),
    Case(id="syn-ack", text="Payload in a SYN-ACK that answers nothing", play=in_the_syn_with(SYN | ACK)),
    Case(id="no-flags", text="Payload in a segment without flags", play=without_opening(0)),
    Case(id="all-flags", text="Payload in a segment with all flags", play=without_opening(0xFF)),
    Case(id="mid-stream", text="Payload in the middle of a connection that nobody opened", play=without_opening(PSH | ACK)),
    Case(id="lone-reset", text="Payload in a reset of a connection that nobody opened", play=without_opening(RST)),
    Case(id="lone-fin", text="Payload in a FIN of a connection that nobody opened", play=without_opening(FIN | ACK)),
    Case(id="reset-data", text="Payload in a reset", play=after_opening(RST | ACK)),
    Case(id="bare-reset-data", text="Payload in a reset without acknowledgement", play=after_opening(RST)),
    Case(id="fin-data", text="Payload in a FIN", play=after_opening(FIN | ACK)),
    Case(id="syn-again-data", text="Payload in a SYN within an open connection", play=after_opening(SYN)),
    Case(id="no-ack-data", text="Payload in a segment without ACK in an open connection", play=after_opening(PSH)),
    Case(id="urgent-data", text="Urgent payload, its pointer beyond the segment",
         play=after_opening(PSH | ACK | URG, urgent=60_000)),
    Case(id="before-the-answer", text="Payload before the other side answered the SYN", play=before_the_answer),
    Case(id="hello-behind-a-gap", text="A whole allowed hello behind a gap, then the refused one in it",
         play=behind_a_gap(), shown=BAD),
    Case(id="hello-behind-a-gap-pieces", text="The same, the gap filled in pieces of 40 bytes", play=behind_a_gap(size=40),
         shown=BAD),
    Case(id="hello-behind-a-gap-wrap", text="The same where the sequence numbers begin anew in the gap",
         play=behind_a_gap(first=2**32 - 100), shown=BAD),
    Case(id="same-numbers", text="A refused hello with the ports and the first number of an allowed connection, after its FIN",
         play=behind_the_goodbye(politely=True), shown=BAD),
    Case(id="same-numbers-reset", text="The same after its reset", play=behind_the_goodbye(politely=False), shown=BAD),
    Case(id="two-syns", text="A SYN with few hops to go, then one with another number: a hello for each",
         play=two_beginnings(dying_first=True), shown=BAD),
    Case(id="two-syns-turned", text="The same, the one with few hops second",
         play=two_beginnings(dying_first=False), shown=BAD),
    Case(id="false-checksum", text="Payload under a false checksum", play=with_a_false_checksum),
    Case(id="header-length", text="Headers that say they are shorter or longer than they are", play=short_header),
    Case(id="syn-numbers", text="Eight bytes in the sequence and acknowledgement numbers of a SYN, or in its timestamps",
         play=numbers_of_the_syn),
    Case(id="syn-option", text="8 to 32 bytes in an experimental option of a SYN", play=options_of_the_syn),
    Case(id="syn-unknown-options", text="16 bytes in a SYN, in options of 14 other kinds", play=unknown_options_of_the_syn),
    Case(id="syn-behind-options", text="16 bytes behind the end of a SYN's options", play=behind_the_options),
    Case(id="syn-repeated-options", text="16 bytes in the options of a SYN that is said again", play=options_of_repetitions),
    Case(id="ack-options", text="100 empty acknowledgements with 32 bytes of options each", play=options_of_acknowledgements),
    Case(id="download-options", text="1,000 of them in a connection that may pass", play=options_of_a_download),
    Case(id="reset-options", text="32 bytes in the options of resets and FINs", play=options_of_resets),
    Case(id="numbers", text="Eight bytes in the numbers of 200 empty acknowledgements", play=acknowledgement_numbers,
         allowance_bytes=EMPTY_SEGMENTS * 8, reason=HANDSHAKES),
    Case(id="timestamps", text="Eight bytes in the timestamps of 200 empty acknowledgements", play=timestamps,
         allowance_bytes=EMPTY_SEGMENTS * 8, reason=HANDSHAKES),
)  # fmt: skip
