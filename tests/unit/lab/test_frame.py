from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether

from gateway.lab import frame

MAC, GATEWAY = "02:00:5e:10:00:66", "02:00:5e:77:00:01"
V4 = {"src": "10.77.0.66", "dst": "198.51.100.100"}
V6 = {"src": "fd77:77::42", "dst": "2001:db8:cafe::bad:64"}
FAMILIES = pytest.mark.parametrize("ends", [pytest.param(V4, id="ipv4"), pytest.param(V6, id="ipv6")])


def rebuilt(packet: Any) -> bytes:
    """With the lengths and checksums that Scapy finds right."""
    for layer in list(packet.layers()):
        found = packet.getlayer(layer)
        for name in ("chksum", "cksum", "len", "plen", "ihl", "dataofs"):
            if name in found.fields:
                delattr(found, name)
    return bytes(packet)


@FAMILIES
def test_tcp_is_what_scapy_would_build(ends: dict[str, str]) -> None:
    flags = frame.SYN | frame.URG
    fields: Any = {"sport": 61000, "dport": 443, "seq": 2**32 + 5, "ack": 7, "flags": flags, "options": frame.MSS, "urgent": 9}
    built = frame.ip(frame.tcp(b"odd", **ends, **fields), **ends, proto=frame.TCP)
    read = (IPv6 if ":" in ends["dst"] else IP)(built)
    segment = read[TCP]
    assert (segment.sport, segment.dport, segment.seq, segment.ack, segment.urgptr) == (61000, 443, 5, 7, 9)
    assert segment.flags == "SU" and segment.options == [("MSS", 1460)] and bytes(segment.payload) == b"odd"
    assert (read.src, read.dst) == (ends["src"], ends["dst"])
    assert rebuilt(read) == built


@FAMILIES
def test_udp_is_what_scapy_would_build(ends: dict[str, str]) -> None:
    built = frame.ip(frame.udp(b"payload", **ends, sport=1, dport=2), **ends, proto=frame.UDP, ttl=3)
    read = (IPv6 if ":" in ends["dst"] else IP)(built)
    assert (read[UDP].sport, read[UDP].dport, bytes(read[UDP].payload)) == (1, 2, b"payload")
    assert rebuilt(read) == built


@pytest.mark.parametrize("build", [frame.tcp, frame.udp])
def test_bad_checksums_are_bad(build: Any) -> None:
    more = {"seq": 1} if build is frame.tcp else {}
    bodies = [build(b"x", **V4, sport=1, dport=2, bad=bad, **more) for bad in (False, True)]
    proto = frame.TCP if more else frame.UDP
    assert [frame.transport_checksum(body, **V4, proto=proto) == 0 for body in bodies] == [True, False]


def test_a_datagram_may_end_before_its_packet() -> None:
    read = IP(frame.ip(frame.udp(b"hidden", **V4, sport=1, dport=2, length=8), **V4, proto=frame.UDP))
    assert (read[UDP].len, read.len) == (8, 34)


def test_ipv4_options_fields_and_false_lengths() -> None:
    built = frame.ipv4(b"body", **V4, proto=253, ident=7, flags=2, options=b"\x1e\x06abcd")
    read = IP(built)
    assert (read.ihl, read.len, read.id, read.flags, read.proto) == (7, 32, 7, "DF", 253)
    assert rebuilt(read) == built
    assert IP(frame.ipv4(b"body", **V4, proto=253, length=20)).len == 20


def test_icmp_of_both_families() -> None:
    four = IP(frame.ipv4(frame.icmp(8, 0, b"\0\1\0\2", b"body"), **V4, proto=frame.ICMP))
    assert (four[ICMP].id, four[ICMP].seq, bytes(four[ICMP].payload)) == (1, 2, b"body")
    assert rebuilt(four) == bytes(four)
    six = IPv6(frame.ipv6(frame.icmp6(128, 0, b"\0\1\0\2", b"body", **V6), **V6, proto=frame.ICMPV6))
    assert six[ICMPv6EchoRequest].data == b"body"
    assert rebuilt(six) == bytes(six)
    error = IPv6(frame.ipv6(frame.icmp6(1, 4, bytes(4), bytes(six), **V6), **V6, proto=frame.ICMPV6))
    assert error[ICMPv6DestUnreach].code == 4 and rebuilt(error) == bytes(error)


@pytest.mark.parametrize(("proto", "header", "layer"), [
    pytest.param(frame.HOP_BY_HOP, frame.options_header(59, (0x1E, b"abc")), IPv6ExtHdrHopByHop, id="hop-by-hop"),
    pytest.param(frame.DESTINATION, frame.options_header(59, (0x1E, b"a" * 70)), IPv6ExtHdrDestOpt, id="destination"),
    pytest.param(frame.ROUTING, frame.routing_header(59, kind=77, left=2, data=b"abcdef"), IPv6ExtHdrRouting, id="routing"),
    pytest.param(frame.AUTHENTICATION, frame.authentication_header(59, b"abcde", unit=8), AH, id="authentication"),
    pytest.param(frame.FRAGMENT, frame.fragment_header(59, offset=64, more=True, ident=9), IPv6ExtHdrFragment, id="fragment"),
])  # fmt: skip
def test_extension_headers_end_where_they_say(proto: int, header: bytes, layer: Any) -> None:
    assert len(header) % 8 == 0
    read = IPv6(frame.ipv6(header, **V6, proto=proto))
    assert layer in read
    assert (header[1] + 2) * 4 == len(header) if layer is AH else True
    if layer in (IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt):
        assert (header[1] + 1) * 8 == len(header) and read[layer].options[0].optdata[:3] in (b"abc", b"aaa")
    if layer is IPv6ExtHdrFragment:
        assert (read[layer].offset, read[layer].m, read[layer].id) == (8, 1, 9)


@FAMILIES
def test_fragments_come_together_again(ends: dict[str, str]) -> None:
    body = bytes(range(200))
    parts = {}
    for piece in frame.fragments(body, 64, **ends, proto=253, ident=5):
        read = (IPv6 if ":" in ends["dst"] else IP)(piece)
        if ":" in ends["dst"]:
            head = read[IPv6ExtHdrFragment]
            parts[head.offset * 8] = (bytes(head.payload), bool(head.m))
        else:
            parts[read.frag * 8] = (bytes(read.payload), "MF" in str(read.flags))
    assert b"".join(parts[at][0] for at in sorted(parts)) == body
    assert [more for _, (_, more) in sorted(parts.items())] == [True, True, True, False]


def test_tags_and_arp() -> None:
    tagged = Ether(frame.ethernet(b"", dst=GATEWAY, src=MAC, kind=0x0800, tags=[(frame.ETH_QINQ, 5), (frame.ETH_VLAN, 0xE007)]))
    assert (tagged.dst, tagged.src, tagged.type) == (GATEWAY, MAC, 0x88A8)
    assert (tagged[Dot1AD].vlan, tagged[Dot1Q].vlan, tagged[Dot1Q].prio) == (5, 7, 7)
    said = ARP(frame.arp(kind=2, sender=(MAC, "10.77.0.5"), target=(GATEWAY, "10.77.0.1")))
    assert (said.op, said.hwsrc, said.psrc, said.hwdst, said.pdst) == (2, MAC, "10.77.0.5", GATEWAY, "10.77.0.1")
