"""What a packet carries inside another: ``unwrap(packet)`` opens one layer of a tunnel.

The layer inside is named by an EtherType, the common currency of ``frame.py``: IP itself, Ethernet (0x6558, "transparent
Ethernet bridging"), MPLS, PPP (0x880B). Whoever asks decodes it and keeps the outer packet where the inside is no packet:
a port number alone proves no tunnel.
"""

from collections.abc import Callable

from gateway.model.packet import TCP, UDP, Packet

IPV4, IPV6, ETHERNET, PPP, MPLS = 0x0800, 0x86DD, 0x6558, 0x880B, 0x8847
_ERSPAN_II, _ERSPAN_III = 0x88BE, 0x22EB
_IP_IN_IP, _6IN4, _GRE, _ETHERIP, _L2TP, _MPLS_IN_IP = 4, 41, 47, 97, 115, 137

Inside = tuple[int, bytes]
"""(EtherType, bytes)."""


def unwrap(packet: Packet) -> Inside | None:
    """The layer inside, or None where the packet is no tunnel that we know."""
    if packet.proto == TCP or packet.fragment is not None and packet.fragment[1]:
        return None
    if packet.proto == UDP:
        opener = _BY_PORT.get(packet.dport) or _BY_PORT.get(packet.sport)
    else:
        opener = _BY_PROTOCOL.get(packet.proto)
    return opener(packet.payload) if opener is not None else None


def _ip(data: bytes) -> Inside | None:
    version = data[0] >> 4 if data else 0
    if version == 4:
        return IPV4, data
    return (IPV6, data) if version == 6 else None


def _gre(data: bytes) -> Inside | None:
    """RFC 2784 and 2890; version 1 (RFC 2637, PPTP) carries PPP."""
    if len(data) < 4:
        return None
    flags, kind = int.from_bytes(data[:2]), int.from_bytes(data[2:4])
    start = 4
    if flags & 7 == 1:
        start += 4 + (4 if flags & 0x1000 else 0) + (4 if flags & 0x80 else 0)
        return PPP, data[start:]
    if flags & 7 or flags & 0x4000:  # versions never seen, and source routes that RFC 2784 withdrew
        return None
    start += (4 if flags & 0x8000 else 0) + (4 if flags & 0x2000 else 0) + (4 if flags & 0x1000 else 0)
    if kind == _ERSPAN_II:  # type I has no sequence number and no header of its own
        return ETHERNET, data[start + (8 if flags & 0x1000 else 0) :]
    if kind == _ERSPAN_III:
        return _erspan_iii(data[start:])
    return kind, data[start:]


def _erspan_iii(data: bytes) -> Inside | None:
    if len(data) < 12:
        return None
    subheader = 8 if data[11] & 1 else 0
    return ETHERNET, data[12 + subheader :]


def _geneve(data: bytes) -> Inside | None:
    """RFC 8926."""
    if len(data) < 8 or data[0] >> 6 or data[7]:
        return None
    return int.from_bytes(data[2:4]), data[8 + 4 * (data[0] & 0x3F) :]


_VXLAN_GPE = {1: IPV4, 2: IPV6, 3: ETHERNET, 5: MPLS}


def _vxlan(data: bytes) -> Inside | None:
    """RFC 7348; with the P flag its next byte names the protocol inside (VXLAN-GPE)."""
    if len(data) < 8 or not data[0] & 0x08:
        return None
    kind = _VXLAN_GPE.get(data[3], 0) if data[0] & 0x04 else ETHERNET
    return (kind, data[8:]) if kind else None


def _gtp_u(data: bytes) -> Inside | None:
    """3GPP TS 29.281: only message type 255 carries a packet."""
    if len(data) < 8 or data[0] & 0xF0 != 0x30 or data[1] != 0xFF:
        return None
    start = 8
    if data[0] & 7:
        following, start = (data[11] if len(data) > 11 else 0), 12
        while following and start < len(data):
            size = 4 * data[start]
            if not size or start + size > len(data):
                return None
            following = data[start + size - 1]
            start += size
    return _ip(data[start:])


def _teredo(data: bytes) -> Inside | None:
    """RFC 4380: authentication and origin headers may stand before the IPv6 packet."""
    start = 0
    if data[:2] == b"\x00\x01" and len(data) >= 4:
        start = 13 + data[2] + data[3]
    if data[start : start + 2] == b"\x00\x00":
        start += 8
    return (IPV6, data[start:]) if data[start : start + 1] and data[start] >> 4 == 6 else None


def _l2tp(data: bytes) -> Inside | None:
    """RFC 2661, data messages only: PPP inside."""
    if len(data) < 6 or data[0] & 0x80 or data[1] & 0x0F != 2:
        return None
    flags = data[0]
    start = 6 + (2 if flags & 0x40 else 0) + (4 if flags & 0x08 else 0)
    if flags & 0x02:
        start += 2 + int.from_bytes(data[start : start + 2])
    return PPP, data[start:]


def _l2tpv3(data: bytes) -> Inside | None:
    """RFC 3931 over IP without cookies: the sublayer's four bytes, if any, are zeros where no sequence is kept."""
    if len(data) < 18 or data[:4] == b"\x00\x00\x00\x00":
        return None
    start = 8 if data[4:8] == b"\x00\x00\x00\x00" else 4
    return ETHERNET, data[start:]


def _etherip(data: bytes) -> Inside | None:
    """RFC 3378."""
    return (ETHERNET, data[2:]) if data[:1] == b"\x30" else None


def _mpls(data: bytes) -> Inside | None:
    return MPLS, data


_Opener = Callable[[bytes], Inside | None]
_BY_PROTOCOL: dict[int, _Opener] = {
    _IP_IN_IP: _ip,
    _6IN4: _ip,
    _GRE: _gre,
    _ETHERIP: _etherip,
    _L2TP: _l2tpv3,
    _MPLS_IN_IP: _mpls,
}
_BY_PORT: dict[int, _Opener] = {
    1701: _l2tp,
    2152: _gtp_u,
    3544: _teredo,
    4789: _vxlan,
    4790: _vxlan,
    6081: _geneve,
    6635: _mpls,
    8472: _vxlan,
}
TUNNEL_PROTOCOLS = frozenset(_BY_PROTOCOL)
TUNNEL_PORTS = frozenset(_BY_PORT)
