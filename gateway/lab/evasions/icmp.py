"""Payload in ICMP: in questions, in answers that nobody asked for, and in the packets that errors quote."""

import time
from collections.abc import Callable, Iterator

from .. import frame
from ..hello import client_hello, records
from .case import GOOD, RELAY, RELAY_PORT, Attempt, Case
from .hello import answered
from .packet import sent

UNREACHABLE, TOO_BIG, REDIRECT, EXCEEDED, PARAMETER = 3, 4, 5, 11, 12
UNREACHABLE6, TOO_BIG6, EXCEEDED6, PARAMETER6 = 1, 2, 3, 4
PORT, NEEDED, PORT6 = 3, 4, 4
ERRORS4 = ((UNREACHABLE, PORT), (UNREACHABLE, NEEDED), (TOO_BIG, 0), (EXCEEDED, 0), (PARAMETER, 0))
ERRORS6 = ((UNREACHABLE6, PORT6), (TOO_BIG6, 0), (EXCEEDED6, 0), (PARAMETER6, 0))


def _icmp(attempt: Attempt, dst: str, kind: int, code: int, body: bytes, *, rest: bytes = bytes(4)) -> bytes:
    ends = frame.between(src=attempt.attacker.own(dst), dst=dst)
    if ":" in dst:
        return frame.ipv6(frame.icmp6(kind, code, rest, body, **ends), **ends, proto=frame.ICMPV6)
    return frame.ipv4(frame.icmp(kind, code, rest, body), **ends, proto=frame.ICMP)


def echoes(attempt: Attempt) -> Iterator[bytes]:
    for number in range(5):
        rest = b"\x12\x34" + number.to_bytes(2)
        yield _icmp(attempt, attempt.target4, 8, 0, attempt.payload(500), rest=rest)
        yield _icmp(attempt, attempt.target6, 128, 0, attempt.payload(500), rest=rest)


def unasked_answers(attempt: Attempt) -> Iterator[bytes]:
    yield _icmp(attempt, attempt.target4, 0, 0, attempt.payload())
    yield _icmp(attempt, attempt.target6, 129, 0, attempt.payload())


def other_questions(attempt: Attempt) -> Iterator[bytes]:
    """Timestamp, information, address mask, router and extended echo; in IPv6 node information, multicast and discovery."""
    for kind in (9, 10, 13, 14, 15, 16, 17, 18, 19, 30, 40, 41, 42, 43, 253):
        yield _icmp(attempt, attempt.target4, kind, 0, attempt.payload())
    for kind in (5, 100, 127, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 143, 160, 200, 255):
        yield _icmp(attempt, attempt.target6, kind, 0, attempt.payload())


def discovery_outward(attempt: Attempt) -> Iterator[bytes]:
    """Neighbour discovery as it is said among neighbours, with options that hold bytes, to the internet."""
    option = b"\xfd\x09" + attempt.payload(70)
    for kind in (133, 134, 135, 136, 137):
        ends = frame.between(src=attempt.attacker.address6, dst=attempt.target6)
        body = frame.icmp6(kind, 0, bytes(4), frame.packed(attempt.target6) + option, **ends)
        yield frame.ipv6(body, **ends, proto=frame.ICMPV6, ttl=255)


def _quotes(attempt: Attempt, size: int, name: str) -> Iterator[tuple[str, bytes]]:
    """A server, and a packet of it to us that we could quote, with the token as its payload: of a flow that was let out."""
    attacker = attempt.attacker
    for address in attempt.known[name]:
        own = attacker.own(address)
        if name == RELAY:
            sport = attacker.port()
            attacker.send_udp(b"\0" * 20, address, RELAY_PORT, sport=sport)
            time.sleep(0.15)
            quoted = frame.udp(attempt.payload(size), src=address, dst=own, sport=RELAY_PORT, dport=sport)
            yield address, frame.ip(quoted, src=address, dst=own, proto=frame.UDP)
            continue
        with attacker.stream(address) as stream:
            stream.connect()
            stream.write(records(client_hello(GOOD)))
            answered(stream)
            ends = frame.between(src=address, dst=own, sport=443, dport=stream.sport)
            quoted = frame.tcp(attempt.payload(size), **ends, seq=stream.ack, ack=stream.first + 1)
            yield address, frame.ip(quoted, src=address, dst=own, proto=frame.TCP)


