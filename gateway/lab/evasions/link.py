"""Frames that are not for the gateway's IP: tags, other EtherTypes, broadcasts, and lies told to the neighbours."""

import struct
import time
from collections.abc import Callable

from gateway.model.device import mac_to_bytes

from .. import frame
from ..frame import BROADCAST, ETH_ARP, ETH_QINQ, ETH_VLAN
from .case import Attempt, Case
from .hello import ending, refused_hello
from .packet import CUT, datagram, syn

EVERYBODY6 = "33:33:00:00:00:01"
LOCAL_EXPERIMENT, PPPOE, LLDP, WAKE, MACSEC, MPLS, PROFINET = 0x88B5, 0x8863, 0x88CC, 0x0842, 0x88E5, 0x8847, 0x8892

NO_VLAN = "a bridge without such a network takes no tag"
NO_IP = "a router forwards IP, under its own type"
FOR_OTHERS = "a router forwards what is sent to it"
NEAR = "it is for the cable it is on"


def _datagrams(attempt: Attempt) -> list[bytes]:
    ends = [(attempt.attacker.own(target), target) for target in attempt.targets]
    return [frame.ip(datagram(attempt, dst), src=src, dst=dst, proto=frame.UDP) for src, dst in ends]


def tagged(*tags: tuple[int, int]) -> Callable[[Attempt], str]:
    """Datagrams, and a whole hello, in frames with these tags."""

    def play(attempt: Attempt) -> str:
        for packet in _datagrams(attempt):
            attempt.attacker.send_ip(packet, tags=tags)
        with attempt.attacker.stream(attempt.target4) as stream:
            attempt.attacker.send_ip(stream.segment(flags=frame.SYN, options=frame.MSS), tags=tags)
            stream.read(0.1, until=lambda: bool(stream.ack))
            attempt.attacker.send_ip(stream.segment(refused_hello(attempt)), tags=tags)
            return ending(stream, 0.1)

    return play


def other_types(attempt: Attempt) -> None:
    for kind in (LOCAL_EXPERIMENT, PPPOE, LLDP, WAKE, MACSEC, MPLS, PROFINET, 0x8137, 0x22F0, 0xFFFF):
        for dst in (attempt.attacker.gateway_mac, BROADCAST):
            attempt.attacker.send_ethernet(attempt.payload(200), kind, dst=dst)
    time.sleep(0.1)


def lengths_for_types(attempt: Attempt) -> None:
    """IEEE 802.3 frames: LLC, SNAP with IPv4 in it, spanning tree."""
    snap = b"\xaa\xaa\x03\0\0\0\x08\0" + _datagrams(attempt)[0]
    tree = b"\x42\x42\x03" + bytes(35) + attempt.payload(32)
    for body, dst in ((b"\xe0\xe0\x03" + attempt.payload(), BROADCAST), (snap, ""), (tree, "01:80:c2:00:00:00")):
        attempt.attacker.send_ethernet(body, len(body), dst=dst)
    time.sleep(0.1)


def frames_for_others(attempt: Attempt) -> None:
    """IP for a server in frames that are not for the gateway: for everybody, for groups, for strangers."""
    for packet in _datagrams(attempt):
        for mac in (BROADCAST, EVERYBODY6, "01:00:5e:00:00:fb", "01:80:c2:00:00:0e", "02:00:5e:77:00:02", "02:00:00:00:00:99"):
            attempt.attacker.send_ip(packet, dst=mac)
    time.sleep(0.1)


def as_the_other_family(attempt: Attempt) -> None:
    """IPv6 under the EtherType of IPv4, and the other way round."""
    four, six = _datagrams(attempt)
    attempt.attacker.send_ethernet(six, frame.ETH_IPV4)
    attempt.attacker.send_ethernet(four, frame.ETH_IPV6)
    time.sleep(0.1)


def multicast(*groups: tuple[str, int]) -> Callable[[Attempt], None]:
    """Datagrams to groups, from a near and from a far sender's hop limit."""

    def play(attempt: Attempt) -> None:
        attacker = attempt.attacker
        for group, port in groups:
            packed = frame.packed(group)
            low = packed[-4:] if ":" in group else bytes([packed[1] & 127, *packed[2:]])
            mac = ("33:33:" if ":" in group else "01:00:5e:") + low.hex(":") if not group.endswith(".255") else BROADCAST
            ends = frame.between(src=attacker.own(group), dst=group)
            body = frame.udp(attempt.payload(200), **ends, sport=port, dport=port)
            for ttl in (1, 64):
                attacker.send_ip(frame.ip(body, **ends, proto=frame.UDP, ttl=ttl), dst=mac)
                attacker.send_ip(frame.ip(body, **ends, proto=frame.UDP, ttl=ttl))
        time.sleep(0.1)

    return play


