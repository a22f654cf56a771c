"""The gateway itself as the one who sends: whatever it answers to a false source address on the internet leaves the home."""

import struct
import time
from collections.abc import Callable, Iterator

from gateway.model.device import mac_to_bytes

from .. import frame, message
from ..frame import ACK, DESTINATION, HOP_BY_HOP, MSS, PSH, SYN
from ..topology import FRAGMENT_S
from .case import BAD, Attempt, Case
from .packet import sent

ASKS_FOR_AN_ERROR = 0x9E
"""An IPv6 option that whoever does not know it must complain about to the source (RFC 8200, 4.2)."""
FOR_EVERYBODY = "a kernel complains of nothing that came for everybody"


def _sources(attempt: Attempt) -> Iterator[tuple[str, str]]:
    """(what we pretend to be, the gateway's address of that family)."""
    yield attempt.target4, attempt.attacker.gateway4
    yield attempt.target6, attempt.attacker.gateway6


def _elsewhere(source: str) -> str:
    """Another address of the internet."""
    return "2001:db8:cafe::77" if ":" in source else "198.51.100.99"


def echo(attempt: Attempt) -> Iterator[bytes]:
    for source, gateway in _sources(attempt):
        ends = frame.between(src=source, dst=gateway)
        if ":" in source:
            yield frame.ipv6(frame.icmp6(128, 0, b"\0\1\0\1", attempt.payload(), **ends), **ends, proto=frame.ICMPV6)
        else:
            yield frame.ipv4(frame.icmp(8, 0, b"\0\1\0\1", attempt.payload()), **ends, proto=frame.ICMP)


def to_gateway(port: int, data: Callable[[Attempt], bytes] = Attempt.payload) -> Callable[[Attempt], None]:
    """A datagram to that port of the gateway."""

    def make(attempt: Attempt) -> Iterator[bytes]:
        for source, gateway in _sources(attempt):
            ends = frame.between(src=source, dst=gateway)
            yield frame.ip(frame.udp(data(attempt), **ends, sport=port, dport=port), **ends, proto=frame.UDP)

    return sent(make)


def _query(attempt: Attempt) -> bytes:
    return message.dns_query(f"{attempt.token.hex()}.{BAD}", message.A)


def _clock(attempt: Attempt) -> bytes:
    """An NTP request whose transmit time is the token: the answer repeats it."""
    return b"\x23" + bytes(39) + attempt.token


def segments_to_gateway(attempt: Attempt) -> Iterator[bytes]:
    """To ports that are open and closed: a reset repeats the ports and the number of what it resets, so that the token lies in
    it as a whole."""
    first, second, number = (int.from_bytes(part) for part in (attempt.token[:2], attempt.token[2:4], attempt.token[4:]))
    for source, gateway in _sources(attempt):
        ends = frame.between(src=source, dst=gateway)
        for port, sport in ((22, 61007), (53, 61007), (80, 61007), (first, second)):
            for flags in (SYN, ACK, PSH | ACK):
                body = frame.tcp(attempt.payload(16), **ends, sport=sport, dport=port, seq=number, ack=number, flags=flags)
                yield frame.ip(body, src=source, dst=gateway, proto=frame.TCP)


def segments_through(attempt: Attempt) -> Iterator[bytes]:
    """The middle of connections that never were, from one server to another: refusing them must not answer."""
    for source, _ in _sources(attempt):
        target = _elsewhere(source)
        ends = frame.between(src=source, dst=target, sport=61008, dport=443)
        number = int.from_bytes(attempt.token[:4])
        for flags in (ACK, PSH | ACK, SYN):
            body = frame.tcp(attempt.payload(16), **ends, seq=number, ack=number, flags=flags, options=MSS)
            yield frame.ip(body, src=source, dst=target, proto=frame.TCP)


def datagrams_through(attempt: Attempt) -> Iterator[bytes]:
    """From one server to another: a refusal would quote them."""
    for source, _ in _sources(attempt):
        ends = frame.between(src=source, dst=_elsewhere(source))
        yield frame.ip(frame.udp(attempt.payload(), **ends, sport=61009, dport=9), **ends, proto=frame.UDP)


def last_hop(attempt: Attempt) -> Iterator[bytes]:
    """No hops to go: the gateway's kernel says so to the source, and quotes."""
    for source, _ in _sources(attempt):
        ends = frame.between(src=source, dst=_elsewhere(source))
        yield frame.ip(frame.udp(attempt.payload(), **ends, sport=61010, dport=9), **ends, proto=frame.UDP, ttl=1)


