import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.rtcp import RTCP, ReceptionReport, SDESChunk, SDESItem, SenderInfo
from scapy.contrib.stun import STUN, STUNGenericTlv, STUNUsername, STUNXorMappedAddress
from scapy.layers.rtp import RTP

from gateway.wire.other_layers import ChannelData
from gateway.wire.other_media import (
    MediaTrail,
    plausible_rtp,
    read_channel_data,
    read_rtcp,
    read_rtp,
    read_stun,
    read_stun_stream,
)

BINDING = bytes(STUN(stun_message_type="Binding request", transaction_id=7, attributes=[STUNUsername(username="bell")]))
ADDRESS, SOFTWARE = STUNXorMappedAddress(xport=9, xip="192.0.2.9"), STUNGenericTlv(type=0x8022, value=b"relay 1")
MAPPED = bytes(STUN(stun_message_type="Binding success response", transaction_id=7, attributes=[ADDRESS, SOFTWARE]))
CLASSIC = b"\x00\x01\x00\x00" + bytes(range(16))


def stun(kind, cookie=b"\x21\x12\xa4\x42", body=b""):
    return struct.pack("!HH", kind, len(body)) + cookie + bytes(12) + body


STUNS = {
    "binding": (BINDING, False, "Binding request"),
    "mapped": (MAPPED, False, "Binding success, software relay 1"),
    "allocate": (stun(0x0003), False, "Allocate request"),
    "allocate refused": (stun(0x0113), False, "Allocate error"),
    "data": (stun(0x0017), False, "Data indication"),
    "a method of somebody's own": (stun(0x0800), False, "method 0x200 request"),
    "classic on its port": (CLASSIC, True, "Binding request"),
    "classic elsewhere": (CLASSIC, False, None),
    "classic of a strange method": (stun(0x0800, b"abcd"), True, None),
    "classic without padding": (b"\x00\x01\x00\x07" + bytes(16) + b"\x00\x06\x00\x03abc", True, "Binding request"),
    "short": (BINDING[:19], True, None),
    "longer than it says": (BINDING + b"x", True, None),
    "attributes past the end": (stun(1, body=b"\x00\x06\x00\x40abcd"), True, None),
    "an address of no family": (stun(0x0101, body=bytes.fromhex("0020 0004 0001 0001")), False, None),
    "an address of nothing": (stun(0x0101, body=bytes.fromhex("0020 0000")), False, None),
    "not STUN": (b"\x80" + BINDING[1:], True, None),
}


@pytest.mark.parametrize(("data", "port_known", "found"), STUNS.values(), ids=STUNS)
def test_read_stun(data, port_known, found):
    assert read_stun(data, port_known=port_known) == found


STREAMS = {
    "plain": (BINDING + b"more", "Binding request"),
    "framed": (len(BINDING).to_bytes(2) + BINDING, "Binding request"),
    "half": (BINDING[:-1], None),
    "another": (b"GET / HTTP/1.1\r\n\r\n" + bytes(20), None),
}


@pytest.mark.parametrize(("data", "found"), STREAMS.values(), ids=STREAMS)
def test_read_stun_stream(data, found):
    assert read_stun_stream(data, port_known=False) == found


CHANNELS = {
    "exact": (bytes(ChannelData(channel=0x4001, data=b"voice!")), "ChannelData of channel 0x4001"),
    "padded": (bytes(ChannelData(channel=0x4001, data=b"voice")) + bytes(3), "ChannelData of channel 0x4001"),
    "longer": (bytes(ChannelData(data=b"voice")) + bytes(4), None),
    "cut": (bytes(ChannelData(data=b"voice"))[:-1], None),
    "no channel": (b"\x50\x00\x00\x00", None),
    "short": (b"\x40\x01", None),
}


@pytest.mark.parametrize(("data", "found"), CHANNELS.values(), ids=CHANNELS)
def test_read_channel_data(data, found):
    assert read_channel_data(data) == found


REPORT = ReceptionReport(sourcesync=5, fraction_lost=0, cumulative_lost=0, highest_seqnum_recv=1, interarrival_jitter=0,
                         last_SR_timestamp=0, delay_since_last_SR=0)  # fmt: skip
SENDER = SenderInfo(ntp_timestamp=1, rtp_timestamp=2, sender_packet_count=3, sender_octet_count=4)
SR = bytes(RTCP(packet_type=200, sourcesync=9, sender_info=SENDER, report_blocks=[REPORT], count=1))
RR = bytes(RTCP(packet_type=201, sourcesync=9, report_blocks=[REPORT], count=1))
NAMES = bytes(RTCP(packet_type=202, count=1, sdes_chunks=[SDESChunk(
    sourcesync=9, items=[SDESItem(chunk_type=1, value=b"bell9"), SDESItem(chunk_type=0, length=0, value=b"")])]))  # fmt: skip
