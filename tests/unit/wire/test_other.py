import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.mqtt import MQTT, MQTTConnect
from scapy.contrib.rtcp import RTCP, SenderInfo
from scapy.contrib.stun import STUN
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.ntp import NTPHeader
from scapy.layers.rtp import RTP

from gateway.model.facts import Facts
from gateway.model.packet import ICMP, ICMPV6, TCP, UDP, Packet
from gateway.wire.other import MAX_PACKETS, UNKNOWN, OtherReader

HERE, THERE = bytes((10, 77, 0, 20)), bytes((203, 0, 113, 10))
SEARCH = b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n"
REGISTER = b"REGISTER sip:example.net SIP/2.0\r\nCall-ID: 1\r\nVia: SIP/2.0/TCP 10.0.0.2\r\n\r\n"
DESCRIBE = b"DESCRIBE rtsp://10.0.0.9/live RTSP/1.0\r\nCSeq: 2\r\n\r\n"
CONNECT = bytes(MQTT(type=1) / MQTTConnect(protoname=b"MQTT", protolevel=4, clientId=b"bell"))
BINDING = bytes(STUN(stun_message_type="Binding request", transaction_id=7))
SENDER = SenderInfo(ntp_timestamp=1, rtp_timestamp=1, sender_packet_count=1, sender_octet_count=1)
REPORT = bytes(RTCP(packet_type=200, sourcesync=9, sender_info=SENDER))


def packet(proto, payload, *, sport=40_000, dport=50_000, seq=0, fragment=None):
    return Packet(4, HERE, THERE, proto, sport, dport, 0, seq, payload, 40 + len(payload), len(payload), fragment)


def rtp(sequence, source=9):
    return bytes(RTP(payload_type=96, sequence=sequence, timestamp=160 * sequence, sourcesync=source)) + b"voice"


def heard(proto, *payloads, sport=40_000, dport=50_000):
    """What a reader says of each packet of one direction."""
    reader = OtherReader(proto, sport, dport)
    seq, said = 0, []
    for payload in payloads:
        facts = reader.feed(packet(proto, payload, sport=sport, dport=dport, seq=seq), 0)
        said.append(facts.app_proto if facts is not None else None)
        seq += len(payload)
    return said, reader.done