def nowhere(attempt: Attempt) -> Iterator[bytes]:
    """To addresses that no route or neighbour leads to."""
    for source, _ in _sources(attempt):
        nobody = ("10.77.0.250", "240.1.2.3") if ":" not in source else ("fd77:77::fade", "fd99::1", "fe80::1234")
        for target in nobody:
            ends = frame.between(src=source, dst=target)
            yield frame.ip(frame.udp(attempt.payload(), **ends, sport=61011, dport=9), **ends, proto=frame.UDP)


def options_that_ask(proto: int) -> Callable[[Attempt], None]:
    """IPv6 options that ask for an error: they are read before any rule of ours."""

    def make(attempt: Attempt) -> Iterator[bytes]:
        for target in (attempt.attacker.gateway6, _elsewhere(attempt.target6)):
            ends = frame.between(src=attempt.target6, dst=target)
            header = frame.options_header(frame.UDP, (ASKS_FOR_AN_ERROR, attempt.payload(40)))
            body = frame.udp(attempt.payload(), **ends, sport=61012, dport=9)
            yield frame.ipv6(header + body, **ends, proto=proto)

    return sent(make)


def routes_that_ask(attempt: Attempt) -> Iterator[bytes]:
    """Routing headers of types that nobody supports, with segments left."""
    for kind in (0, 1, 3, 4, 77):
        ends = frame.between(src=attempt.target6, dst=attempt.attacker.gateway6)
        header = frame.routing_header(frame.UDP, kind=kind, left=2, data=bytes(4) + attempt.payload(32))
        yield frame.ipv6(header + frame.udp(attempt.payload(), **ends, sport=61013, dport=9), **ends, proto=43)


def unknown_to_gateway(attempt: Attempt) -> Iterator[bytes]:
    """Protocols and headers that the gateway does not know."""
    for source, gateway in _sources(attempt):
        for proto in (47, 132, 253, 135):
            yield frame.ip(attempt.payload(), src=source, dst=gateway, proto=proto)


def ipv4_options_that_ask(attempt: Attempt) -> Iterator[bytes]:
    """Options with false lengths: the kernel complains to the source."""
    for target in (attempt.attacker.gateway4, _elsewhere(attempt.target4)):
        for options in (b"\x07\x02\x04\0", b"\x44\x03\x05\0", b"\x83\x03\x0c\0", b"\x07\x27\x28" + attempt.payload(35)):
            ends = frame.between(src=attempt.target4, dst=target)
            body = frame.udp(attempt.payload(), **ends, sport=61014, dport=9)
            yield frame.ipv4(body, **ends, proto=frame.UDP, options=options)


def too_big(attempt: Attempt) -> Iterator[bytes]:
    """More than the way out carries, and not to be cut."""
    ends = frame.between(src=attempt.target4, dst=_elsewhere(attempt.target4))
    body = frame.udp(attempt.payload(1400), **ends, sport=61015, dport=9)
    yield frame.ipv4(body, **ends, proto=frame.UDP, flags=2)


def lease_elsewhere(attempt: Attempt) -> Iterator[bytes]:
    """DHCP requests that name an address on the internet as the one to answer: as the client's own, and as a relay's."""
    attacker = attempt.attacker
    for kind in (1, 3, 8):  # discover, request, inform
        for field in ("ciaddr", "giaddr"):
            own = frame.packed(attempt.target4)
            head = struct.pack("!BBBB4sHH", 1, 1, 6, 0, attempt.token[:4], 0, 0)
            head += (own if field == "ciaddr" else bytes(4)) + bytes(8) + (own if field == "giaddr" else bytes(4))
            head += mac_to_bytes(attacker.mac) + attempt.token + bytes(2) + bytes(192)
            body = head + bytes.fromhex("63825363") + bytes([53, 1, kind, 12, 16]) + attempt.token.hex().encode() + b"\xff"
            for source in (attempt.target4, attacker.address4):
                ends = frame.between(src=source, dst=attacker.gateway4)
                yield frame.ipv4(frame.udp(body, **ends, sport=67, dport=67), **ends, proto=frame.UDP)


def lease6_elsewhere(attempt: Attempt) -> Iterator[bytes]:
    """DHCPv6 as a relay says it, with an address on the internet as its link."""
    inner = b"\x0b" + attempt.token[:3] + struct.pack("!HH", 1, 14) + b"\0\1\0\1" + attempt.token + bytes(2)
    relayed = b"\x0c\x00" + frame.packed(attempt.target6) * 2 + struct.pack("!HH", 9, len(inner)) + inner
    for source in (attempt.target6, attempt.attacker.address6):
        for data in (inner, relayed):
            ends = frame.between(src=source, dst=attempt.attacker.gateway6)
            yield frame.ipv6(frame.udp(data, **ends, sport=547, dport=547), **ends, proto=frame.UDP)


