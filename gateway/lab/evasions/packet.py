"""Payload in the corners of IP headers, in fragments, and behind the end that a packet states."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .. import frame
from ..frame import AUTHENTICATION, DESTINATION, FRAGMENT, HOP_BY_HOP, MSS, ROUTING, SYN
from ..hello import client_hello, records
from .case import GOOD, Attempt, Case
from .hello import answered, ending, refused_hello

RECORD_ROUTE, TIMESTAMP, LOOSE_SOURCE, STRICT_SOURCE, ALERT, EXPERIMENT = 7, 68, 131, 137, 148, 30
MOBILITY, HIP, SHIM6, NOTHING, TESTING = 135, 139, 140, 59, 253
IGNORED_OPTION = 0x1E
"""An option of IPv6 that whoever does not know it skips (RFC 8200, 4.2)."""

NO_SOURCE_ROUTES = "a kernel drops packets that say their own way"
NOT_WHAT_IT_SAYS = "a kernel drops what is not what its header says"
PUT_TOGETHER = "a kernel that follows connections puts pieces together first, and drops those that overlap"
CUT = "a kernel forwards the packet, not its frame"


def syn(attempt: Attempt, dst: str, *, dport: int = 443) -> bytes:
    """A SYN without its IP header: what passes where nothing is known of an address yet."""
    attacker = attempt.attacker
    ends = frame.between(src=attacker.own(dst), dst=dst)
    return frame.tcp(b"", **ends, sport=attacker.port(), dport=dport, seq=1, flags=SYN, options=MSS)


def datagram(attempt: Attempt, dst: str, *, size: int = 64) -> bytes:
    """A UDP datagram without its IP header."""
    attacker = attempt.attacker
    return frame.udp(attempt.payload(size), src=attacker.own(dst), dst=dst, sport=attacker.port(), dport=32100)


def sent(make: Callable[[Attempt], Iterable[bytes]]) -> Callable[[Attempt], None]:
    """A case: these IP packets, one after the other."""

    def play(attempt: Attempt) -> None:
        for packet in make(attempt):
            attempt.attacker.send_ip(packet)
        time.sleep(0.1)

    return play


def with_options(*kinds: int) -> Callable[[Attempt], None]:
    """SYNs and datagrams with 38 bytes of an IPv4 option."""

    def make(attempt: Attempt) -> Iterator[bytes]:
        for kind in kinds:
            target = attempt.fresh().four
            ends = frame.between(src=attempt.attacker.address4, dst=target)
            options = bytes([kind, 38, 4]) + attempt.payload(35)
            yield frame.ipv4(syn(attempt, target), **ends, proto=frame.TCP, options=options)
            yield frame.ipv4(datagram(attempt, target), **ends, proto=frame.UDP, options=options)

    return sent(make)


def in_header(proto: int, header: Callable[[int, bytes], bytes]) -> Callable[[Attempt], None]:
    """SYNs and datagrams behind an IPv6 extension header that holds 64 bytes."""

    def make(attempt: Attempt) -> Iterator[bytes]:
        ends = frame.between(src=attempt.attacker.address6, dst=attempt.target6)
        for kind, body in ((frame.TCP, syn(attempt, attempt.target6)), (frame.UDP, datagram(attempt, attempt.target6))):
            yield frame.ipv6(header(kind, attempt.payload()) + body, **ends, proto=proto)

    return sent(make)


def _unknown_header(proto: int, data: bytes) -> bytes:
    return bytes([proto, (len(data) + 8) // 8 - 1]) + bytes(6) + data


def headers_of_an_allowed_flow(attempt: Attempt) -> None:
    """In a connection that was let out, options and extension headers still have no business."""
    for address in attempt.known[GOOD]:
        with attempt.attacker.stream(address) as stream:
            stream.connect()
            stream.write(records(client_hello(GOOD)))
            answered(stream)
            body = stream.segment(b"", flags=frame.ACK)
            ends = frame.between(src=stream.src, dst=stream.dst)
            for _ in range(5):
                if ":" in address:
                    header = frame.options_header(frame.TCP, (IGNORED_OPTION, attempt.payload(40)))
                    attempt.attacker.send_ip(frame.ipv6(header + body[40:], **ends, proto=DESTINATION))
                    header = frame.authentication_header(frame.TCP, attempt.payload(40), unit=8)
                    attempt.attacker.send_ip(frame.ipv6(header + body[40:], **ends, proto=AUTHENTICATION))
                else:
                    options = bytes([EXPERIMENT, 38]) + attempt.payload(36)
                    attempt.attacker.send_ip(frame.ipv4(body[20:], **ends, proto=frame.TCP, options=options))
            stream.read(0.05)


def _pieces(attempt: Attempt, body: bytes, proto: int, *, size: int, dst: str) -> list[bytes]:
    ident = int.from_bytes(attempt.token[:2])
    return list(frame.fragments(body, size, src=attempt.attacker.own(dst), dst=dst, proto=proto, ident=ident))


def hello_in_fragments(attempt: Attempt) -> str:
    """A refused hello in one segment, in IP fragments of 64 bytes, last to first."""
    for target in attempt.targets:
        with attempt.attacker.stream(target) as stream:
            stream.connect()
            packet = stream.segment(refused_hello(attempt))
            body = packet[40 if ":" in target else 20 :]
            for piece in reversed(_pieces(attempt, body, frame.TCP, size=64, dst=target)):
                attempt.attacker.send_ip(piece)
            said = ending(stream)
    return said


def fragments_of_datagrams(attempt: Attempt) -> Iterator[bytes]:
    for target in attempt.targets:
        yield from _pieces(attempt, datagram(attempt, target, size=900), frame.UDP, size=64, dst=target)


def smallest_fragments(attempt: Attempt) -> Iterator[bytes]:
    for target in attempt.targets:
        yield from _pieces(attempt, datagram(attempt, target, size=120), frame.UDP, size=8, dst=target)


def overlapping_fragments(attempt: Attempt) -> Iterator[bytes]:
    """The second piece covers the first one's end with other bytes."""
    for target in attempt.targets:
        ends = frame.between(src=attempt.attacker.own(target), dst=target, proto=frame.UDP, ident=0x77)
        body = datagram(attempt, target, size=184)
        yield frame.fragment(body[:96], 0, True, **ends)
        yield frame.fragment(attempt.payload(96), 48, True, **ends)
        yield frame.fragment(body[96:], 96, False, **ends)


