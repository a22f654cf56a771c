import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import LLC, SNAP, CookedLinux, CookedLinuxV2, Ether

from gateway.wire.link import LINKS, NO_MACS, STEPS
from gateway.wire.tunnel import ETHERNET, IPV4, IPV6, MPLS

A, B, C = "02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0c"
V4, V6 = bytes(IP() / TCP()), bytes(IPv6() / TCP())
SNAP4 = bytes(LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x0800)) + V4
SENDER = bytes.fromhex("02000000000a")


def wifi(**fields):
    return bytes(Dot11(type=2, **fields))


OPENED = {
    "null, IPv4": (0, b"\x02\x00\x00\x00" + V4, IPV4, V4, NO_MACS),
    "loop, IPv6": (108, b"\x00\x00\x00\x18" + V6, IPV6, V6, NO_MACS),
    "raw, OpenBSD's number": (14, V6, IPV6, V6, NO_MACS),
    "PPP": (9, b"\x00\x21" + V4, IPV4, V4, NO_MACS),
    "PPP with HDLC framing": (9, b"\xff\x03\x00\x57" + V6, IPV6, V6, NO_MACS),
    "PPP with a compressed protocol": (50, b"\xff\x03\x21" + V4, IPV4, V4, NO_MACS),
    "Cisco's framing on PPP": (50, b"\x0f\x00\x08\x00" + V4, IPV4, V4, NO_MACS),
    "PPPoE": (51, bytes.fromhex("1100 0001 0030 0021") + V4, IPV4, V4, NO_MACS),
    "Cisco HDLC": (104, b"\x0f\x00\x86\xdd" + V6, IPV6, V6, NO_MACS),
    "cooked": (113, bytes(CookedLinux(src=SENDER, lladdrlen=6, proto=0x800)) + V4, IPV4, V4, (A, None)),
    "cooked, no address": (113, bytes(CookedLinux(lladdrlen=0, proto=0x800)) + V4, IPV4, V4, NO_MACS),
    "cooked, zero address": (113, bytes(CookedLinux(src=bytes(6), lladdrlen=6, proto=0x800)) + V4, IPV4, V4, NO_MACS),
    "cooked, second version": (
        276, bytes(CookedLinuxV2(src=SENDER + bytes(2), lladdrlen=6, proto=0x86DD)) + V6, IPV6, V6, (A, None)),
    "802.11 to the access point": (105, wifi(FCfield=1, addr1=C, addr2=A, addr3=B) + SNAP4, 1, SNAP4, (A, B)),
    "802.11 from the access point": (105, wifi(FCfield=2, addr1=B, addr2=C, addr3=A) + SNAP4, 1, SNAP4, (A, B)),
    "802.11 between two": (105, wifi(FCfield=0, addr1=B, addr2=A, addr3=C) + SNAP4, 1, SNAP4, (A, B)),
    "802.11 over a bridge": (105, wifi(FCfield=3, addr1=C, addr2=C, addr3=B, addr4=A) + SNAP4, 1, SNAP4, (A, B)),
    "802.11 with quality of service": (
        105, wifi(subtype=8, FCfield=1, addr1=C, addr2=A, addr3=B) + bytes(Dot11QoS()) + SNAP4, 1, SNAP4, (A, B)),
    "802.11 with high throughput control": (
        105, wifi(subtype=8, FCfield=0x81, addr1=C, addr2=A, addr3=B) + bytes(6) + SNAP4, 1, SNAP4, (A, B)),
    "802.11 aggregate": (
        105, wifi(subtype=8, FCfield=1, addr1=C, addr2=A, addr3=B) + b"\x80\x00" + bytes(14) + SNAP4, 1, SNAP4, (A, B)),
    "radiotap": (127, bytes(RadioTap()) + wifi(FCfield=1, addr1=C, addr2=A, addr3=B) + SNAP4, 1, SNAP4, (A, B)),
    "radiotap with a padded header": (
        127, bytes.fromhex("0000 1100 03000000 0000000000000000 20") + wifi(subtype=8, FCfield=1, addr1=C, addr2=A, addr3=B)
        + bytes(4) + SNAP4, 1, SNAP4, (A, B)),
    "radiotap, flags without padding": (
        127, bytes.fromhex("0000 0d00 02000080 00000000 00") + wifi(FCfield=1, addr1=C, addr2=A, addr3=B) + SNAP4,
        1, SNAP4, (A, B)),
    "PKTAP": (258, (108).to_bytes(4, "little") + bytes(4) + (101).to_bytes(4, "little") + bytes(96) + V4, IPV4, V4, NO_MACS),
    "netfilter log": (239, bytes.fromhex("00000000 08000100 00000000") + (4 + len(V4)).to_bytes(2, "little") + b"\x09\x00" + V4,
                      IPV4, V4, NO_MACS),
    "FDDI": (10, b"\x50" + bytes.fromhex("02000000000b 02000000000a") + SNAP4, 1, SNAP4, (A, B)),
    "switch tag": (284, bytes(Ether(src=A, dst=B))[:12] + bytes(4) + b"\x08\x00" + V4, IPV4, V4, (A, B)),
}  # fmt: skip


