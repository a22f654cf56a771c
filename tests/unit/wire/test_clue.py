"""Packets -> clues: what counts, what does not, and how much is held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether

from gateway.model.device import Mac
from gateway.model.identity import Clue, Signal
from gateway.model.packet import Packet
from gateway.wire.clue import MAX_HELLOS, MAX_TEXT, ClueReader, address_clues, sender_of
from tests.support.packets import BELL, CLOUD, PHONE, client_hello, syn, tcp, udp

GROUP = bytes((224, 0, 0, 251))
REQUEST = bytes(
    BOOTP(op=1, chaddr=bytes.fromhex(PHONE.replace(":", "")))
    / DHCP(options=[("hostname", b"bell\x07-1 "), ("vendor_class_id", b"udhcp 1"), ("param_req_list", [1, 3, 6]), "end"])
)
QUESTION = bytes(DNS(id=7, qd=[DNSQR(qname="Fw.Example.com")]))
OFFER = bytes(
    DNS(
        qr=1, qd=[],
        an=[
            DNSRR(rrname="_hap._tcp.local", type="PTR", ttl=9, rdata="Lamp 1._hap._tcp.local"),
            DNSRR(rrname="Lamp 1._hap._tcp.local", type="TXT", ttl=9, rdata=[b"md=B2", b"id=7", b"am="]),
        ],
    )
)  # fmt: skip
NOTICE = b"NOTIFY * HTTP/1.1\r\nNT: urn:a:device:b:1\r\nUSN: u\r\nSERVER: Linux UPnP/1.0 Bell/1.0\r\n\r\n"


def said(*packets: Packet, mac: Mac = BELL) -> list[tuple[Mac, str, str]]:
    reader = ClueReader()
    return [(sign.device, sign.clue.signal.value, sign.clue.value) for packet in packets for sign in reader.read(mac, packet)]


@pytest.mark.parametrize(
    "packet, expected",
    [
        pytest.param(
            udp(REQUEST, sport=68, dport=67),
            [
                (PHONE, "hostname-pattern", "bell-1"), (PHONE, "dhcp-vendor-class", "udhcp 1"),
                (PHONE, "dhcp-param-list", "1,3,6"),
            ], id="a request speaks for the client in it",
        ),
        pytest.param(udp(QUESTION, dport=53), [(BELL, "dns-name", "fw.example.com")], id="a question"),
        pytest.param(
            udp(bytes(DNS(qr=1, qd=[DNSQR(qname="a.example.com")])), sport=40_000, dport=53), [], id="an answer to somebody"
        ),
        pytest.param(udp(bytes(DNS(id=1, qd=[DNSQR(qname=".")])), dport=53), [], id="a question for the root"),
        pytest.param(
            udp(OFFER, dst=GROUP, sport=5353, dport=5353),
            [
                (BELL, "mdns-service", "_hap._tcp.local"), (BELL, "mdns-service", "_hap._tcp.local with name lamp 1"),
                (BELL, "mdns-service", "_hap._tcp.local with md=B2"),
            ], id="a service",
        ),
        pytest.param(
            udp(bytes(DNS(rd=0, qd=[DNSQR(qname="_hue._tcp.local", qtype="PTR")])), dst=GROUP, sport=5353, dport=5353),
            [(BELL, "mdns-service", "_hue._tcp.local (asked for)")], id="a service looked for",
        ),
        pytest.param(
            udp(NOTICE, dst=GROUP, dport=1900),
            [(BELL, "ssdp", "ST urn:a:device:b:1"), (BELL, "ssdp", "SERVER Linux UPnP/1.0 Bell/1.0")], id="a notice",
        ),
        pytest.param(udp(b"HTTP/1.1 200 OK\r\nST: uuid:7\r\nUSN: u\r\n\r\n", sport=1900), [], id="what only numbers itself"),
        pytest.param(udp(b"NOTIFY * HTTP/1.1\r\nNT: root\r\nUSN: u\r\n\r\n", dport=1900), [], id="no type"),
        pytest.param(udp(REQUEST, sport=67, dport=68), [], id="not to a server"),
        pytest.param(udp(b"x", dport=5353), [], id="not from where mDNS is spoken"),
        pytest.param(udp(b"", sport=5353), [], id="nothing"),
        pytest.param(udp(QUESTION, dport=53)._replace(fragment=(1, 0, True)), [], id="a fragment"),
        pytest.param(tcp(b"GET / HTTP/1.1\r\n"), [], id="no hello"),
        pytest.param(Packet(4, CLOUD, CLOUD, 47, 0, 0, 0, 0, QUESTION, 90, 70), [], id="another protocol"),
    ],
)  # fmt: skip
def test_one_packet(packet: Packet, expected: list[tuple[Mac, str, str]]) -> None:
    assert said(packet) == expected


HELLO = client_hello("example.com")


@pytest.mark.parametrize(
    "packets",
    [
        pytest.param([tcp(HELLO)], id="whole"),
        pytest.param([syn(seq=0), tcp(HELLO[:100]), tcp(HELLO[100:], seq=101)], id="in two segments"),
        pytest.param([syn(seq=0), tcp(HELLO[100:], seq=101), tcp(HELLO[:100])], id="out of order"),
    ],
)
def test_hellos(packets: list[Packet]) -> None:
    found = said(*packets)
    assert [(device, signal) for device, signal, _ in found] == [(BELL, "ja4")] and found[0][2].startswith("t13d")


def test_a_hello_is_told_once_and_forgotten() -> None:
    reader = ClueReader()
    packets = [syn(seq=0), tcp(HELLO), tcp(b"\x17\x03\x03\0\x01x", seq=1 + len(HELLO))]
    assert sum(len(list(reader.read(BELL, packet))) for packet in packets) == 1
    assert not reader._hellos


def test_what_is_no_hello_is_forgotten_at_once() -> None:
    reader = ClueReader()
    for packet in (syn(seq=0), tcp(b"SSH-2.0-x\r\n")):
        assert not list(reader.read(BELL, packet))
    assert not reader._hellos


def test_hellos_that_never_end_give_way() -> None:
    reader = ClueReader()
    for port in range(2 * MAX_HELLOS):
        assert not list(reader.read(BELL, tcp(HELLO[:100], sport=port)))
    assert len(reader._hellos) == MAX_HELLOS
    for number in range(40):
        list(reader.read(BELL, tcp(HELLO[100:101], seq=5_000 + 2 * number, sport=2 * MAX_HELLOS - 1)))
    assert len(reader._hellos) == MAX_HELLOS - 1


def test_a_router_says_nothing_of_itself() -> None:
    forwarded = udp(b"x", src=CLOUD)
    assert said(forwarded, udp(QUESTION, dport=53), tcp(HELLO)) == []
    assert said(udp(b"x", src=bytes(4)), udp(QUESTION, dport=53)) == [(BELL, "dns-name", "fw.example.com")]


def test_long_texts_are_cut() -> None:
    notice = b"NOTIFY * HTTP/1.1\r\nNT: urn:" + b"a" * 900 + b"\r\nUSN: u\r\n\r\n"
    assert [len(value) for _, _, value in said(udp(notice, dport=1900))] == [MAX_TEXT]
    question = QUESTION[:12] + (b"\x30" + bytes(48)) * 5 + b"\0\0\1\0\1"
    assert [len(value) for _, _, value in said(udp(question, dport=53))] == [MAX_TEXT]


@pytest.mark.parametrize(
    "mac, expected",
    [
        (Mac("00:00:0c:01:02:03"), [Clue(Signal.OUI, "00:00:0c:01:02:03", 2.0), Clue(Signal.MAKER, "Cisco Systems, Inc", 2.0)]),
        (BELL, [Clue(Signal.OUI, BELL, 2.0)]),
    ],
    ids=["registered", "made up"],
)
def test_addresses(mac: Mac, expected: list[Clue]) -> None:
    assert [clue._replace(value=clue.value.removesuffix(".")) for clue in address_clues(mac, 2.0)] == expected


@pytest.mark.parametrize(
    "data, link_type, expected",
    [
        pytest.param(bytes(Ether(src=BELL) / ARP()), 1, BELL, id="no IP inside"),
        pytest.param(bytes(Ether(src=BELL) / IP() / UDP()), 1, BELL, id="IP inside"),
        pytest.param(bytes(Ether(src="01:00:5e:00:00:01") / ARP()), 1, None, id="a group sends nothing"),
        pytest.param(bytes(Ether(src="00:00:00:00:00:00") / ARP()), 1, None, id="nobody"),
        pytest.param(b"\0\1", 1, None, id="cut"),
        pytest.param(bytes(IP() / UDP()), 101, None, id="a link without addresses"),
        pytest.param(bytes(60), 9_999, None, id="a link that nobody knows"),
    ],
)
def test_senders(data: bytes, link_type: int, expected: Mac | None) -> None:
    assert sender_of(data, link_type) == expected


@given(
    st.lists(
        st.builds(
            udp, st.binary(max_size=80) | st.sampled_from([REQUEST, QUESTION, OFFER, NOTICE]),
            sport=st.sampled_from([68, 5353, 1900, 9]), dport=st.sampled_from([67, 53, 5353, 1900, 9]),
        )
        | st.builds(tcp, st.binary(max_size=60) | st.just(HELLO), seq=st.integers(0, 2**32 - 1), sport=st.integers(1, 3)),
        max_size=8,
    )
)  # fmt: skip
def test_any_packets(packets: list[Packet]) -> None:
    assert all(0 < len(value) <= MAX_TEXT for _, _, value in said(*packets))


@given(st.binary(max_size=60), st.integers(0, 300))
def test_any_frame(data: bytes, link_type: int) -> None:
    sender_of(data, link_type)