def lone_fragments(attempt: Attempt) -> Iterator[bytes]:
    """Pieces of wholes that never come: first ones, middle ones, last ones."""
    for target in attempt.targets:
        for number in range(20):
            ends = frame.between(src=attempt.attacker.own(target), dst=target, proto=frame.UDP, ident=0x1000 + number)
            offset, more = ((0, True), (64, True), (1200, False))[number % 3]
            yield frame.fragment(datagram(attempt, target, size=56), offset, more, **ends)


def whole_as_fragment(attempt: Attempt) -> Iterator[bytes]:
    """An IPv6 fragment that is the whole packet (RFC 6946), its header used for bytes."""
    ends = frame.between(src=attempt.attacker.address6, dst=attempt.target6)
    for kind, body in ((frame.TCP, syn(attempt, attempt.target6)), (frame.UDP, datagram(attempt, attempt.target6))):
        ident = int.from_bytes(attempt.token[:4])
        yield frame.ipv6(frame.fragment_header(kind, offset=0, more=False, ident=ident) + body, **ends, proto=FRAGMENT)
        double = frame.fragment_header(FRAGMENT, offset=0, more=False, ident=1)
        double += frame.fragment_header(kind, offset=0, more=False, ident=ident)
        yield frame.ipv6(double + body, **ends, proto=FRAGMENT)


def headers_in_fragments(attempt: Attempt) -> Iterator[bytes]:
    """Extension headers that only show when the pieces are together."""
    ends = frame.between(src=attempt.attacker.address6, dst=attempt.target6, proto=DESTINATION, ident=0x99)
    whole = frame.options_header(frame.TCP, (IGNORED_OPTION, attempt.payload(120))) + syn(attempt, attempt.target6)
    for offset in range(0, len(whole), 64):
        yield frame.fragment(whole[offset : offset + 64], offset, offset + 64 < len(whole), **ends)


