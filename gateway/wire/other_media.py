"""What carries voice and pictures: STUN and TURN (RFC 8489, 8656, and classic 3489), RTP and RTCP (RFC 3550).

RTP has no mark of its own: twelve bytes that begin with the bits ``10``. ``MediaTrail`` tells it from noise by what noise does
not do: several packets of one sender, the same source number, sequence numbers that go on, a clock that does not run back.
"""

from struct import Struct
from typing import Any

from .dissector import dissect, layer_class
from .other_remark import remark

STUN_PORTS = frozenset({3478, 3479, 3480, 3481, 5349, *range(19302, 19310)})
_MAGIC_COOKIE = b"\x21\x12\xa4\x42"
_METHODS = {
    1: "Binding", 2: "Shared Secret", 3: "Allocate", 4: "Refresh", 6: "Send", 7: "Data", 8: "CreatePermission",
    9: "ChannelBind", 10: "Connect", 11: "ConnectionBind", 12: "ConnectionAttempt",
}  # fmt: skip
_CLASSES = ("request", "indication", "success", "error")
_SOFTWARE = 0x8022
_ATTRIBUTE = Struct("!HH").unpack_from
MAX_ATTRIBUTES = 64


def read_stun(data: bytes, *, port_known: bool) -> str | None:
    """The remark of a STUN message that fills ``data``. Without the cookie of RFC 5389 it also needs one of STUN's ports."""
    if not _plausible_stun(data, port_known):
        return None
    packet = dissect(layer_class("scapy.contrib.stun", "STUN"), data)
    if packet is None or any("type" not in attribute.fields for attribute in packet.attributes):
        return None
    kind = packet.stun_message_type
    method = kind & 0xF | kind >> 1 & 0x70 | kind >> 2 & 0xF80
    if method not in _METHODS and data[4:8] != _MAGIC_COOKIE:
        return None
    name = _METHODS.get(method, f"method {method:#05x}")
    values = [attribute.value for attribute in packet.attributes if attribute.type == _SOFTWARE]
    return remark(f"{name} {_CLASSES[kind >> 4 & 1 | kind >> 7 & 2]}", software=values[0] if values else b"")


def read_stun_stream(data: bytes, *, port_known: bool) -> str | None:
    """STUN at the start of a TCP stream, as it is (RFC 8489) or after two bytes of length (RFC 4571, ICE over TCP)."""
    for start in (0, 2):
        size = int.from_bytes(data[start + 2 : start + 4]) + 20
        if data[start + 4 : start + 8] == _MAGIC_COOKIE and len(data) >= start + size:
            return read_stun(data[start : start + size], port_known=port_known)
    return None


def _plausible_stun(data: bytes, port_known: bool) -> bool:
    """Header, length and attributes agree; a few hundred nanoseconds instead of Scapy's hundreds of microseconds."""
    if len(data) < 20 or data[0] > 0x3F or int.from_bytes(data[2:4]) != len(data) - 20:
        return False
    if data[4:8] != _MAGIC_COOKIE and not port_known:
        return False
    at, count = 20, 0
    while at + 4 <= len(data) and count < MAX_ATTRIBUTES:
        at += 4 + (_ATTRIBUTE(data, at)[1] + 3 & ~3)
        count += 1
    return len(data) - 3 <= at <= len(data) + 3  # classic STUN did not pad


def read_channel_data(data: bytes) -> str | None:
    """TURN ChannelData; only asked for on TURN's ports."""
    if len(data) < 4 or data[0] & 0xF0 != 0x40 or not 0 <= len(data) - 4 - int.from_bytes(data[2:4]) <= 3:
        return None
    packet = dissect(layer_class("gateway.wire.other_layers", "ChannelData"), data)
    return remark(f"ChannelData of channel {packet.channel:#06x}") if packet is not None else None


def read_rtcp(data: bytes, trail: "MediaTrail") -> str | None:
    """A compound RTCP packet: it begins with a report, and its lengths lead exactly to its end (RFC 3550, A.2).

    Encrypted ones (RFC 3711) keep only the first eight bytes: two reports of one source are then asked for.
    """
    if len(data) < 8 or data[0] & 0xC0 != 0x80 or data[1] not in _REPORT_WORDS or not _plausible_report(data):
        return None
    if not _plausible_compound(data):
        return "secure report" if trail.report(data) and dissect(_rtcp(), data[:8]) is not None else None
    packet = dissect(_rtcp(), data[: 4 + 4 * int.from_bytes(data[2:4])])
    agreed = packet is not None and packet.version == 2 and len(packet.report_blocks or ()) == packet.count
    return remark(f"{_REPORT_NAMES[data[1]]} of source {packet.sourcesync:#010x}") if agreed else None


_REPORT_WORDS = {200: 6, 201: 1}
_REPORT_NAMES = {200: "sender report", 201: "receiver report"}


def _rtcp() -> Any:
    return layer_class("scapy.contrib.rtcp", "RTCP")


def _plausible_report(data: bytes) -> bool:
    words = int.from_bytes(data[2:4])
    return _REPORT_WORDS[data[1]] + 6 * (data[0] & 0x1F) <= words <= len(data) // 4 - 1 and any(data[4:8])


def _plausible_compound(data: bytes) -> bool:
    at = 0
    while at + 4 <= len(data):
        if data[at] & 0xC0 != 0x80 or not 200 <= data[at + 1] <= 207:
            return False
        at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4])
    return at == len(data)


class MediaTrail:
    """One sender's packets so far: a few integers."""

    __slots__ = ("_count", "_sequence", "_source", "_clock", "_reporter")

    NEEDED = 4
    """Packets in a row that have to agree: noise of 32 bits of source and 11 of sequence never does three times over."""
    MAX_GAP = 32
    MAX_CLOCK_STEP = 90_000 * 10

    def __init__(self) -> None:
        self._count = self._sequence = self._source = self._clock = self._reporter = 0

    def follow(self, data: bytes) -> None:
        """Take one RTP packet: it goes on where the last one was, or begins anew."""
        sequence, clock, source = _RTP(data)
        step, run = sequence - self._sequence & 0xFFFF, clock - self._clock & 0xFFFFFFFF
        if source != self._source or step > self.MAX_GAP or run > self.MAX_CLOCK_STEP:
            self._count = 0
        elif not step:  # the same packet twice
            return
        self._sequence, self._clock, self._source = sequence, clock, source
        self._count += 1

    def report(self, data: bytes) -> bool:
        """Take one RTCP report; was there one of the same source before?"""
        reporter, self._reporter = self._reporter, int.from_bytes(data[4:8])
        return reporter == self._reporter

    @property
    def sure(self) -> bool:
        return self._count >= self.NEEDED


_RTP = Struct("!xxHII").unpack_from


def plausible_rtp(data: bytes) -> bool:
    """Version 2, a payload type that RFC 3551 and 5761 leave to RTP, a source, and room for the header it states."""
    if len(data) < 13 or data[0] & 0xC0 != 0x80 or not any(data[8:12]):
        return False
    kind = data[1] & 0x7F
    if not (kind <= 34 or kind >= 96):
        return False
    size = 12 + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:
        size += 4 + 4 * int.from_bytes(data[size + 2 : size + 4])
    padding = data[-1] if data[0] & 0x20 else 0
    return size + padding <= len(data)


def read_rtp(data: bytes) -> str | None:
    packet = dissect(layer_class("scapy.layers.rtp", "RTP"), data)
    if packet is None or packet.version != 2 or len(packet.sync) != packet.numsync:
        return None
    return remark(packet.sprintf("%RTP.payload_type%"), source=f"{packet.sourcesync:#010x}")
