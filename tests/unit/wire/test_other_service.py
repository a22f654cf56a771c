import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.coap import CoAP
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Solicit, DHCP6OptClientFQDN, DHCP6OptClientId
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSRV
from scapy.layers.llmnr import LLMNRQuery
from scapy.layers.netbios import NBNSHeader, NBNSQueryRequest, NBTDatagram
from scapy.layers.ntp import NTPControl, NTPHeader
from scapy.layers.snmp import SNMP, SNMPget, SNMPvarbind
from scapy.layers.tftp import TFTP, TFTP_RRQ, TFTP_WRQ

from gateway.wire.other_service import BY_PORT


def dhcp(*options, op=1):
    return bytes(BOOTP(op=op, chaddr=bytes(6)) / DHCP(options=[*options, "end"]))


DISCOVER = dhcp(
    ("message-type", "discover"), ("hostname", b"bell"), ("vendor_class_id", b"udhcp 1.30"), ("param_req_list", [1, 3, 6])
)
ASKED = bytes(DNS(qd=[DNSQR(qname="_googlecast._tcp.local", qtype="PTR"), DNSQR(qname="bell.local")]))
TOLD = bytes(DNS(qr=1, aa=1, qd=[], an=[
    DNSRR(rrname="_hap._tcp.local", type="PTR", rdata="Bell 7._hap._tcp.local"),
    DNSRRSRV(rrname="Bell 7._hap._tcp.local", target="bell.local", port=80),
    DNSRR(rrname="bell.local", rdata="10.0.0.2")]))  # fmt: skip
NTP_CLIENT = bytes(NTPHeader(version=4, mode=3))
NAME = bytes(NBNSHeader() / NBNSQueryRequest(QUESTION_NAME="BELL"))
GET = bytes(CoAP(type=0, code=1, msg_id=7, token=b"ab", options=[("Uri-Path", b".well-known"), ("Uri-Path", b"core")]))
WALK = bytes(SNMP(community="public", PDU=SNMPget(varbindlist=[SNMPvarbind(oid="1.3.6.1")])))

FOUND = {
    "DHCP discover": (67, DISCOVER, "dhcp", "discover, hostname bell, vendor udhcp 1.30, parameters 1,3,6"),
    "DHCP offer": (68, dhcp(("message-type", "offer"), op=2), "dhcp", "offer"),
    "DHCP of an unknown kind": (67, dhcp(("message-type", 99)), "dhcp", "BOOTP"),
    "DHCP of no kind": (67, dhcp(("hostname", b"bell")), "dhcp", "BOOTP, hostname bell"),
    "BOOTP": (67, bytes(BOOTP(options=b"")) + bytes(64), "dhcp", "BOOTP"),
    "DHCP cut before its options": (67, DISCOVER[:108], "dhcp", "BOOTP"),
    "DHCPv6": (547, bytes(DHCP6_Solicit(trid=1) / DHCP6OptClientId()), "dhcpv6", "DHCPv6 Solicit Message"),
    "DHCPv6 with a name": (
        546, bytes(DHCP6_Solicit(trid=1) / DHCP6OptClientFQDN(fqdn="bell")), "dhcpv6",
        "DHCPv6 Solicit Message, hostname bell."),
    "mDNS query": (5353, ASKED, "mdns", "query, of _googlecast._tcp.local. bell.local."),
    "mDNS answer": (5353, TOLD, "mdns", "answer, of Bell 7._hap._tcp.local. Bell 7._hap._tcp.local. bell.local."),
    "mDNS cut in its second name": (5353, ASKED[:-8], "mdns", "query, of _googlecast._tcp.local."),
    "LLMNR": (5355, bytes(LLMNRQuery(qd=[DNSQR(qname="bell")])), "llmnr", "query, of bell."),
    "NetBIOS name": (137, NAME, "nbns", "NBNS query request, name BELL"),
    "NetBIOS datagram": (138, bytes(NBTDatagram(SourceName="BELL", Type=17) / b"mail"), "nbdgm", "datagram, source BELL"),
    "NTP": (123, NTP_CLIENT, "ntp", "client, version 4"),
    "NTP control": (123, bytes(NTPControl(version=2, mode=6)), "ntp", "control, version 2"),
    "CoAP": (5683, GET, "coap", "GET, path /.well-known/core"),
    "CoAP answer": (5683, bytes(CoAP(type=2, code=69, msg_id=7)), "coap", "2.05 Content"),
    "CoAP ping": (5683, bytes(CoAP(type=0, code=0, msg_id=7)), "coap", "Empty"),
    "SNMP": (161, WALK, "snmp", "SNMPget"),
    "TFTP read": (69, bytes(TFTP() / TFTP_RRQ(filename=b"boot", mode=b"octet")), "tftp", "read, file boot"),
    "TFTP write": (69, bytes(TFTP() / TFTP_WRQ(filename=b"log", mode=b"octet")), "tftp", "write, file log"),
}  # fmt: skip