def behind_the_end(attempt: Attempt) -> None:
    """SYNs whose frames are longer than the packet in them says."""
    for target in attempt.targets:
        for _ in range(5):
            packet = frame.ip(syn(attempt, target), src=attempt.attacker.own(target), dst=target, proto=frame.TCP)
            attempt.attacker.send_ip(packet, trailer=attempt.payload(200))
    time.sleep(0.1)


def behind_the_datagram(attempt: Attempt) -> Iterator[bytes]:
    """A UDP header that ends before the packet does: an empty datagram, and bytes behind it, under all kinds of checksums."""
    for size in (8, 12):
        for target in attempt.fresh().addresses:
            ends = frame.between(src=attempt.attacker.own(target), dst=target)
            body = frame.udp(attempt.payload(), **ends, sport=attempt.attacker.port(), dport=32100, length=size)
            whole = body[:6] + b"\0\0" + body[8:]
            over_all = frame.transport_checksum(whole, **ends, proto=frame.UDP)
            for told in (body[6:8], b"\0\0", over_all.to_bytes(2)):
                yield frame.ip(body[:6] + told + body[8:], **ends, proto=frame.UDP)


def shorter_than_its_header(attempt: Attempt) -> Iterator[bytes]:
    """Total lengths and header lengths that cannot be."""
    for length in (0, 10, 20, 24, 40_000):
        ends = _datagram_to(attempt, target := attempt.fresh().four)
        yield frame.ipv4(datagram(attempt, target), **ends, length=length)
    for first in (0x44, 0x4F, 0x55, 0x65, 0x05):
        ends = _datagram_to(attempt, target := attempt.fresh().four)
        packet = frame.ipv4(datagram(attempt, target), **ends)
        broken = bytes([first]) + packet[1:10] + b"\0\0" + packet[12:]
        yield broken[:10] + frame.checksum(broken[:20]).to_bytes(2) + broken[12:]
    for length in (0, 4, 8, 40_000):
        ends = _datagram_to(attempt, target := attempt.fresh().six)
        yield frame.ipv6(datagram(attempt, target), **ends, length=length)


def _datagram_to(attempt: Attempt, target: str) -> dict[str, Any]:
    return frame.between(src=attempt.attacker.own(target), dst=target, proto=frame.UDP)


def false_header_checksum(attempt: Attempt) -> Iterator[bytes]:
    packet = frame.ipv4(datagram(attempt, attempt.target4), src=attempt.attacker.address4, dst=attempt.target4, proto=frame.UDP)
    yield packet[:10] + b"\x12\x34" + packet[12:]


def few_hops(attempt: Attempt) -> str:
    """A hello with few hops to go: seen by the gateway, but by no server."""
    for ttl in (1, 2, 3):
        for target in attempt.fresh().addresses:
            with attempt.attacker.stream(target) as stream:
                stream.connect()
                stream.ttl = ttl
                stream.write(refused_hello(attempt))
                stream.ttl = 64
                stream.send(attempt.payload(), at=0)
                said = ending(stream, 0.05)
    return said


def datagrams_of_few_hops(attempt: Attempt) -> Iterator[bytes]:
    for ttl in (0, 1, 2, 255):
        for target in attempt.fresh().addresses:
            ends = frame.between(src=attempt.attacker.own(target), dst=target)
            yield frame.ip(datagram(attempt, target), **ends, proto=frame.UDP, ttl=ttl)


def jumbo(attempt: Attempt) -> Iterator[bytes]:
    """A jumbogram's option (RFC 2675)."""
    header = frame.options_header(frame.UDP, (0xC2, (70_000).to_bytes(4)), (IGNORED_OPTION, attempt.payload(32)))
    ends = frame.between(src=attempt.attacker.address6, dst=attempt.target6)
    yield frame.ipv6(header + datagram(attempt, attempt.target6), **ends, proto=HOP_BY_HOP, length=0)


