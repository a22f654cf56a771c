"""Headers of one packet: against Scapy, against tables of broken ones, and against any bytes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_Router_Alert
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.layers.ipsec import AH
from scapy.packet import Packet as ScapyPacket

from gateway.model.packet import Packet
from gateway.wire.ip import MAX_EXTENSIONS, decode_ip, decode_transport

V4 = IP(src="10.77.0.20", dst="203.0.113.10")
V6 = IPv6(src="2001:db8::20", dst="2001:db8:1::10")
TCP_SEGMENT = TCP(sport=40_000, dport=443, seq=0xFFFFFFF0, ack=7, flags="PA")
DATAGRAM = UDP(sport=5_353, dport=53)

WHOLE = {
    "tcp4": V4 / TCP_SEGMENT / b"hello",
    "tcp4-without-payload": V4 / TCP(sport=1, dport=2, flags="S"),
    "tcp4-tcp-options": V4 / TCP(sport=1, dport=2, options=[("MSS", 1460), ("NOP", None), ("WScale", 7)]) / b"x",
    "tcp4-ip-options": IP(src="10.0.0.1", dst="10.0.0.2", options=[IPOption_NOP()] * 5) / TCP_SEGMENT / b"x",
    "udp4": V4 / DATAGRAM / b"question",
    "udp4-empty": V4 / UDP(sport=1, dport=2),
    "udp4-ip-options": IP(src="10.0.0.1", dst="10.0.0.2", options=[IPOption_Router_Alert()]) / DATAGRAM / b"x",
    "tcp6": V6 / TCP_SEGMENT / b"hello",
    "udp6": V6 / DATAGRAM / b"question",
    "hop-by-hop": V6 / IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 12)]) / TCP_SEGMENT / b"x",
    "routing-destination": V6 / IPv6ExtHdrRouting(addresses=["2001:db8::1"]) / IPv6ExtHdrDestOpt() / DATAGRAM / b"x",
    "atomic-fragment": V6 / IPv6ExtHdrFragment(offset=0, m=0, id=9) / DATAGRAM / b"x",
    "authentication4": V4 / AH(nh=6, spi=1, seq=1, icv=b"\1" * 12, payloadlen=4) / TCP_SEGMENT / b"x",
    "authentication6": V6 / AH(nh=6, spi=1, seq=1, icv=b"\1" * 12, payloadlen=4) / TCP_SEGMENT / b"x",
}


def _judged_by_scapy(packet: ScapyPacket) -> tuple[object, ...]:
    if AH in packet:  # Scapy stops there
        packet[AH].payload = TCP(bytes(packet[AH].payload))
    layer = packet[TCP] if TCP in packet else packet[UDP]
    flags, seq = (int(layer.flags), layer.seq) if TCP in packet else (0, 0)
    return packet.version, 6 if TCP in packet else 17, layer.sport, layer.dport, flags, seq, bytes(layer.payload)


@pytest.mark.parametrize("name", [name for name in WHOLE if name != "authentication4"])
def test_agrees_with_scapy(name: str) -> None:
    data = bytes(WHOLE[name])
    again = WHOLE[name].__class__(data)
    packet = decode_ip(data)
    assert packet is not None
    seen = (packet.version, packet.proto, packet.sport, packet.dport, packet.flags, packet.seq, packet.payload)
    assert seen == _judged_by_scapy(again)
    assert (packet.length, packet.payload_length, packet.fragment) == (len(data), len(packet.payload), None)


@pytest.mark.parametrize("name", WHOLE)
def test_trailing_bytes_of_the_link_do_not_count(name: str) -> None:
    data = bytes(WHOLE[name])
    assert decode_ip(data + b"\xff" * 18) == decode_ip(data)


@pytest.mark.parametrize("name", WHOLE)
def test_every_cut_is_a_shorter_payload_or_nothing(name: str) -> None:
    data = bytes(WHOLE[name])
    whole = decode_ip(data)
    assert whole is not None
    for size in range(len(data)):
        cut = decode_ip(data[:size])
        if cut is not None:
            assert cut._replace(payload=whole.payload, options=whole.options) == whole
            assert whole.payload.startswith(cut.payload)


def test_addresses_are_packed() -> None:
    packet = decode_ip(bytes(WHOLE["tcp4"]))
    assert packet is not None and (packet.src, packet.dst) == (bytes((10, 77, 0, 20)), bytes((203, 0, 113, 10)))


def test_authentication_header_of_ipv4_is_its_own_protocol() -> None:
    packet = decode_ip(bytes(WHOLE["authentication4"]))
    assert packet is not None and packet.proto == 51 and packet.payload_length == len(packet.payload)


@pytest.mark.parametrize(
    ("data", "kind", "code", "payload"),
    [
        pytest.param(bytes(V4 / ICMP(type=8, code=0) / b"ping"), 8, 0, b"ping", id="echo4"),
        pytest.param(bytes(V4 / ICMP(type=3, code=13) / b"quoted"), 3, 13, b"quoted", id="unreachable4"),
        pytest.param(bytes(V6 / ICMPv6EchoRequest(data=b"ping")), 128, 0, b"ping", id="echo6"),
    ],
)
def test_icmp_has_type_and_code_for_ports(data: bytes, kind: int, code: int, payload: bytes) -> None:
    packet = decode_ip(data)
    assert packet is not None and (packet.sport, packet.dport, packet.payload) == (kind, code, payload)


@pytest.mark.parametrize("proto", [47, 50, 132, 59], ids=["gre", "esp", "sctp", "none"])
@pytest.mark.parametrize("version", [4, 6])
def test_other_protocols_have_no_ports(proto: int, version: int) -> None:
    head = IP(src="10.0.0.1", dst="10.0.0.2", proto=proto) if version == 4 else IPv6(nh=proto)
    packet = decode_ip(bytes(head / b"anything"))
    assert packet is not None
    assert (packet.proto, packet.sport, packet.dport, packet.payload) == (proto, 0, 0, b"anything")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(IP(id=7, flags="MF", frag=0, proto=17), (7, 0, True), id="first4"),
        pytest.param(IP(id=7, flags="MF", frag=3, proto=17), (7, 24, True), id="middle4"),
        pytest.param(IP(id=7, frag=3, proto=6), (7, 24, False), id="last4-tcp"),
        pytest.param(IPv6() / IPv6ExtHdrFragment(id=70_000, offset=0, m=1, nh=17), (70_000, 0, True), id="first6"),
        pytest.param(IPv6() / IPv6ExtHdrFragment(id=70_000, offset=2, m=0, nh=6), (70_000, 16, False), id="last6"),
    ],
)
def test_fragments_keep_everything_after_the_ip_headers(head: ScapyPacket, expected: tuple[int, int, bool]) -> None:
    packet = decode_ip(bytes(head / (b"\0" * 24)))
    assert packet is not None
    assert (packet.fragment, packet.sport, packet.dport, packet.payload) == (expected, 0, 0, b"\0" * 24)


def _patched(packet: ScapyPacket, at: int, value: bytes) -> bytes:
    data = bytes(packet)
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x45", id="one-byte"),
        pytest.param(b"\x00" * 60, id="version-0"),
        pytest.param(b"\x55" * 60, id="version-5"),
        pytest.param(_patched(WHOLE["tcp4"], 0, b"\x44"), id="header-of-16-bytes"),
        pytest.param(_patched(WHOLE["tcp4"], 0, b"\x4f"), id="header-longer-than-packet"),
        pytest.param(_patched(WHOLE["tcp4"], 2, b"\x00\x13"), id="total-length-within-header"),
        pytest.param(_patched(WHOLE["tcp4"], 2, b"\x00\x1e"), id="total-length-within-tcp-header"),
        pytest.param(_patched(WHOLE["tcp4"], 32, b"\x40"), id="tcp-offset-4"),
        pytest.param(_patched(WHOLE["tcp4"], 32, b"\xf0"), id="tcp-offset-beyond-packet"),
        pytest.param(_patched(WHOLE["udp4"], 24, b"\xff\xff"), id="udp-longer-than-packet"),
        pytest.param(bytes(WHOLE["tcp4"])[:30], id="cut-in-the-tcp-header"),
        pytest.param(bytes(WHOLE["udp4"])[:24], id="cut-in-the-udp-header"),
        pytest.param(bytes(V4 / ICMP())[:22], id="cut-in-the-icmp-header"),
        pytest.param(bytes(WHOLE["hop-by-hop"])[:44], id="cut-in-an-extension-header"),
        pytest.param(_patched(WHOLE["hop-by-hop"], 41, b"\xff"), id="extension-beyond-packet"),
        pytest.param(
            bytes(IPv6(nh=60) / (struct.pack("!BBIH", 60, 0, 0, 0) * (MAX_EXTENSIONS + 2))), id="too-many-extensions"
        ),
    ],
)
def test_what_contradicts_itself_is_nothing(data: bytes) -> None:
    assert decode_ip(data) is None


def test_length_zero_means_as_much_as_there_is() -> None:
    data = _patched(WHOLE["tcp4"], 2, b"\0\0")
    packet = decode_ip(data)
    assert packet is not None and packet.payload == b"hello" and packet.length == len(data)


def test_udp_length_zero_means_as_much_as_ip_states() -> None:
    packet = decode_ip(_patched(WHOLE["udp4"], 24, b"\0\0"))
    assert packet is not None and packet.payload == b"question"


@given(st.binary(max_size=120))
def test_any_bytes(data: bytes) -> None:
    _check(decode_ip(data), data)


@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 100), st.binary(min_size=1, max_size=4))
def test_any_change_of_a_packet(name: str, at: int, value: bytes) -> None:
    data = _patched(WHOLE[name], at, value)
    _check(decode_ip(data), data)


def _check(packet: Packet | None, data: bytes) -> None:
    if packet is None:
        return
    assert len(packet.payload) <= min(len(data), packet.payload_length)
    assert 0 <= packet.payload_length <= packet.length
    assert len(packet.src) == len(packet.dst) == (4 if packet.version == 4 else 16)


@pytest.mark.parametrize("name", ["tcp4", "udp6", "routing-destination"])
def test_transport_of_a_reassembled_datagram(name: str) -> None:
    whole = decode_ip(bytes(WHOLE[name]))
    assert whole is not None
    start = 20 if whole.version == 4 else 40
    body = bytes(WHOLE[name])[start:]
    nexthdr = WHOLE[name].nh if whole.version == 6 else whole.proto
    datagram = whole._replace(proto=nexthdr, payload=body, payload_length=len(body))
    assert decode_transport(datagram) == whole
