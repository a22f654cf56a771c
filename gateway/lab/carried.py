"""What a frame carries besides the headers that every packet needs: everything in which somebody could hide bytes.

Coarser and stricter than ``truth``, which follows flows: here fragments, header options, extension headers, unknown protocols,
ICMP bodies and the padding of frames count too, whether or not anybody could make sense of them.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from gateway.edge.pcap import CaptureError, read_capture
from gateway.model.device import mac_to_bytes

from .frame import ETH_IPV4, ETH_IPV6, ETH_QINQ, ETH_VLAN, ICMP, ICMPV6, TCP, UDP

HEADER_BYTES = {UDP: 8, ICMP: 8, ICMPV6: 8}
USUAL_OPTIONS = {0, 1, 2, 3, 4, 5, 8}
"""End, filler, MSS, window scale, SACK (permitted), timestamps: a few bytes of these are the residual of every handshake."""
EXTENSIONS = {0: 8, 43: 8, 44: 0, 51: 4, 60: 8}
"""IPv6 header -> unit of its length byte (0: always eight bytes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How the bytes of one sender are known: by where they go, or by what they are."""

    addresses: tuple[str, ...]
    token: bytes


def count(path: Path, marks: Mapping[str, Mark], *, source: str = "") -> dict[str, int]:
    """Bytes of each mark in a capture.

    ``source``: only frames of this MAC count by address, while tokens count in all but those that it receives.
    """
    owners = {ip_address(address).packed: name for name, mark in marks.items() for address in mark.addresses}
    find = _finder(marks)
    wanted = mac_to_bytes(source) if source else b""
    totals = dict.fromkeys(marks, 0)
    for data in frames(path):
        owner, size = None, 0
        if wanted and data[:6] == wanted:
            continue
        if not wanted or data[6:12] == wanted:
            target, size = carried(data)
            owner = owners.get(target)
        found = find(data)
        if owner:
            found[owner] = max(found[owner], size)
        for name, amount in found.items():
            totals[name] += amount
    return totals


def _finder(marks: Mapping[str, Mark]) -> Callable[[bytes], Counter[str]]:
    """Bytes of tokens in a frame, by mark: as they are (the last two may count something), or in hexadecimal of either case."""
    plain = {mark.token[:6]: name for name, mark in marks.items()}
    written = {mark.token.hex().encode(): name for name, mark in marks.items()}
    either = [*(re.escape(token) + b".." for token in plain), *(b"(?i:" + text + b")" for text in written)]
    pattern = re.compile(b"|".join(either), re.DOTALL)

    def find(data: bytes) -> Counter[str]:
        found: Counter[str] = Counter()
        for text in pattern.findall(data):
            found[plain.get(text[:6]) or written[text.lower()]] += 8
        return found

    return find


def frames(path: Path) -> Iterable[bytes]:
    """Of a capture that may still be written."""
    try:
        for captured in read_capture(path):
            yield captured.data
    except CaptureError:
        return


def carried(data: bytes) -> tuple[bytes, int]:
    """Destination address (empty: no IP) and the bytes that a frame carries towards it."""
    at, kind = 12, int.from_bytes(data[12:14])
    while kind in (ETH_VLAN, ETH_QINQ):
        at += 4
        kind = int.from_bytes(data[at : at + 2])
    packet = data[at + 2 :]
    if kind == ETH_IPV4 and len(packet) >= 20:
        return packet[16:20], _in_ipv4(packet)
    if kind == ETH_IPV6 and len(packet) >= 40:
        return packet[24:40], _in_ipv6(packet)
    return b"", 0


def _in_ipv4(packet: bytes) -> int:
    size, total = (packet[0] & 15) * 4, int.from_bytes(packet[2:4])
    options, trailer = max(size - 20, 0), len(packet[total:].rstrip(b"\0"))
    if int.from_bytes(packet[6:8]) & 0x3FFF:  # a fragment
        return options + max(total - size, 0) + trailer
    return options + _in_transport(packet[9], packet[size:total], max(total - size, 0)) + trailer


def _in_ipv6(packet: bytes) -> int:
    total = 40 + int.from_bytes(packet[4:6])
    proto, at, size = packet[6], 40, len(packet[total:].rstrip(b"\0"))
    while proto in EXTENSIONS and at + 8 <= len(packet):
        unit = EXTENSIONS[proto]
        length = 8 if not unit else packet[at + 1] * unit + 8
        if proto == 44 and int.from_bytes(packet[at + 2 : at + 4]) & 0xFFF9:
            return size + max(total - at, 0)
        proto, at, size = packet[at], at + length, size + length
    return size + _in_transport(proto, packet[at:total], max(total - at, 0))


def _in_transport(proto: int, segment: bytes, length: int) -> int:
    """``length``: as the IP header states it; a capture may hold less."""
    if proto == TCP and len(segment) >= 20:
        size = (segment[12] >> 4) * 4
        return length - size + _in_options(segment[20:size]) if 20 <= size <= length else length
    return max(length - HEADER_BYTES.get(proto, 0), 0)


def _in_options(options: bytes) -> int:
    """Bytes of TCP options that an ordinary client has no use for."""
    return sum(size for kind, size in _options(options) if kind not in USUAL_OPTIONS)


def _options(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(data):
        kind = data[at]
        size = 1 if kind in (0, 1) else data[at + 1] if at + 1 < len(data) else 0
        if kind == 0 or not 1 <= size <= len(data) - at:
            yield 255, len(data[at:].rstrip(b"\0"))
            return
        yield kind, size
        at += size