HEARD = {
    "DHCP": (UDP, [bytes(BOOTP(chaddr=bytes(6)) / DHCP(options=[("message-type", "discover"), "end"]))], 67, ["dhcp"]),
    "mDNS": (UDP, [bytes(DNS(qd=[DNSQR(qname="bell.local")]))], 5353, ["mdns"]),
    "NTP": (UDP, [bytes(NTPHeader(mode=3))], 123, ["ntp"]),
    "SSDP": (UDP, [SEARCH], 1900, ["ssdp"]),
    "SIP": (UDP, [REGISTER], 5060, ["sip"]),
    "SIP over TCP": (TCP, [REGISTER], 5060, ["sip"]),
    "RTSP": (TCP, [DESCRIBE], 554, ["rtsp"]),
    "RTSP in three segments": (TCP, [DESCRIBE[:9], DESCRIBE[9:20], DESCRIBE[20:]], 554, [None, None, "rtsp"]),
    "MQTT": (TCP, [CONNECT], 1883, ["mqtt"]),
    "MQTT on any port": (TCP, [CONNECT], 8883, ["mqtt"]),
    "MQTT in two segments": (TCP, [CONNECT[:5], CONNECT[5:]], 8883, [None, "mqtt"]),
    "STUN": (UDP, [BINDING], 19302, ["stun"]),
    "STUN over TCP": (TCP, [BINDING], 3478, ["stun"]),
    "TURN channel": (UDP, [b"\x40\x01\x00\x04abcd"], 3478, ["stun"]),
    "a channel's bytes elsewhere": (UDP, [b"\x40\x01\x00\x04abcd"], 3000, ["unknown"]),
    "RTP": (UDP, [rtp(n) for n in range(4)], 50_000, [None, None, None, "rtp"]),
    "RTP after two other datagrams": (UDP, [b"hole", b"punch", *(rtp(n) for n in range(4))], 50_000, ["unknown"] * 5 + ["rtp"]),
    "RTCP": (UDP, [REPORT], 50_001, ["rtcp"]),
    "a keepalive before SIP": (UDP, [b"\r\n\r\n", REGISTER], 5060, ["unknown", "sip"]),
    "noise": (UDP, [b"\xf0" * 40] * 9, 50_000, ["unknown"] * 9),
    "noise that looks like RTP": (UDP, [rtp(n * 77, n + 1) for n in range(9)], 50_000, [None] * 7 + ["unknown"] * 2),
    "version 2 and no more": (UDP, [b"\x80\xff" + bytes(30)], 50_000, ["unknown"]),
    "noise on a known port": (UDP, [b"\xf0" * 40], 123, ["unknown"]),
    "DNS of a client on the port of mDNS": (UDP, [bytes(DNS(qd=[DNSQR(qname="a.example")]))], 53, ["unknown"]),
    "text of another kind": (UDP, [b"HELLO there\r\n"], 5060, ["unknown"]),
    "a stream of another kind": (TCP, [b"\x00" * 40], 9000, ["unknown"]),
    "a first line without end": (TCP, [b"OPTIONS " + b"x" * 600] * 9, 554, [None] + ["unknown"] * 8),
    "another protocol": (50, [b"x"], 0, ["unknown"]),
    "IGMP": (2, [bytes.fromhex("1600fa04effffffa")], 0, ["igmp"]),
    "short IGMP": (2, [b"\x16\x00"], 0, ["unknown"]),
}  # fmt: skip


@pytest.mark.parametrize(("proto", "payloads", "port", "said"), HEARD.values(), ids=HEARD)
def test_what_a_flow_speaks(proto, payloads, port, said):
    found, done = heard(proto, *payloads, dport=port, sport=5353 if port == 53 else 40_000)
    assert found == said
    assert done == (said[-1] not in (None, "unknown") or len(payloads) >= MAX_PACKETS)


@pytest.mark.parametrize(("proto", "kind", "code", "facts"), [
    (ICMP, 8, 0, Facts(app_proto="icmp", dissector="fast", detail="echo request")),
    (ICMP, 42, 0, Facts(app_proto="icmp", dissector="fast", detail="type 42")),
    (ICMPV6, 135, 0, Facts(app_proto="icmpv6", dissector="fast", detail="neighbour solicitation")),
], ids=["echo", "another", "IPv6"])  # fmt: skip
def test_icmp(proto, kind, code, facts):
    assert OtherReader(proto, kind, code).feed(packet(proto, b"", sport=kind, dport=code), 0) == facts


def test_facts_name_their_dissector_and_a_detail():
    facts = OtherReader(TCP, 40_000, 1883).feed(packet(TCP, CONNECT, dport=1883), 0)
    assert facts == Facts(app_proto="mqtt", dissector="scapy", detail="CONNECT 3.1.1, client bell")


def test_an_answer_tells_too():
    reader = OtherReader(TCP, 40_000, 554)
    assert reader.feed(packet(TCP, b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), 1).app_proto == "rtsp"