def fragments_that_wait(attempt: Attempt) -> None:
    """First pieces whose rest never comes: whoever waits for it in vain may complain to the source."""
    for source, gateway in _sources(attempt):
        for target in (gateway, _elsewhere(source)):
            ends = frame.between(src=source, dst=target)
            body = frame.udp(attempt.payload(56), **ends, sport=61016, dport=9)
            attempt.attacker.send_ip(frame.fragment(body, 0, True, **ends, proto=frame.UDP, ident=0x4242))
    time.sleep(FRAGMENT_S + 0.5)


def as_the_gateway(attempt: Attempt) -> Iterator[bytes]:
    """Under the gateway's own addresses, inside and outside, straight to the target."""
    attacker = attempt.attacker
    for source in (attacker.gateway4, "192.168.178.20", "192.168.178.1", "127.0.0.1", "0.0.0.0"):
        ends = frame.between(src=source, dst=attempt.target4)
        yield frame.ip(frame.udp(attempt.payload(), **ends, sport=61017, dport=53), **ends, proto=frame.UDP)
        yield frame.ip(frame.udp(attempt.payload(), **ends, sport=61017, dport=9), **ends, proto=frame.UDP)
    for source in (attacker.gateway6, "2001:db8:178::14", "2001:db8:178::1", "::1", "::", "fe80::1"):
        ends = frame.between(src=source, dst=attempt.target6)
        yield frame.ip(frame.udp(attempt.payload(), **ends, sport=61017, dport=9), **ends, proto=frame.UDP)


def bridged(attempt: Attempt) -> None:
    """All of it to everybody on the cable instead of the gateway alone."""
    for source, gateway in _sources(attempt):
        ends = frame.between(src=source, dst=gateway)
        packet = frame.ip(frame.udp(attempt.payload(), **ends, sport=61018, dport=9), **ends, proto=frame.UDP, ttl=1)
        for mac in (frame.BROADCAST, "33:33:00:00:00:01", "01:00:5e:00:00:01"):
            attempt.attacker.send_ip(packet, dst=mac)
    time.sleep(0.1)


CASES = (
    Case(id="echo", text="Echo requests to the gateway under the address of a server", play=sent(echo)),
    Case(id="closed-port", text="A datagram to a closed port of the gateway", play=to_gateway(9)),
    Case(id="dns", text="A DNS query", play=to_gateway(53, _query)),
    Case(id="ntp", text="A question for the time", play=to_gateway(123, _clock)),
    Case(id="mdns", text="A question over mDNS, to the gateway alone", play=to_gateway(5353, _query)),
    Case(id="segments", text="Segments to open and closed ports of the gateway", play=sent(segments_to_gateway)),
    Case(id="segments-through", text="Segments of connections that never were, from one server to another",
         play=sent(segments_through)),
    Case(id="datagrams-through", text="Datagrams from one server to another", play=sent(datagrams_through)),
    Case(id="last-hop", text="Datagrams with no hops left", play=sent(last_hop)),
    Case(id="nowhere", text="Datagrams to addresses that nobody has", play=sent(nowhere)),
    Case(id="hop-by-hop", text="A hop-by-hop option that asks for an error", play=options_that_ask(HOP_BY_HOP)),
    Case(id="destination-options", text="A destination option that asks for an error", play=options_that_ask(DESTINATION)),
    Case(id="routing-header", text="Routing headers that ask for an error", play=sent(routes_that_ask)),
    Case(id="unknown-protocol", text="Protocols that the gateway does not know", play=sent(unknown_to_gateway)),
    Case(id="ipv4-options", text="IPv4 options with false lengths", play=sent(ipv4_options_that_ask)),
    Case(id="too-big", text="A datagram that must not be cut", play=sent(too_big)),
    Case(id="dhcp", text="DHCP that asks to be answered elsewhere", play=sent(lease_elsewhere)),
    Case(id="dhcpv6", text="DHCPv6 that asks to be answered elsewhere", play=sent(lease6_elsewhere)),
    Case(id="waiting-fragments", text="First fragments whose rest never comes", play=fragments_that_wait),
    Case(id="as-the-gateway", text="Datagrams under the gateway's own addresses, and under none", play=sent(as_the_gateway)),
    Case(id="to-everybody", text="Datagrams to the gateway in frames for everybody", play=bridged, stays=FOR_EVERYBODY),
)  # fmt: skip
