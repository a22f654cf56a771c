"""Packets of our own making, with Scapy as the judge of their checksums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6

from gateway.wire.datagram import build_datagram, checksum

PORTS = st.integers(1, 0xFFFF)
V4, V6 = st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)


@given(hosts=st.one_of(st.tuples(V4, V4), st.tuples(V6, V6)), ports=st.tuples(PORTS, PORTS), payload=st.binary(max_size=300))
def test_scapy_would_have_written_the_same(hosts: tuple[bytes, bytes], ports: tuple[int, int], payload: bytes) -> None:
    raw = build_datagram((hosts[0], ports[0]), (hosts[1], ports[1]), payload)
    kind = IP if len(hosts[0]) == 4 else IPv6
    packet = kind(raw)
    assert (packet[UDP].sport, packet[UDP].dport, bytes(packet[UDP].payload)) == (*ports, payload)
    if kind is IP:
        del packet.chksum
    del packet[UDP].chksum
    assert bytes(packet) == raw


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(bytes.fromhex("0001f203f4f5f6f7"), 0x220D, id="the example of RFC 1071"),
        pytest.param(b"", 0xFFFF, id="nothing"),
        pytest.param(bytes(6), 0xFFFF, id="zeros"),
        pytest.param(b"\xff\xff", 0, id="ones"),
        pytest.param(b"\x01", 0xFEFF, id="an odd byte"),
    ],
)
def test_checksum(data: bytes, expected: int) -> None:
    assert checksum(data) == expected


def test_a_checksum_of_zero_is_sent_as_ones() -> None:
    ends = (bytes(4), 1), (bytes(4), 1)
    # The sum of pseudo header and header, to be cancelled by the payload: 17 + 10 + 1 + 1 + 10.
    raw = build_datagram(*ends, (0xFFFF - 39).to_bytes(2))
    assert raw[26:28] == b"\xff\xff"


@pytest.mark.parametrize(
    ("source", "target", "size"),
    [
        pytest.param(bytes(4), bytes(16), 0, id="families differ"),
        pytest.param(bytes(5), bytes(5), 0, id="no family"),
        pytest.param(bytes(4), bytes(4), 65_508, id="too long"),
    ],
)
def test_impossible_datagrams(source: bytes, target: bytes, size: int) -> None:
    with pytest.raises(ValueError):
        build_datagram((source, 1), (target, 2), bytes(size))