@pytest.mark.parametrize(("link_type", "data", "kind", "inside", "macs"), OPENED.values(), ids=OPENED)
def test_links(link_type, data, kind, inside, macs):
    layer = LINKS[link_type](data)
    assert layer is not None
    assert (layer.kind, layer.data[layer.start :], layer.macs) == (kind, inside, macs)


CLOSED = {
    "short Ethernet": (1, bytes(13)),
    "short cooked": (113, bytes(15)),
    "short cooked, second version": (276, bytes(19)),
    "short PPP": (9, b"\x00"),
    "PPPoE discovery": (51, bytes.fromhex("1109 0001 0030")),
    "802.11 beacon": (105, bytes(Dot11(type=0, subtype=8)) + bytes(30)),
    "802.11 without data": (105, wifi(subtype=4) + bytes(10)),
    "802.11 encrypted": (105, wifi(FCfield=0x41) + SNAP4),
    "802.11 header only": (105, wifi()),
    "radiotap of nothing": (127, bytes(4)),
    "PKTAP in PKTAP": (258, (12).to_bytes(4, "little") + bytes(4) + (258).to_bytes(4, "little")),
    "PKTAP of the unknown": (258, (12).to_bytes(4, "little") + bytes(4) + b"\xff\xff\x00\x00"),
    "netfilter log without packet": (239, bytes(4) + bytes.fromhex("08000100 00000000")),
    "netfilter log of endless attributes": (239, bytes(4) + bytes.fromhex("04000100") * 40),
    "FDDI ring frame": (10, bytes(40)),
    "short switch tag": (284, bytes(17)),
    "raw of nothing": (101, b""),
}


@pytest.mark.parametrize(("link_type", "data"), CLOSED.values(), ids=CLOSED)
def test_links_that_lead_nowhere(link_type, data):
    assert LINKS[link_type](data) is None


FRAME = bytes(Ether(src=A, dst=B)) + V4
STEPPED = {
    "VLAN": (0x8100, b"\x00\x07\x08\x00" + V4, IPV4, V4),
    "VLAN before LLC": (0x8100, b"\x00\x07\x00\x30" + SNAP4, 1, SNAP4),
    "VLAN before a short frame": (0x8100, b"\x00\x07\x05\xff" + SNAP4, 1, SNAP4),
    "LLC of IP itself": (1, b"\x06\x06\x03" + V4, IPV4, V4),
    "LLC with SNAP": (4, SNAP4, IPV4, V4),
    "labels": (MPLS, b"\x00\x01\x00\x40\x00\x02\x01\x40" + V6, IPV6, V6),
    "one label": (MPLS, b"\x00\x02\x01\x40" + V4, IPV4, V4),
    "pseudowire": (MPLS, b"\x00\x02\x01\x40" + FRAME, 0x9000, V4),
    "backbone bridge": (0x88E7, bytes(4) + FRAME, 0x9000, V4),
    "fabric path": (0x8903, bytes(2) + FRAME, 0x9000, V4),
    "Cisco metadata": (0x8909, bytes(6) + b"\x08\x00" + V4, IPV4, V4),
    "service header": (0x894F, bytes.fromhex("0fc2 0101 00000000") + V4, IPV4, V4),
    "service header of Ethernet": (0x894F, bytes.fromhex("0fc2 0103 00000000") + FRAME, ETHERNET, FRAME),
}


@pytest.mark.parametrize(("kind", "data", "following", "inside"), STEPPED.values(), ids=STEPPED)
def test_steps(kind, data, following, inside):
    layer = STEPS[kind](b"skipped" + data, 7)
    assert layer is not None
    assert (layer.kind, layer.data[layer.start :]) == (following, inside)


STUCK = {
    "VLAN at the end": (0x8100, b"\x00\x07"),
    "backbone bridge at the end": (0x88E7, bytes(17)),
    "LLC of another": (1, b"\x42\x42\x03" + bytes(30)),
    "labels without a bottom": (MPLS, bytes(80)),
    "labels and nothing": (MPLS, b"\x00\x02\x01\x40"),
    "short service header": (0x894F, b"\x0f\xc2"),
}


@pytest.mark.parametrize(("kind", "data"), STUCK.values(), ids=STUCK)
def test_steps_that_lead_nowhere(kind, data):
    assert STEPS[kind](data, 0) is None


@given(st.sampled_from(sorted(LINKS)), st.binary(max_size=120))
def test_any_bytes_on_a_link(link_type, data):
    LINKS[link_type](data)


@given(st.sampled_from(sorted(STEPS)), st.binary(max_size=120), st.integers(0, 130))
def test_any_bytes_at_a_step(kind, data, start):
    STEPS[kind](data, start)
