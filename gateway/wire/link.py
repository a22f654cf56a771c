"""Link layers, tags and labels: where a header ends, what follows it, and who spoke to whom.

``LINKS`` opens a frame by the link type of its capture (a LINKTYPE_ number of tcpdump.org), ``STEPS`` goes on from one
EtherType to the next. Cooked headers and 802.2 LLC are translated to EtherTypes, so one loop (``frame.py``) walks all.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from gateway.model.device import Mac, mac_from_bytes

from .tunnel import ETHERNET, IPV4, IPV6, MPLS, PPP

MAX_LABELS = 16

_LLC, _LLC_COOKED = 0x0001, 0x0004
"""802.2 LLC in place of an EtherType, as Linux cooked headers say it."""
_VLAN_TAGS = (0x8100, 0x88A8, 0x9100, 0x9200, 0x9300)
_MPLS_MULTICAST, _PPPOE, _PBB, _CISCO_METADATA, _FABRIC_PATH, _NSH = 0x8848, 0x8864, 0x88E7, 0x8909, 0x8903, 0x894F
_PPP_KINDS = {0x21: IPV4, 0x57: IPV6, 0x281: MPLS}

Macs = tuple[Mac | None, Mac | None]
"""(source, destination)."""
NO_MACS: Macs = (None, None)


class Layer(NamedTuple):
    """What follows a header."""

    kind: int
    """EtherType of what starts at ``start``."""
    data: bytes
    start: int
    macs: Macs = NO_MACS
    """Of the header just passed."""


@lru_cache(maxsize=4096)
def macs_of(raw: bytes) -> Macs:
    """(source, destination) of the twelve bytes an Ethernet header starts with; a home has few pairs."""
    return mac_from_bytes(raw[6:12]), mac_from_bytes(raw[:6])


def _number(data: bytes, start: int) -> int:
    return int.from_bytes(data[start : start + 2])


# What an EtherType leads to.


def _typed(data: bytes, start: int, macs: Macs = NO_MACS) -> Layer | None:
    """An EtherType at ``start``, or a length (IEEE 802.3), after which LLC follows."""
    if len(data) < start + 2:
        return None
    kind = _number(data, start)
    return Layer(kind if kind >= 0x600 else _LLC, data, start + 2, macs)


def _ethernet(data: bytes, start: int) -> Layer | None:
    if len(data) < start + 14:
        return None
    return _typed(data, start + 12, macs_of(data[start : start + 12]))


def _vlan(data: bytes, start: int) -> Layer | None:
    return _typed(data, start + 2)


def _llc(data: bytes, start: int) -> Layer | None:
    """LLC with SNAP (RFC 1042), or the LSAP of IP itself."""
    head = data[start : start + 3]
    if head == b"\xaa\xaa\x03":
        return _typed(data, start + 6)
    return Layer(IPV4, data, start + 3) if head == b"\x06\x06\x03" else None


def _mpls(data: bytes, start: int) -> Layer | None:
    """Labels down to the bottom of the stack; what follows names itself by its first half byte (RFC 4928)."""
    for at in range(start, min(start + 4 * MAX_LABELS, len(data) - 4), 4):
        if data[at + 2] & 1:
            return _after_labels(data, at + 4)
    return None


def _after_labels(data: bytes, start: int) -> Layer | None:
    version = data[start] >> 4
    if version == 4:
        return Layer(IPV4, data, start)
    if version == 6:
        return Layer(IPV6, data, start)
    # A pseudowire: Ethernet after a control word (RFC 4385), or without one.
    return _ethernet(data, start + 4 if data[start : start + 2] == b"\x00\x00" else start)


def _pppoe(data: bytes, start: int) -> Layer | None:
    return _ppp(data, start + 6) if data[start : start + 2] == b"\x11\x00" else None


def _ppp(data: bytes, start: int = 0) -> Layer | None:
    if data[start : start + 2] in (b"\xff\x03", b"\x0f\x00", b"\x8f\x00"):  # HDLC-like framing (RFC 1662), or Cisco's
        start += 2
    if len(data) < start + 2:
        return None
    compressed = data[start] & 1  # RFC 1661, 6.5: protocol field compression
    protocol = data[start] if compressed else _number(data, start)
    kind = _PPP_KINDS.get(protocol) or (protocol if protocol in (IPV4, IPV6) else 0)
    return Layer(kind, data, start + (1 if compressed else 2))


def _backbone(data: bytes, start: int) -> Layer | None:
    return _ethernet(data, start + 4)


def _cisco_metadata(data: bytes, start: int) -> Layer | None:
    return _typed(data, start + 6)


def _fabric_path(data: bytes, start: int) -> Layer | None:
    return _ethernet(data, start + 2)


_NSH_KINDS = {1: IPV4, 2: IPV6, 3: ETHERNET, 5: MPLS}


def _service_header(data: bytes, start: int) -> Layer | None:
    """RFC 8300."""
    if len(data) < start + 8:
        return None
    return Layer(_NSH_KINDS.get(data[start + 3], 0), data, start + 4 * (data[start + 1] & 0x3F))


STEPS: dict[int, Callable[[bytes, int], Layer | None]] = {
    **dict.fromkeys(_VLAN_TAGS, _vlan),
    ETHERNET: _ethernet,
    PPP: _ppp,
    MPLS: _mpls,
    _MPLS_MULTICAST: _mpls,
    _PPPOE: _pppoe,
    _PBB: _backbone,
    _LLC: _llc,
    _LLC_COOKED: _llc,
    _CISCO_METADATA: _cisco_metadata,
    _FABRIC_PATH: _fabric_path,
    _NSH: _service_header,
}


# What a link type leads to.


def _raw(data: bytes) -> Layer | None:
    version = data[0] >> 4 if data else 0
    if version == 4:
        return Layer(IPV4, data, 0)
    return Layer(IPV6, data, 0) if version == 6 else None


def _null(data: bytes) -> Layer | None:
    """BSD loopback: an address family whose numbers and byte order differ between systems; the IP version tells as much."""
    return _raw(data[4:])


def _plain_ethernet(data: bytes) -> Layer | None:
    return _ethernet(data, 0)


def _plain_ppp(data: bytes) -> Layer | None:
    return _ppp(data, 0)


def _ppp_ethernet(data: bytes) -> Layer | None:
    return _pppoe(data, 0)


def _cooked(data: bytes) -> Layer | None:
    """LINKTYPE_LINUX_SLL: only the sender's address is kept."""
    if len(data) < 16:
        return None
    return Layer(_number(data, 14), data, 16, _sender(data[6:12]) if data[4:6] == b"\x00\x06" else NO_MACS)


