from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.mpls import MPLS
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN

from gateway.wire.frame import MAX_LAYERS, decode_frame, innermost
from gateway.wire.ip import decode_ip

A, B, C, D = (f"02:00:00:00:00:0{digit}" for digit in "1234")
TCP4 = IP(src="10.1.1.1", dst="10.2.2.2") / TCP(sport=4001, dport=443) / b"inner"
UDP6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=4001, dport=443) / b"inner"
OUTER = Ether(src=A, dst=B) / IP(src="192.0.2.1", dst="192.0.2.2")


def nested(depth):
    layers = TCP4
    for _ in range(depth):
        layers = IP(src="192.0.2.1", dst="192.0.2.2") / layers
    return layers


FRAMES = {
    "Ethernet": (1, Ether(src=A, dst=B) / TCP4, A, B),
    "Ethernet, IPv6": (1, Ether(src=A, dst=B) / UDP6, A, B),
    "VLAN": (1, Ether(src=A, dst=B) / Dot1Q(vlan=7) / TCP4, A, B),
    "QinQ": (1, Ether(src=A, dst=B) / Dot1AD(vlan=7) / Dot1Q(vlan=8) / UDP6, A, B),
    "three tags": (1, Ether(src=A, dst=B, type=0x9100) / Dot1Q() / Dot1Q() / Dot1Q() / TCP4, A, B),
    "802.3 with LLC and SNAP": (1, Dot3(src=A, dst=B) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x800) / TCP4, A, B),
    "PPPoE": (1, Ether(src=A, dst=B) / PPPoE(sessionid=1) / PPP(proto=0x57) / UDP6, A, B),
    "MPLS": (1, Ether(src=A, dst=B, type=0x8847) / MPLS(s=0) / MPLS(s=1) / TCP4, A, B),
    "MPLS pseudowire": (1, Ether(src=A, dst=B, type=0x8847) / MPLS(s=1) / bytes(4) / Ether(src=C, dst=D) / TCP4, C, D),
    "VXLAN": (1, OUTER / UDP(dport=4789) / VXLAN(flags=8) / Ether(src=C, dst=D) / TCP4, C, D),
    "GRE in a VLAN": (1, Ether(src=A, dst=B) / Dot1Q() / IP(src="192.0.2.1", dst="192.0.2.2") / GRE() / TCP4, A, B),
    "6in4": (1, OUTER / UDP6, A, B),
    "IP in VXLAN in GRE": (
        1, OUTER / GRE() / IP() / UDP(dport=4789) / VXLAN(flags=8) / Ether(src=C, dst=D) / IP(src="1.2.3.4") / TCP4, C, D),
    "raw IP": (101, TCP4, None, None),
    "802.11": (105, Dot11(type=2, subtype=0, FCfield=1, addr1=C, addr2=A, addr3=B) / LLC() / SNAP(code=0x800) / TCP4, A, B),
    "radiotap, quality of service": (
        127, RadioTap() / Dot11(type=2, subtype=8, FCfield=2, addr1=B, addr2=C, addr3=A) / Dot11QoS() / LLC()
        / SNAP(code=0x86DD) / UDP6, A, B),
}  # fmt: skip


@pytest.mark.parametrize(("link_type", "frame", "src", "dst"), FRAMES.values(), ids=FRAMES)
def test_the_innermost_packet_counts(link_type, frame, src, dst):
    found = decode_frame(bytes(frame), link_type)
    assert found is not None
    assert (found.src_mac, found.dst_mac) == (src, dst)
    inner = "2001:db8::1" if UDP6.src in repr(frame) else "10.1.1.1"
    assert found.packet.src == ip_address(inner).packed
    assert (found.packet.sport, found.packet.dport, found.packet.payload) == (4001, 443, b"inner")


def test_what_only_looks_like_a_tunnel_stays_itself():
    found = decode_frame(bytes(OUTER / UDP(sport=9, dport=4789) / b"not a VXLAN header at all"), 1)
    assert found is not None and (found.packet.dport, found.src_mac) == (4789, A)


def test_an_inner_packet_that_is_broken_leaves_the_outer_one():
    found = decode_frame(bytes(OUTER / GRE() / b"\x45\x00"), 1)
    assert found is not None and found.packet.proto == 47


NOTHING = {
    "empty": (1, b""),
    "half a header": (1, bytes(10)),
    "ARP": (1, bytes(Ether() / ARP())),
    "cut IP": (1, bytes(Ether() / TCP4)[:30]),
    "spanning tree": (1, bytes(Dot3() / LLC(dsap=0x42, ssap=0x42, ctrl=3) / bytes(35))),
    "raw, no IP": (101, b"\x00" * 40),
    "unknown link type": (65_000, bytes(TCP4)),
}


@pytest.mark.parametrize(("link_type", "data"), NOTHING.values(), ids=NOTHING)
def test_no_packet(link_type, data):
    assert decode_frame(data, link_type) is None


def test_tunnels_are_opened_to_a_bounded_depth():
    found = decode_frame(bytes(nested(100)), 101)
    assert found is not None and found.packet.proto == 4
    assert found.packet.length == len(nested(100 - MAX_LAYERS + 1))


def test_a_packet_put_together_from_fragments_is_opened_too():
    whole = decode_ip(bytes(IP() / GRE() / TCP4))
    plain = decode_ip(bytes(TCP4))
    assert whole is not None and plain is not None
    assert innermost(whole) == plain == innermost(plain)


def test_links_without_an_own_path_go_through_scapy():
    found = decode_frame(bytes.fromhex("0001") + bytes(2) + bytes(TCP4), 249)  # USB has no IP
    assert found is None
    ppi = bytes.fromhex("00000800 01000000") + bytes(Ether(src=A, dst=B) / TCP4)
    found = decode_frame(ppi, 192)
    assert found is not None and found.packet.dport == 443


@given(st.sampled_from([0, 1, 9, 10, 12, 50, 51, 101, 104, 105, 108, 113, 127, 192, 239, 258, 276]), st.binary(max_size=200))
def test_any_bytes(link_type, data):
    decode_frame(data, link_type)


@given(st.sampled_from([name for name in FRAMES if FRAMES[name][0] != 192]), st.data())
def test_damaged_frames(name, data):
    link_type, frame, _, _ = FRAMES[name]
    raw = bytearray(bytes(frame))
    for _ in range(3):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    decode_frame(bytes(raw[: data.draw(st.integers(0, len(raw)))]), link_type)
