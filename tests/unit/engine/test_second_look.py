import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.second_look import PACKETS, SecondLook
from gateway.model.packet import UDP, Packet
from tests.support.packets import udp

JUNK = b"\x00\x01hello"
STUN = bytes.fromhex("000100002112a442") + bytes(12)


def rtp(number: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 96, number, 160 * number, 9) + b"picture"


def look(*payloads: bytes, scapy: bool = True) -> tuple[list[bool], str]:
    """(Is it over?, after each packet; what it found)."""
    one = SecondLook(UDP, 40_000, 36_000)
    over = [one.feed(udp(payload, dport=36_000), scapy=lambda: scapy) for payload in payloads]
    return over, one.facts.app_proto


LONG = [False] * (PACKETS - 1) + [True]
LOOKS = [
    pytest.param([STUN], [True], "stun", id="recognised-at-once"),
    pytest.param([rtp(n) for n in range(4)], [False] * 3 + [True], "rtp", id="pictures-at-the-fourth"),
    pytest.param([JUNK, *(rtp(n) for n in range(4))], [False] * 4 + [True], "rtp", id="pictures-behind-something-else"),
    pytest.param([part for n in range(4) for part in (JUNK, rtp(n))], LONG, "rtp", id="pictures-between-something-else"),
    pytest.param([JUNK] * PACKETS, LONG, "unknown", id="nothing-is-looked-at-so-long"),
]  # fmt: skip


@pytest.mark.parametrize(("payloads", "over", "found"), LOOKS)
def test_look(payloads: list[bytes], over: list[bool], found: str) -> None:
    assert look(*payloads) == (over, found)


def test_without_scapy_it_ends_all_the_same() -> None:
    assert look(*(rtp(n) for n in range(PACKETS)), scapy=False) == (LONG, "unknown")


@given(st.lists(st.binary(min_size=1, max_size=1_400), min_size=PACKETS, max_size=PACKETS))
def test_whatever_is_said_it_ends(payloads: list[bytes]) -> None:
    one = SecondLook(UDP, 40_000, 36_000)
    packets: list[Packet] = [udp(payload, dport=36_000) for payload in payloads]
    assert any(one.feed(packet, scapy=lambda: True) for packet in packets)