def _cooked2(data: bytes) -> Layer | None:
    """LINKTYPE_LINUX_SLL2."""
    if len(data) < 20:
        return None
    return Layer(_number(data, 0), data, 20, _sender(data[12:18]) if data[11] == 6 else NO_MACS)


def _sender(raw: bytes) -> Macs:
    return (mac_from_bytes(raw), None) if any(raw) else NO_MACS


def _cisco_hdlc(data: bytes) -> Layer | None:
    return Layer(_number(data, 2), data, 4)


def _wifi(data: bytes) -> Layer | None:
    """IEEE 802.11: data frames that carry data in the clear."""
    if len(data) < 24 or data[0] & 0x0C != 0x08 or data[0] & 0x40 or data[1] & 0x40:
        return None
    to_ds, from_ds = data[1] & 1, data[1] & 2
    first, second, third = data[4:10], data[10:16], data[16:22]
    start = 30 if to_ds and from_ds else 24
    target = third if to_ds else first
    origin = (data[24:30] if to_ds else third) if from_ds else second
    if data[0] & 0x80:  # quality of service
        aggregated = len(data) > start and data[start] & 0x80
        start += 6 if data[1] & 0x80 else 2
        start += 14 if aggregated else 0  # only the first subframe of an A-MSDU is read
    return Layer(_LLC, data, start, macs_of(target + origin)) if len(data) > start else None


def _radiotap(data: bytes) -> Layer | None:
    size = int.from_bytes(data[2:4], "little")
    layer = _wifi(data[size:]) if size >= 8 else None
    if layer is None or not _padded(data[:size]):
        return layer
    return layer._replace(start=layer.start + 3 & ~3)


def _padded(header: bytes) -> bool:
    """Does the radiotap Flags field say that the 802.11 header was padded to four bytes?"""
    start, words = 4, 1
    while len(header) >= start + 4 and header[start + 3] & 0x80:
        start, words = start + 4, words + 1
    if not header[4] & 0x02:
        return False
    fields = 4 + 4 * words
    at = (fields + 7 & ~7) + 8 if header[4] & 0x01 else fields  # TSFT: eight bytes, aligned to eight
    return len(header) > at and bool(header[at] & 0x20)


def _pktap(data: bytes) -> Layer | None:
    """Apple's PKTAP names the link type of what it wraps."""
    size = int.from_bytes(data[:4], "little")
    inner = int.from_bytes(data[8:12], "little")
    opener = LINKS.get(inner)
    return opener(data[size:]) if size >= 12 and inner != 258 and opener is not None else None


def _nflog(data: bytes) -> Layer | None:
    """Linux netfilter log: attributes, of which number 9 is the packet; lengths in the byte order of the host."""
    start = 4
    for _ in range(32):
        size = int.from_bytes(data[start : start + 2], "little")
        if size < 4 or start + size > len(data):
            return None
        if data[start + 2 : start + 4] == b"\x09\x00":
            return _raw(data[start + 4 : start + size])
        start += size + 3 & ~3
    return None


def _fddi(data: bytes) -> Layer | None:
    return Layer(_LLC, data, 13, macs_of(data[1:13])) if len(data) > 13 and data[0] & 0xF0 == 0x50 else None


def _dsa(data: bytes) -> Layer | None:
    """Marvell's switch tag of four bytes between the addresses and the EtherType."""
    return _typed(data, 16, macs_of(data[:12])) if len(data) >= 18 else None


LINKS: dict[int, Callable[[bytes], Layer | None]] = {
    **dict.fromkeys((12, 14, 101, 228, 229), _raw),
    **dict.fromkeys((0, 108), _null),
    **dict.fromkeys((9, 50), _plain_ppp),
    1: _plain_ethernet,
    10: _fddi,
    51: _ppp_ethernet,
    104: _cisco_hdlc,
    105: _wifi,
    113: _cooked,
    127: _radiotap,
    239: _nflog,
    258: _pktap,
    276: _cooked2,
    284: _dsa,
}