NAMES += bytes(-len(NAMES) % 4)
NAMES = NAMES[:2] + (len(NAMES) // 4 - 1).to_bytes(2) + NAMES[4:]
RTCPS = {
    "sender report": (SR, "sender report of source 0x00000009"),
    "receiver report": (RR, "receiver report of source 0x00000009"),
    "compound": (SR + NAMES, "sender report of source 0x00000009"),
    "names first": (NAMES, None),
    "short": (RR[:7], None),
    "another version": (b"\x41" + RR[1:], None),
    "more reports than room": (b"\x82" + RR[1:], None),
    "no source": (RR[:4] + bytes(4) + RR[8:], None),
    "followed by something else": (RR + b"abcd", None),
    "longer than the datagram": (RR[:2] + b"\x00\x70" + RR[4:], None),
}


@pytest.mark.parametrize(("data", "found"), RTCPS.values(), ids=RTCPS)
def test_read_rtcp(data, found):
    assert read_rtcp(data, MediaTrail()) == found


def test_encrypted_reports_of_one_source_are_believed_the_second_time():
    trail = MediaTrail()
    first, other, second = (b"\x80\xc9\x00\x01" + bytes((0, 0, 0, source)) + b"\x5a" * 14 for source in (7, 8, 8))
    assert [read_rtcp(data, trail) for data in (first, other, second)] == [None, None, "secure report"]


def rtp(sequence, clock=0, source=9, kind=96):
    return bytes(RTP(payload_type=kind, sequence=sequence & 0xFFFF, timestamp=clock & 0xFFFFFFFF, sourcesync=source)) + b"voice"


TRAILS = {
    "voice": ([rtp(5 + n, 160 * n) for n in range(4)], True),
    "wrapping around": ([rtp(0xFFFE + n, 0xFFFFFFF0 + 160 * n) for n in range(4)], True),
    "a picture of several packets": ([rtp(n, 1000) for n in range(4)], True),
    "a few lost": ([rtp(n * 9, 160 * n) for n in range(4)], True),
    "too few": ([rtp(n, 160 * n) for n in range(3)], False),
    "the same again": ([rtp(1, 160)] * 8, False),
    "sources that change": ([rtp(n, 160 * n, source=n + 1) for n in range(8)], False),
    "sequences that leap": ([rtp(n * 999, 160 * n) for n in range(8)], False),
    "sequences that run back": ([rtp(99 - n, 160 * n) for n in range(8)], False),
    "a clock that runs back": ([rtp(n, -160 * n) for n in range(8)], False),
    "after something else": ([rtp(900, 7, source=3), *(rtp(n, 160 * n) for n in range(4))], True),
}


@pytest.mark.parametrize(("packets", "sure"), TRAILS.values(), ids=TRAILS)
def test_a_trail(packets, sure):
    trail = MediaTrail()
    for data in packets:
        trail.follow(data)
    assert trail.sure is sure


RTPS = {
    "voice": (rtp(1), True),
    "static type": (rtp(1, kind=8), True),
    "with two contributors": (bytes(RTP(sourcesync=9, sync=[1, 2], payload_type=96)) + b"x", True),
    "with an extension": (b"\x90\x60" + bytes(6) + b"\x00\x00\x00\x09" + bytes.fromhex("bede0001 00000000") + b"x", True),
    "padded": (b"\xa0\x60" + bytes(6) + b"\x00\x00\x00\x09" + b"\x00\x00\x00\x04", True),
    "nothing after the header": (rtp(1)[:12], False),
    "another version": (b"\x40" + rtp(1)[1:], False),
    "a type that RTCP has": (rtp(1, kind=72), False),
    "a type nobody has": (rtp(1, kind=50), False),
    "no source": (rtp(1, source=0), False),
    "more contributors than room": (b"\x8f" + rtp(1)[1:], False),
    "an extension past the end": (b"\x90" + rtp(1)[1:12] + b"\xbe\xde\x00\x09", False),
    "more padding than room": (b"\xa0" + rtp(1)[1:12] + b"\xff", False),
}


@pytest.mark.parametrize(("data", "plausible"), RTPS.values(), ids=RTPS)
def test_plausible_rtp(data, plausible):
    assert plausible_rtp(data) is plausible


def test_read_rtp():
    assert read_rtp(rtp(1, kind=8)) == "PCMA, source 0x00000009"
    assert read_rtp(b"\x40" + rtp(1)[1:]) is None


@given(st.sampled_from([b"", b"\x00\x01", b"\x80", SR[:4], b"\x80\xc9\x00\x01", b"\x40\x00", BINDING[:20]]), st.binary())
def test_any_bytes(start, data):
    whole = start + data
    read_stun(whole, port_known=True)
    read_stun_stream(whole, port_known=True)
    read_channel_data(whole)
    read_rtcp(whole, MediaTrail())
    if plausible_rtp(whole):
        MediaTrail().follow(whole)
        read_rtp(whole)


@given(st.lists(st.binary(min_size=12, max_size=12), min_size=8, max_size=8))
def test_noise_is_no_trail(packets):
    trail = MediaTrail()
    for data in packets:
        trail.follow(b"\x80\x60" + data[2:])
    sources = {data[8:] for data in packets}
    assert not trail.sure or len(sources) < len(packets)