@pytest.mark.parametrize(("port", "data", "app_proto", "found"), FOUND.values(), ids=FOUND)
def test_services(port, data, app_proto, found):
    assert BY_PORT[port].app_proto == app_proto
    assert BY_PORT[port].read(data) == found


NOT_THIS = {
    "short DHCP": (67, DISCOVER[:40]),
    "DHCP of a third kind": (67, b"\x07" + DISCOVER[1:]),
    "BOOTP of another hardware that ends early": (67, DISCOVER[:1] + b"\x06" + DISCOVER[2:236]),
    "short DHCPv6": (547, b"\x01"),
    "DHCPv6 of no kind": (547, b"\x63" + bytes(30)),
    "DHCPv6 relay that ends early": (547, b"\x0c" + bytes(5)),
    "short mDNS": (5353, ASKED[:16]),
    "mDNS of nothing": (5353, bytes(40)),
    "mDNS of very much": (5353, ASKED[:4] + b"\x7f\xff" + ASKED[6:]),
    "mDNS, another operation": (5353, ASKED[:2] + b"\x28" + ASKED[3:]),
    "mDNS whose answer is missing": (5353, bytes(DNS(qr=1, qd=[], ancount=1)) + bytes(5)),
    "mDNS that ends in a name": (5353, ASKED[:24]),
    "NetBIOS name of another length": (137, NAME[:12] + b"\x10" + NAME[13:]),
    "NetBIOS name of a kind Scapy lacks": (137, NAME[:2] + b"\x58\x00" + NAME[4:]),
    "short NetBIOS datagram": (138, b"\x11\x00"),
    "NetBIOS datagram of no kind": (138, bytes(40)),
    "NTP of no version": (123, bytes(48)),
    "short NTP": (123, NTP_CLIENT[:40]),
    "NTP of an impossible stratum": (123, NTP_CLIENT[:1] + b"\x63" + NTP_CLIENT[2:]),
    "CoAP of another version": (5683, b"\x80" + GET[1:]),
    "CoAP of a huge token": (5683, b"\x4f" + GET[1:]),
    "CoAP of no class": (5683, GET[:1] + b"\x60" + GET[2:]),
    "CoAP ping with something": (5683, b"\x40\x00\x00\x01\xb1a"),
    "CoAP of an option nobody registered": (5683, b"\x40\x01\x00\x01" + b"\xe1\xff\xffa"),
    "short SNMP": (161, b"\x30\x03"),
    "SNMP of another version": (161, WALK.replace(b"\x02\x01\x01", b"\x02\x01\x03", 1)),
    "not SNMP": (161, b"\x30" + bytes(40)),
    "short TFTP": (69, b"\x00\x01a"),
    "TFTP of no name": (69, b"\x00\x01\x00octet\x00"),
    "TFTP that does not end": (69, b"\x00\x01boot\x00octet"),
}


@pytest.mark.parametrize(("port", "data"), NOT_THIS.values(), ids=NOT_THIS)
def test_what_only_uses_the_port(port, data):
    assert BY_PORT[port].read(data) is None


@given(st.sampled_from(sorted(BY_PORT)), st.binary(min_size=1))
def test_any_bytes(port, data):
    BY_PORT[port].read(data)


@given(st.sampled_from(sorted(FOUND)), st.data())
def test_damaged_datagrams(name, data):
    port, whole, _, _ = FOUND[name]
    raw = bytearray(whole)
    for _ in range(3):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from([0, 1, 12, 0x29, 0xC0, 0xFF]))
    found = BY_PORT[port].read(bytes(raw[: data.draw(st.integers(1, len(raw)))]))
    assert found is None or found.isprintable()
