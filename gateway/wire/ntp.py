"""NTP: the answer to a client's request in the place of the server that it was sent to (RFC 5905, RFC 4330).

Only requests for the time are answered, each with one packet that is no longer than the request: control and private messages
(modes 6 and 7), with which servers have been made to amplify, never are.
"""

import struct

from gateway.model.packet import UDP, Packet

from .datagram import build_datagram

PORT = 123
HEADER_BYTES = 48
SYMMETRIC_ACTIVE, SYMMETRIC_PASSIVE, CLIENT, SERVER = 1, 2, 3, 4
ANSWERING = {CLIENT: SERVER, SYMMETRIC_ACTIVE: SYMMETRIC_PASSIVE}
"""Mode of a request -> mode of its answer (RFC 4330 6)."""
VERSIONS = range(1, 5)
NO_WARNING, ALARM = 0, 3
"""Leap indicators: the last one says that the clock was never set."""
STRATUM = 2
PRECISION = -18
"""As a power of two: 4 microseconds."""
ROOT_DELAY, ROOT_DISPERSION = 0x0000_0100, 0x0000_0290
"""In seconds times 2**16: 4 and 10 ms, what lies between the gateway's clock and whoever sets it."""
LOCAL_CLOCK = bytes((127, 127, 1, 1))
NOT_YET = b"INIT"
"""The kiss code of a clock that was never set (RFC 5905 7.4)."""

_HEADER = struct.Struct("!BBBb II 4s Q 8s Q Q")
_SINCE_1900_S = 2_208_988_800
_MULTICAST4, _MULTICAST6 = range(224, 240), 0xFF


def is_request(packet: Packet) -> bool:
    """The packet asks somebody for the time."""
    data = packet.payload
    if packet.proto != UDP or packet.dport != PORT or not packet.sport or packet.fragment or len(data) < HEADER_BYTES:
        return False
    return data[0] & 7 in ANSWERING and data[0] >> 3 & 7 in VERSIONS and not _is_multicast(packet.dst)


def answer_ntp(packet: Packet, *, received: float, sent: float, synchronised: bool) -> bytes | None:
    """The raw IP packet that answers a request; None where the packet is none.

    ``received``, ``sent``: our clock, in seconds since 1970. Where nobody vouches for it (``synchronised`` False) the answer
    says so twice, by the alarm and by stratum 0, which stands for "unsynchronised" on the wire (RFC 5905 7.3): small clients
    look at one of the two only.
    """
    if not is_request(packet):
        return None
    asked = packet.payload
    message = _HEADER.pack(
        (NO_WARNING if synchronised else ALARM) << 6 | asked[0] & 0x38 | ANSWERING[asked[0] & 7],
        STRATUM if synchronised else 0,
        asked[2],
        PRECISION,
        ROOT_DELAY,
        ROOT_DISPERSION,
        LOCAL_CLOCK if synchronised else NOT_YET,
        timestamp(int(received)),
        asked[40:48],
        timestamp(received),
        timestamp(sent),
    )
    return build_datagram((packet.dst, PORT), (packet.src, packet.sport), message)


def timestamp(wall: float) -> int:
    """Seconds since 1900 times 2**32; from 2036 on they count from zero again (RFC 5905 6)."""
    return int((wall + _SINCE_1900_S) * 2**32) & 0xFFFF_FFFF_FFFF_FFFF


def _is_multicast(address: bytes) -> bool:
    return address[0] in _MULTICAST4 if len(address) == 4 else address[0] == _MULTICAST6