def joins(attempt: Attempt) -> None:
    """IGMP and MLD reports that hold bytes: a gateway must not carry memberships, nor these bytes, outward."""
    attacker = attempt.attacker
    report = bytes([0x22, 0, 0, 0, 0, 0, 0, 1, 4, 8, 0, 0, 239, 9, 9, 9]) + attempt.payload(32)
    report = report[:2] + frame.checksum(report).to_bytes(2) + report[4:]
    for dst, mac in (("224.0.0.22", "01:00:5e:00:00:16"), (attempt.target4, "")):
        attacker.send_ip(frame.ipv4(report, src=attacker.address4, dst=dst, proto=2, ttl=1), dst=mac)
        attacker.send_ip(frame.ipv4(report, src=attacker.address4, dst=dst, proto=2), dst=mac)
    ends = frame.between(src=attacker.address6, dst="ff02::16")
    body = frame.icmp6(143, 0, b"\0\0\0\1", b"\x04\x08\0\0" + frame.packed("ff0e::99") + attempt.payload(32), **ends)
    attacker.send_ip(frame.ipv6(body, **ends, proto=frame.ICMPV6, ttl=1), dst="33:33:00:00:00:16")
    time.sleep(0.1)


def router_advertisement(attempt: Attempt) -> None:
    """I am the router, the resolver and the prefix now; with bytes in an unknown option."""
    attacker = attempt.attacker
    local = "fe80::66"
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 3600, 3600, 0) + frame.packed("2001:db8:bad::")
    resolver = struct.pack("!BBHI", 25, 3, 0, 3600) + frame.packed(attacker.address6)
    own = b"\x01\x01" + mac_to_bytes(attacker.mac)
    body = struct.pack("!BBHII", 64, 0, 1800, 0, 0)[4:] + prefix + resolver + own + b"\xfd\x05" + attempt.payload(38)
    for dst, mac in (("ff02::1", EVERYBODY6), (attacker.gateway6, "")):
        ends = frame.between(src=local, dst=dst)
        message = frame.icmp6(134, 0, struct.pack("!BBH", 64, 0, 1800), body, **ends)
        for _ in range(3):
            attacker.send_ip(frame.ipv6(message, **ends, proto=frame.ICMPV6, ttl=255), dst=mac)
    time.sleep(0.1)


def redirects(attempt: Attempt) -> None:
    """The way to the target leads through me."""
    attacker = attempt.attacker
    quote = frame.ipv4(datagram(attempt, attempt.target4), src=attacker.gateway4, dst=attempt.target4, proto=frame.UDP)
    body = frame.icmp(5, 1, frame.packed(attacker.address4), quote)
    attacker.send_ip(frame.ipv4(body, src="192.168.178.1", dst="192.168.178.20", proto=frame.ICMP))
    attacker.send_ip(frame.ipv4(body, src=attacker.address4, dst=attacker.gateway4, proto=frame.ICMP))
    ends = frame.between(src="fe80::66", dst=attacker.gateway6)
    both = frame.packed("fe80::66") + frame.packed(attempt.target6)
    body = frame.icmp6(137, 0, bytes(4), both + b"\xfd\x05" + attempt.payload(38), **ends)
    attacker.send_ip(frame.ipv6(body, **ends, proto=frame.ICMPV6, ttl=255))
    time.sleep(0.1)


