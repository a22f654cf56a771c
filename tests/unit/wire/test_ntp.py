"""The time in the internet's place. Scapy is the oracle."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ntp import NTPControl, NTPHeader, NTPPrivate

from gateway.model.packet import TCP, Packet
from gateway.model.packet import UDP as UDP_PROTO
from gateway.wire.ntp import answer_ntp, is_request, timestamp

DEVICE4, SERVER4 = bytes((10, 77, 0, 20)), bytes((203, 0, 113, 123))
DEVICE6, SERVER6 = bytes.fromhex("fd000000000000000000000000000020"), bytes.fromhex("20010db8000000000000000000000123")
NOON = 1_795_345_200.25
HEAD = bytes(NTPHeader(version=4, mode="client", sent=3_987_654_321.5))


def request(payload: bytes = HEAD, **changes: Any) -> Packet:
    packet = Packet(4, DEVICE4, SERVER4, UDP_PROTO, 40_123, 123, 0, 0, payload, 28 + len(payload), len(payload))
    return packet._replace(**changes)


def answered(packet: Packet, *, synchronised: bool = True) -> bytes | None:
    return answer_ntp(packet, received=NOON, sent=NOON + 0.5, synchronised=synchronised)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("ntp_version", [1, 2, 3, 4])
@pytest.mark.parametrize(("mode", "expected"), [(3, 4), (1, 2)], ids=["client", "symmetric"])
def test_a_clients_request(version: int, ntp_version: int, mode: int, expected: int) -> None:
    packet = request(bytes(NTPHeader(version=ntp_version, mode=mode, poll=6, sent=3_987_654_321.5)))
    if version == 6:
        packet = packet._replace(version=6, src=DEVICE6, dst=SERVER6)
    raw = answered(packet)
    assert raw is not None
    read = (IP if version == 4 else IPv6)(raw)
    again = type(read)(raw)
    del again[UDP].chksum  # Scapy writes its own
    if version == 4:
        del again.chksum
    assert bytes(again) == raw
    assert (read[UDP].sport, read[UDP].dport) == (123, 40_123)
    assert (raw[12:20] == SERVER4 + DEVICE4) if version == 4 else (raw[8:40] == SERVER6 + DEVICE6)
    ntp = NTPHeader(bytes(read[UDP].payload))
    assert (ntp.version, ntp.mode, ntp.leap, ntp.stratum, ntp.poll, ntp.precision) == (ntp_version, expected, 0, 2, 6, -18)
    assert raw[-24:-16] == packet.payload[40:48] != bytes(8)
    unix = [float(ntp.getfieldval(name)) / 2**32 - 2_208_988_800 for name in ("ref", "recv", "sent")]
    assert unix == [pytest.approx(wall, abs=1e-6) for wall in (NOON - 0.25, NOON, NOON + 0.5)]
    assert 0 < ntp.delay < 1 and 0 < ntp.dispersion < 1


def test_a_clock_that_nobody_vouches_for_says_so_twice() -> None:
    raw = answered(request(), synchronised=False)
    assert raw is not None
    ntp = NTPHeader(raw[28:])
    assert (ntp.leap, ntp.stratum, raw[28 + 12 : 28 + 16]) == (3, 0, b"INIT")


@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        pytest.param(0.0, 2_208_988_800 << 32, id="1970"),
        pytest.param(-2_208_988_800.0, 0, id="1900"),
        pytest.param(2_085_978_496.0, 0, id="the next era"),
        pytest.param(2_085_978_496.5, 1 << 31, id="half a second into it"),
    ],
)
def test_timestamp(wall: float, expected: int) -> None:
    assert timestamp(wall) == expected


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(request(b""), id="empty"),
        pytest.param(request(HEAD[:47]), id="one byte short"),
        pytest.param(request(bytes(48)), id="nothing but zeros"),
        pytest.param(request(bytes(NTPHeader(mode="server"))), id="an answer"),
        pytest.param(request(bytes(NTPHeader(mode="symmetric passive"))), id="an answer to a peer"),
        pytest.param(request(bytes(NTPHeader(mode="broadcast"))), id="a broadcast"),
        pytest.param(request(bytes(NTPControl(data=bytes(80)))), id="control, with which servers were made to amplify"),
        pytest.param(request(bytes(NTPPrivate(request_code=42)) + bytes(80)), id="monlist"),
        pytest.param(request(bytes([0b00_000_011]) + HEAD[1:]), id="version 0"),
        pytest.param(request(bytes([0b00_101_011]) + HEAD[1:]), id="version 5"),
        pytest.param(request(proto=TCP), id="TCP"),
        pytest.param(request(dport=124), id="another port"),
        pytest.param(request(sport=0), id="no port to answer to"),
        pytest.param(request(fragment=(1, 0, True)), id="a fragment"),
        pytest.param(request(dst=bytes((224, 0, 1, 1))), id="to everybody"),
        pytest.param(request(dst=bytes.fromhex("ff050000000000000000000000000101"), src=DEVICE6), id="to everybody over IPv6"),
    ],
)
def test_what_is_no_request_gets_no_answer(packet: Packet) -> None:
    assert not is_request(packet)
    assert answered(packet) is None


@given(head=st.sampled_from([b"", HEAD[:1], HEAD[:40]]), tail=st.binary(max_size=200))
def test_any_bytes(head: bytes, tail: bytes) -> None:
    data = head + tail
    raw = answered(request(data))
    assert (raw is not None) == is_request(request(data))
    if raw is not None:
        assert len(raw) <= 28 + len(data)
        assert raw[28 + 24 : 28 + 32] == data[40:48]


@given(wall=st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_any_clock(wall: float) -> None:
    raw = answer_ntp(request(), received=wall, sent=wall, synchronised=True)
    assert raw is not None and len(raw) == 28 + 48