def nothing_follows(attempt: Attempt) -> Iterator[bytes]:
    ends = frame.between(src=attempt.attacker.address6, dst=attempt.target6)
    yield frame.ipv6(attempt.payload(), **ends, proto=NOTHING)
    yield frame.ipv6(frame.options_header(NOTHING, (IGNORED_OPTION, attempt.payload())), **ends, proto=DESTINATION)


def _options(proto: int, data: bytes) -> bytes:
    return frame.options_header(proto, (IGNORED_OPTION, data))


def _route(kind: int) -> Callable[[int, bytes], bytes]:
    return lambda proto, data: frame.routing_header(proto, kind=kind, left=0, data=bytes(4) + data)


CASES = (
    Case(id="ipv4-options", text="38 bytes in IPv4 options (record route, timestamp, alert, experimental)",
         play=with_options(RECORD_ROUTE, TIMESTAMP, ALERT, EXPERIMENT)),
    Case(id="source-route", text="A loose and a strict source route that hold bytes",
         play=with_options(LOOSE_SOURCE, STRICT_SOURCE), stays=NO_SOURCE_ROUTES),
    Case(id="hop-by-hop", text="64 bytes in a hop-by-hop header", play=in_header(HOP_BY_HOP, _options)),
    Case(id="destination-options", text="64 bytes in a destination options header", play=in_header(DESTINATION, _options)),
    Case(id="routing-0", text="64 bytes in a routing header of type 0", play=in_header(ROUTING, _route(0))),
    Case(id="routing-4", text="64 bytes in a segment routing header", play=in_header(ROUTING, _route(4))),
    Case(id="authentication", text="64 bytes in an IPv6 authentication header before a SYN",
         play=in_header(AUTHENTICATION, lambda proto, data: frame.authentication_header(proto, data, unit=8))),
    *(Case(id=f"header-{number}", text=f"64 bytes in an IPv6 header of number {number} ({name}) before a SYN",
           play=in_header(number, _unknown_header))
      for number, name in ((MOBILITY, "mobility"), (HIP, "host identity"), (SHIM6, "shim6"), (TESTING, "experimental"))),
    Case(id="nothing-follows", text="Bytes behind an IPv6 header after which nothing follows", play=sent(nothing_follows)),
    Case(id="jumbogram", text="A jumbogram", play=sent(jumbo), stays=NOT_WHAT_IT_SAYS),
    Case(id="allowed-flow", text="Options and extension headers in a connection that was let out",
         play=headers_of_an_allowed_flow),
    Case(id="hello-in-fragments", text="A refused hello in IP fragments, last to first", play=hello_in_fragments),
    Case(id="fragments", text="Datagrams in fragments of 64 bytes", play=sent(fragments_of_datagrams)),
    Case(id="smallest-fragments", text="Datagrams in fragments of 8 bytes", play=sent(smallest_fragments)),
    Case(id="overlapping-fragments", text="Fragments that disagree where they overlap",
         play=sent(overlapping_fragments), stays=PUT_TOGETHER),
    Case(id="lone-fragments", text="Fragments of packets that never come", play=sent(lone_fragments), stays=PUT_TOGETHER),
    Case(id="whole-as-fragment", text="IPv6 fragments that are whole packets, also one in the other",
         play=sent(whole_as_fragment)),
    Case(id="headers-in-fragments", text="An extension header of 120 bytes before a SYN, in fragments",
         play=sent(headers_in_fragments)),
    Case(id="behind-the-end", text="200 bytes behind the end of a SYN, in the padding of its frame",
         play=behind_the_end, stays=CUT),
    Case(id="behind-the-datagram", text="64 bytes behind the end of an empty datagram", play=sent(behind_the_datagram)),
    Case(id="lengths", text="Lengths and versions in IP headers that cannot be",
         play=sent(shorter_than_its_header), stays=NOT_WHAT_IT_SAYS),
    Case(id="header-checksum", text="A false header checksum", play=sent(false_header_checksum), stays=NOT_WHAT_IT_SAYS),
    Case(id="few-hops", text="Hellos with one to three hops to go, then other bytes in their place", play=few_hops),
    Case(id="few-hops-datagram", text="Datagrams with 0, 1, 2 and 255 hops to go", play=sent(datagrams_of_few_hops)),
)  # fmt: skip
