from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.contrib.mpls import MPLS as MPLSLabel
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, GRE_PPTP, Ether
from scapy.layers.l2tp import L2TP
from scapy.layers.ppp import PPP as PPPHeader
from scapy.layers.vxlan import VXLAN

from gateway.model.packet import Packet
from gateway.wire.ip import decode_ip
from gateway.wire.tunnel import ETHERNET, IPV4, IPV6, MPLS, PPP, unwrap

INNER4 = IP(src="10.1.1.1", dst="10.2.2.2") / TCP(sport=4001, dport=443) / b"inner"
INNER6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=4002, dport=53) / b"inner"
FRAME = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / INNER4
OUTER = IP(src="192.0.2.1", dst="192.0.2.2")


def outer(layers):
    packet = decode_ip(bytes(layers))
    assert packet is not None
    return packet


def udp(dport, payload, sport=5000):
    return OUTER / UDP(sport=sport, dport=dport) / payload


CASES = {
    "IP in IP": (OUTER / INNER4, IPV4, INNER4),
    "6in4": (OUTER / INNER6, IPV6, INNER6),
    "IPv6 in IPv6": (IPv6(src="2001:db8::9", dst="2001:db8::8") / INNER6, IPV6, INNER6),
    "GRE": (OUTER / GRE() / INNER4, IPV4, INNER4),
    "GRE with IPv6": (OUTER / GRE(proto=0x86DD) / INNER6, IPV6, INNER6),
    "GRE with checksum, key, sequence": (
        OUTER / GRE(chksum_present=1, key_present=1, key=7, seqnum_present=1, sequence_number=9) / INNER4, IPV4, INNER4),
    "GRE with Ethernet": (OUTER / GRE(proto=0x6558) / FRAME, ETHERNET, FRAME),
    "GRE with MPLS": (OUTER / GRE(proto=0x8847) / MPLSLabel(label=3, s=1) / INNER4, MPLS, MPLSLabel(label=3, s=1) / INNER4),
    "PPTP": (OUTER / GRE_PPTP(seqnum_present=1, sequence_number=1, acknum_present=1) / PPPHeader(proto=0x21) / INNER4, PPP,
             PPPHeader(proto=0x21) / INNER4),
    "ERSPAN I": (OUTER / GRE(proto=0x88BE) / FRAME, ETHERNET, FRAME),
    "ERSPAN II": (OUTER / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / FRAME, ETHERNET, FRAME),
    "ERSPAN III": (OUTER / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(o=0) / FRAME, ETHERNET, FRAME),
    "ERSPAN III with subheader": (
        OUTER / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(o=1) / ERSPAN_PlatformSpecific() / FRAME, ETHERNET, FRAME),
    "VXLAN": (udp(4789, VXLAN(vni=5, flags=8) / FRAME), ETHERNET, FRAME),
    "VXLAN on its old port": (udp(8472, VXLAN(vni=5, flags=8) / FRAME), ETHERNET, FRAME),
    "VXLAN-GPE": (udp(4790, VXLAN(vni=5, flags=0x0C, NextProtocol=1) / INNER4), IPV4, INNER4),
    "GENEVE": (udp(6081, GENEVE(vni=5) / FRAME), ETHERNET, FRAME),
    "GENEVE with options and IP": (
        udp(6081, GENEVE(vni=5, proto=0x0800, options=[GeneveOptions(data=b"abcd")]) / INNER4), IPV4, INNER4),
    "GTP-U": (udp(2152, GTP_U_Header(teid=1, gtp_type=255) / INNER4, sport=2152), IPV4, INNER4),
    "GTP-U with extension": (
        udp(2152, GTP_U_Header(teid=1, gtp_type=255, E=1, next_ex=0x85) / GTPPDUSessionContainer(QFI=3) / INNER4),
        IPV4, INNER4),
    "Teredo": (udp(3544, INNER6), IPV6, INNER6),
    "Teredo with authentication and origin": (
        udp(3544, b"\x00\x01\x00\x00" + bytes(9) + b"\x00\x00" + bytes(6) + bytes(INNER6)), IPV6, INNER6),
    "L2TP": (udp(1701, L2TP(hdr=["length", "sequence"], tunnel_id=1, session_id=2) / PPPHeader(proto=0x21) / INNER4),
             PPP, PPPHeader(proto=0x21) / INNER4),
    "L2TP with offset": (udp(1701, bytes.fromhex("0202 0001 0002 0004 aaaaaaaa") + b"\x00\x21" + bytes(INNER4)),
                         PPP, b"\x00\x21" + bytes(INNER4)),
    "L2TPv3 over IP": (None, ETHERNET, FRAME),
    "EtherIP": (None, ETHERNET, FRAME),
    "MPLS in IP": (None, MPLS, MPLSLabel(s=1) / INNER4),
    "MPLS in UDP": (udp(6635, MPLSLabel(s=1) / INNER4), MPLS, MPLSLabel(s=1) / INNER4),
}  # fmt: skip
HEADS = {"L2TPv3 over IP": (115, b"\x00\x00\x00\x07" + bytes(4)), "EtherIP": (97, b"\x30\x00"), "MPLS in IP": (137, b"")}


