"""Protocols that carry others, or that nobody in a home speaks. As raw frames: most have no support in the gadget's kernel."""

import struct
from collections.abc import Callable, Iterator

from .. import frame
from .case import Attempt, Case
from .packet import datagram, sent

IGMP, IPIP, EGP, DCCP, IPV6, GRE, ESP, AH, OSPF, ETHERIP, PIM, L2TP, SCTP, UDPLITE = (
    2, 4, 8, 33, 41, 47, 50, 51, 89, 97, 103, 115, 132, 136,
)  # fmt: skip
NUMBERS = (0, 3, 61, 63, 99, 114, 143, 144, 200, 252, 253, 254, 255)

NOT_UNPACKED = "no router unpacks what it was not told to"


def _to(attempt: Attempt, body: bytes, proto: int, *, both: bool = True) -> Iterator[bytes]:
    for target in attempt.targets[: 2 if both else 1]:
        yield frame.ip(body, src=attempt.attacker.own(target), dst=target, proto=proto)


def sctp(attempt: Attempt) -> Iterator[bytes]:
    """INIT, and a DATA chunk without an association."""
    ports = struct.pack("!HHII", 61000, 36412, 0, 0)
    init = struct.pack("!BBHIIHHI", 1, 0, 20 + 4 + 64, 7, 65536, 1, 1, 1) + struct.pack("!HH", 0x8008, 68) + attempt.payload()
    data = struct.pack("!BBHIHHI", 0, 3, 16 + 64, 1, 0, 0, 0) + attempt.payload()
    yield from _to(attempt, ports + init, SCTP)
    yield from _to(attempt, ports + data, SCTP)


def gre(attempt: Attempt) -> Iterator[bytes]:
    inner = frame.ipv4(datagram(attempt, attempt.target4), src="10.77.0.66", dst=attempt.target4, proto=frame.UDP)
    yield from _to(attempt, struct.pack("!HH", 0, frame.ETH_IPV4) + inner, GRE)
    yield from _to(attempt, struct.pack("!HHII", 0x3001, 0x880B, 64 << 16 | 7, 1) + attempt.payload(), GRE)


def esp(attempt: Attempt) -> Iterator[bytes]:
    yield from _to(attempt, struct.pack("!II", 0x1000, 1) + attempt.payload(), ESP)


def ah(attempt: Attempt) -> Iterator[bytes]:
    for target in attempt.targets:
        body = frame.authentication_header(frame.UDP, attempt.payload(), unit=8) + datagram(attempt, target)
        yield frame.ip(body, src=attempt.attacker.own(target), dst=target, proto=AH)


def in_ip(attempt: Attempt) -> Iterator[bytes]:
    """A packet in a packet; also to the gateway itself, which might unpack it."""
    attacker = attempt.attacker
    inner4 = frame.ipv4(datagram(attempt, attempt.target4), src=attacker.address4, dst=attempt.target4, proto=frame.UDP)
    inner6 = frame.ipv6(datagram(attempt, attempt.target6), src=attacker.address6, dst=attempt.target6, proto=frame.UDP)
    for inner, proto in ((inner4, IPIP), (inner6, IPV6)):
        for outer in (*attempt.targets, attacker.gateway4, attacker.gateway6):
            yield frame.ip(inner, src=attacker.own(outer), dst=outer, proto=proto)


def through_the_gateways_tunnels(attempt: Attempt) -> Iterator[bytes]:
    """GRE, EtherIP, L2TP, VXLAN and Teredo to the gateway: it must not unpack what it never set up."""
    attacker = attempt.attacker
    inner = frame.ipv4(datagram(attempt, attempt.target4), src=attacker.address4, dst=attempt.target4, proto=frame.UDP)
    cable = frame.ethernet(inner, dst=attacker.gateway_mac, src=attacker.mac, kind=frame.ETH_IPV4)
    for proto, body in ((GRE, struct.pack("!HH", 0, frame.ETH_IPV4) + inner), (ETHERIP, b"\x30\0" + cable),
                        (L2TP, struct.pack("!I", 7) + cable)):  # fmt: skip
        yield frame.ipv4(body, src=attacker.address4, dst=attacker.gateway4, proto=proto)
    for port, body in ((4789, struct.pack("!II", 0x08000000, 7 << 8) + cable), (3544, inner), (6081, bytes(8) + cable)):
        ends = frame.between(src=attacker.address4, dst=attacker.gateway4)
        yield frame.ipv4(frame.udp(body, **ends, sport=port, dport=port), **ends, proto=frame.UDP)


def udp_lite(attempt: Attempt) -> Iterator[bytes]:
    """Checksum over its header only (RFC 3828)."""
    for target in attempt.targets:
        ends = frame.between(src=attempt.attacker.own(target), dst=target)
        body = struct.pack("!HHHH", 61001, 443, 8, 0)
        body = body[:6] + frame.transport_checksum(body, **ends, proto=UDPLITE).to_bytes(2) + attempt.payload()
        yield frame.ip(body, **ends, proto=UDPLITE)


def dccp(attempt: Attempt) -> Iterator[bytes]:
    """A request whose service code and options hold bytes (RFC 4340)."""
    for target in attempt.targets:
        ends = frame.between(src=attempt.attacker.own(target), dst=target)
        head = struct.pack("!HHBBHBxHI", 61002, 443, 21, 0, 0, 1, 0, 1) + attempt.payload(68)
        yield frame.ip(head[:6] + frame.transport_checksum(head, **ends, proto=DCCP).to_bytes(2) + head[8:], **ends, proto=DCCP)


def _plain(*numbers: int) -> Callable[[Attempt], None]:
    def make(attempt: Attempt) -> Iterator[bytes]:
        for number in numbers:
            yield from _to(attempt, attempt.payload(), number)

    return sent(make)


CASES = (
    Case(id="sctp", text="SCTP: bytes in an INIT and in a DATA chunk", play=sent(sctp)),
    Case(id="gre", text="GRE, plain and as PPTP has it", play=sent(gre)),
    Case(id="esp", text="ESP", play=sent(esp)),
    Case(id="ah", text="AH, with bytes in its check value", play=sent(ah)),
    Case(id="ip-in-ip", text="IP in IP and 6in4, to a server and to the gateway itself", play=sent(in_ip)),
    Case(id="gateway-tunnels", text="GRE, EtherIP, L2TP, VXLAN, Geneve and Teredo to the gateway itself",
         play=sent(through_the_gateways_tunnels), stays=NOT_UNPACKED),
    Case(id="udp-lite", text="UDP-Lite", play=sent(udp_lite)),
    Case(id="dccp", text="DCCP: bytes in a request", play=sent(dccp)),
    Case(id="routing", text="IGMP, EGP, OSPF and PIM to an address of the internet", play=_plain(IGMP, EGP, OSPF, PIM)),
    Case(id="ethernet-in-ip", text="EtherIP and L2TP to an address of the internet", play=_plain(ETHERIP, L2TP)),
    Case(id="unknown-numbers", text=f"Protocol numbers {', '.join(map(str, NUMBERS))}", play=_plain(*NUMBERS)),
)  # fmt: skip