def errors(name: str, size: int, *, times: int = 1) -> Callable[[Attempt], None]:
    """All kinds of errors about a flow that was let out, with that many bytes of its payload quoted."""

    def play(attempt: Attempt) -> None:
        for address, quote in _quotes(attempt, size, name):
            for kind, code in (ERRORS6 if ":" in address else ERRORS4) * times:
                attempt.attacker.send_ip(_icmp(attempt, address, kind, code, quote, rest=b"\0\0\x05\0"))
        time.sleep(0.1)

    return play


def errors_to_somebody_else(attempt: Attempt) -> None:
    """About a flow that was let out, but sent to another server."""
    for address, quote in _quotes(attempt, 40, RELAY):
        target = attempt.target6 if ":" in address else attempt.target4
        kind, code = (UNREACHABLE6, PORT6) if ":" in address else (UNREACHABLE, PORT)
        attempt.attacker.send_ip(_icmp(attempt, target, kind, code, quote))
    time.sleep(0.1)


def errors_about_nothing(attempt: Attempt) -> Iterator[bytes]:
    """Quoting packets that never were."""
    attacker = attempt.attacker
    for target in attempt.targets:
        own = attacker.own(target)
        quoted = frame.udp(attempt.payload(40), src=target, dst=own, sport=9999, dport=7777)
        quote = frame.ip(quoted, src=target, dst=own, proto=frame.UDP)
        kinds = ((UNREACHABLE6, PORT6), (TOO_BIG6, 0)) if ":" in target else ((UNREACHABLE, PORT), (REDIRECT, 1))
        for kind, code in kinds:
            yield _icmp(attempt, target, kind, code, quote)


def errors_in_a_header(attempt: Attempt) -> None:
    """Bytes in the fields of an error that mean nothing: its unused word, and the quoted header itself."""
    for address, quote in _quotes(attempt, 0, RELAY):
        token = attempt.token
        changed = quote[:4] + token[:2] + quote[6:] if ":" not in address else quote[:1] + token[:3] + quote[4:]
        kind, code = (UNREACHABLE6, PORT6) if ":" in address else (UNREACHABLE, PORT)
        for _ in range(100):
            attempt.attacker.send_ip(_icmp(attempt, address, kind, code, changed + attempt.payload(16), rest=token[:4]))
    time.sleep(0.1)


def errors_about_a_refused_flow(attempt: Attempt) -> None:
    """About a connection that is still undecided."""
    for target in attempt.targets:
        with attempt.attacker.stream(target) as stream:
            stream.connect()
            ends = frame.between(src=target, dst=stream.src, sport=443, dport=stream.sport)
            quoted = frame.tcp(attempt.payload(40), **ends, seq=stream.ack, ack=stream.first + 1)
            quote = frame.ip(quoted, src=target, dst=stream.src, proto=frame.TCP)
            kind, code = (UNREACHABLE6, PORT6) if ":" in target else (UNREACHABLE, PORT)
            attempt.attacker.send_ip(_icmp(attempt, target, kind, code, quote))
            stream.read(0.1)


CASES = (
    Case(id="echo", text="Echo requests of 500 bytes", play=sent(echoes)),
    Case(id="echo-reply", text="Echo replies that nobody asked for", play=sent(unasked_answers)),
    Case(id="other-types", text="33 other types of ICMP and ICMPv6", play=sent(other_questions)),
    Case(id="discovery", text="Neighbour discovery with bytes in its options, to a server", play=sent(discovery_outward)),
    Case(id="long-quotes", text="Errors about an allowed UDP flow that quote 500 bytes", play=errors(RELAY, 500)),
    Case(id="long-quotes-tcp", text="Errors about an allowed TLS flow that quote 500 bytes", play=errors(GOOD, 500)),
    Case(id="short-quotes", text="Errors about an allowed UDP flow that quote 32 bytes, ten of each kind",
         play=errors(RELAY, 32, times=10)),
    Case(id="short-quotes-tcp", text="Errors about an allowed TLS flow that quote 16 bytes, ten of each kind",
         play=errors(GOOD, 16, times=10)),
    Case(id="short-quotes-fields", text="Errors with bytes in their unused fields and in the header that they quote",
         play=errors_in_a_header),
    Case(id="other-server", text="Errors about an allowed flow, sent to another server", play=errors_to_somebody_else),
    Case(id="about-nothing", text="Errors about flows that never were", play=sent(errors_about_nothing)),
    Case(id="about-undecided", text="Errors about a connection that is undecided", play=errors_about_a_refused_flow),
)  # fmt: skip