def dhcp_server(attempt: Attempt) -> None:
    """Offers and acknowledgements to everybody: the resolver and the router are here."""
    attacker = attempt.attacker
    for kind in (2, 5):
        head = struct.pack("!BBBB4sHH", 2, 1, 6, 0, attempt.token[:4], 0, 0x8000)
        head += bytes(4) + frame.packed("10.77.0.99") + frame.packed(attacker.address4) + bytes(4)
        head += mac_to_bytes("02:00:5e:10:00:aa") + bytes(10) + bytes(192) + bytes.fromhex("63825363")
        own = frame.packed(attacker.address4)
        options = bytes([53, 1, kind, 54, 4]) + own + bytes([3, 4]) + own + bytes([6, 4]) + own + b"\x01\x04\xff\xff\xff\0"
        ends = frame.between(src=attacker.address4, dst="255.255.255.255")
        body = frame.udp(head + options + b"\x0c\x10" + attempt.token.hex().encode() + b"\xff", **ends, sport=67, dport=68)
        for _ in range(3):
            attacker.send_ip(frame.ipv4(body, **ends, proto=frame.UDP), dst=BROADCAST)
    time.sleep(0.1)


def padded_arp(attempt: Attempt) -> None:
    """ARP questions for addresses outside and inside, with bytes in their padding."""
    attacker = attempt.attacker
    for address in (attempt.target4, "192.168.178.1", attacker.gateway4):
        body = frame.arp(kind=1, sender=(attacker.mac, attacker.address4), target=("00:00:00:00:00:00", address))
        attacker.send_ethernet(body + attempt.payload(18), ETH_ARP, dst=BROADCAST)
    time.sleep(0.1)


def half_a_frame(attempt: Attempt) -> None:
    """SYNs in frames so short that padding follows."""
    for target in attempt.targets:
        packet = frame.ip(syn(attempt, target), src=attempt.attacker.own(target), dst=target, proto=frame.TCP)
        attempt.attacker.send_ip(packet, trailer=attempt.payload(16), tags=[(ETH_VLAN, 0)])
    time.sleep(0.1)


HOME_GROUPS = (("224.0.0.251", 5353), ("239.255.255.250", 1900), ("ff02::fb", 5353), ("ff02::c", 1900), ("224.0.0.1", 9))
FAR_GROUPS = (("239.1.2.3", 5004), ("232.1.1.1", 5004), ("233.252.0.9", 5004), ("ff0e::99", 5004), ("ff05::99", 5004))
BROADCASTS = (("255.255.255.255", 9), ("10.77.0.255", 9), ("192.168.178.255", 9))

CASES = (
    Case(id="priority-tag", text="An 802.1Q tag with a priority only", play=tagged((ETH_VLAN, 0xE000))),
    Case(id="vlan", text="An 802.1Q tag for a VLAN", play=tagged((ETH_VLAN, 5)), stays=NO_VLAN),
    Case(id="double-tag", text="Two tags (QinQ), also two priorities",
         play=tagged((ETH_QINQ, 5), (ETH_VLAN, 7)), stays=NO_VLAN),
    Case(id="double-priority", text="Two tags with priorities only", play=tagged((ETH_QINQ, 0), (ETH_VLAN, 0))),
    Case(id="padding", text="Bytes in the padding of short, tagged frames", play=half_a_frame, stays=CUT),
    Case(id="other-types", text="Ten other EtherTypes, to the gateway and to everybody", play=other_types, stays=NO_IP),
    Case(id="llc", text="LLC, SNAP with IP in it, and spanning tree", play=lengths_for_types, stays=NO_IP),
    Case(id="frames-for-others", text="IP for a server in frames that are not for the gateway",
         play=frames_for_others, stays=FOR_OTHERS),
    Case(id="false-family", text="IPv6 under the EtherType of IPv4 and the other way round",
         play=as_the_other_family, stays=NO_IP),
    Case(id="home-multicast", text="mDNS, SSDP and the like", play=multicast(*HOME_GROUPS), stays=NEAR),
    Case(id="far-multicast", text="Multicast of wider scope, with 64 hops to go", play=multicast(*FAR_GROUPS), stays=NEAR),
    Case(id="broadcast", text="Broadcasts, also to the network beyond the gateway", play=multicast(*BROADCASTS), stays=NEAR),
    Case(id="membership", text="IGMP and MLD reports that hold bytes", play=joins),
    Case(id="arp", text="ARP with bytes in its padding", play=padded_arp, stays=NEAR),
    Case(id="router-advertisement", text="Router advertisements to everybody and to the gateway",
         play=router_advertisement, stays=NEAR),
    Case(id="redirect", text="Redirects to the gateway", play=redirects, stays=NEAR),
    Case(id="dhcp-server", text="A DHCP server that nobody asked for", play=dhcp_server, stays=NEAR),
)