def test_voice_in_both_directions_is_told_apart():
    reader = OtherReader(UDP, 40_000, 50_000)
    said = [reader.feed(packet(UDP, rtp(n // 2 + 900 * (n % 2), 9 + n % 2)), n % 2) for n in range(7)]
    assert [facts and facts.app_proto for facts in said] == [None] * 6 + ["rtp"]


def test_packets_without_payload_and_fragments_count_for_nothing():
    reader = OtherReader(TCP, 40_000, 554)
    assert [reader.feed(packet(TCP, b""), 0) for _ in range(20)] == [None] * 20
    assert reader.feed(packet(TCP, DESCRIBE, fragment=(1, 0, True)), 0) is None
    assert reader.feed(packet(TCP, DESCRIBE), 0).app_proto == "rtsp"


def test_a_segment_that_comes_again_or_too_late_is_left_out():
    reader = OtherReader(TCP, 40_000, 554)
    pieces = [(0, DESCRIBE[:9]), (0, DESCRIBE[:9]), (30, DESCRIBE[30:]), (9, DESCRIBE[9:])]
    said = [reader.feed(packet(TCP, data, seq=seq), 0) for seq, data in pieces]
    assert [facts and facts.app_proto for facts in said] == [None, None, None, "rtsp"]


def test_after_unknown_no_packet_has_to_wait():
    reader = OtherReader(UDP, 40_000, 50_000)
    said = [reader.feed(packet(UDP, data), 0) for data in (b"\xff", rtp(1), b"", rtp(2))]
    assert said == [UNKNOWN] * 4


def test_once_done_nothing_more_is_read():
    reader = OtherReader(UDP, 40_000, 3478)
    assert reader.feed(packet(UDP, BINDING), 0).app_proto == "stun"
    assert reader.done and reader.feed(packet(UDP, SEARCH), 0) is UNKNOWN


def test_what_scapy_raises_late_means_not_this(monkeypatch):
    monkeypatch.setattr("gateway.wire.other.read_text", lambda *_, **__: {}["a field"])
    assert heard(UDP, SEARCH) == (["unknown"], False)


STARTS = [b"", b"\x10", b"\x80\x60", b"\x80\xc8\x00\x06", BINDING[:8], SEARCH[:21], b"\x01\x01\x06\x00"]
PORTS = [53, 67, 69, 123, 137, 138, 161, 547, 554, 1883, 1900, 3478, 5060, 5353, 5355, 5683, 50_000]


@given(
    st.sampled_from([TCP, UDP, ICMP, ICMPV6, 2, 50]),
    st.sampled_from(PORTS),
    st.lists(st.tuples(st.sampled_from(STARTS), st.binary(max_size=300), st.booleans()), max_size=12),
)
def test_any_bytes(proto, port, packets):
    reader = OtherReader(proto, 40_000, port)
    said = [reader.feed(packet(proto, start + data, dport=port), direction) for start, data, direction in packets]
    for earlier, later in pairwise(said):
        assert earlier is None or later is not None
    assert reader.done or len(said) < MAX_PACKETS or not all(start + data for start, data, _ in packets)


HOSTILE = {
    "very many paddings": (67, bytes(BOOTP(options=b"")) + b"\x63\x82\x53\x63" + bytes(64_000)),
    "names that point at names": (5353, bytes.fromhex("0000 8400 0000 00c8 0000 0000") + b"\xc0\x0c" * 4000),
    "very many records": (5353, bytes.fromhex("0000 0000 00c8 0000 0000 0000") + b"\x01a\x00\x00\x01\x00\x01" * 9000),
    "very many options": (5683, b"\x40\x01\x00\x01" + b"\x01a" * 30_000),
    "nested sequences": (161, b"\x30\x82\xff\xf0" * 16_000),
    "a long head": (1900, b"NOTIFY * HTTP/1.1\r\n" + b"a: b\r\n" * 10_000),
    "very many attributes": (3478, b"\x00\x01\xfa\x00\x21\x12\xa4\x42" + bytes(12) + bytes(64_000)),
}


@pytest.mark.parametrize(("port", "data"), HOSTILE.values(), ids=HOSTILE)
def test_time_is_bounded(port, data):
    heard(UDP, data[:30], dport=port)  # Scapy's layers are imported now
    began = time.perf_counter()
    heard(UDP, *[data] * MAX_PACKETS, dport=port)
    assert time.perf_counter() - began < 2.0