@pytest.mark.parametrize("name", CASES)
def test_opens_one_layer(name):
    layers, kind, inside = CASES[name]
    if name in HEADS:
        proto, head = HEADS[name]
        layers = IP(src="192.0.2.1", dst="192.0.2.2", proto=proto) / (head + bytes(inside))
    assert unwrap(outer(layers)) == (kind, bytes(inside))


NOTHING = {
    "plain TCP": INNER4,
    "plain UDP": udp(53, b"x" * 20),
    "another protocol": IP(proto=50) / (b"x" * 20),
    "later fragment": IP(proto=4, frag=5) / bytes(INNER4),
    "empty IP in IP": IP(proto=4),
    "IP in IP of another version": IP(proto=4) / (b"\x55" * 24),
    "short GRE": IP(proto=47) / b"\x00\x00",
    "GRE of a later version": IP(proto=47) / b"\x00\x03\x08\x00aaaa",
    "GRE with routing": IP(proto=47) / b"\x40\x00\x08\x00aaaa",
    "short ERSPAN III": OUTER / GRE(proto=0x22EB, seqnum_present=1) / b"\x20\x00",
    "short GENEVE": udp(6081, b"\x00\x00\x65\x58"),
    "GENEVE of another version": udp(6081, b"\x40\x00\x65\x58" + bytes(20)),
    "VXLAN without its flag": udp(4789, bytes(30)),
    "VXLAN-GPE of another protocol": udp(4790, b"\x0c\x00\x00\x09" + bytes(20)),
    "GTP-U echo": udp(2152, b"\x30\x01\x00\x00" + bytes(8)),
    "GTP-U with an endless extension": udp(2152, b"\x34\xff\x00\x10" + bytes(7) + b"\x85\x00\x00\x00\x00"),
    "Teredo bubble of nothing": udp(3544, b"\x00\x00"),
    "L2TP control": udp(1701, b"\xc8\x02" + bytes(12)),
    "L2TPv3 control": IP(proto=115) / bytes(24),
    "EtherIP of another version": IP(proto=97) / (b"\x40\x00" + bytes(20)),
}


@pytest.mark.parametrize("layers", NOTHING.values(), ids=NOTHING)
def test_what_is_no_tunnel(layers):
    assert unwrap(outer(layers)) is None


@given(st.sampled_from([4, 17, 41, 47, 97, 115, 137]), st.sampled_from([1701, 2152, 3544, 4789, 4790, 6081, 6635]), st.binary())
def test_any_bytes(proto, port, payload):
    address = ip_address("192.0.2.1").packed
    packet = Packet(4, address, address, proto, port, port, 0, 0, payload, 20 + len(payload), len(payload))
    inside = unwrap(packet)
    assert inside is None or payload.endswith(inside[1])
