"""Frames of a link layer -> the innermost packet: ``decode_frame(data, link_type)``.

Whatever the link, what follows its header is named by an EtherType; one loop walks tags, labels and tunnels from there
until a packet carries no other. Links that ``link.LINKS`` does not know are dissected by Scapy.
"""

from typing import NamedTuple

from gateway.model.device import Mac
from gateway.model.packet import TCP, UDP, Packet

from .dissector import dissect_frame
from .ip import decode_ip
from .link import LINKS, NO_MACS, STEPS, Layer, macs_of
from .tunnel import IPV4, IPV6, TUNNEL_PORTS, TUNNEL_PROTOCOLS, unwrap

MAX_LAYERS = 16
"""Tags, labels and tunnels walked in one frame: nothing real comes near, and a loop made by hand ends."""


class Frame(NamedTuple):
    """The innermost packet of a frame, and who spoke to whom on the link that carries it."""

    packet: Packet
    src_mac: Mac | None
    """Of the innermost Ethernet (or 802.11) header; None where the link has no addresses."""
    dst_mac: Mac | None


def decode_frame(data: bytes, link_type: int) -> Frame | None:
    """The innermost packet of a frame, or None: no IP inside (ARP, spanning tree …), or too broken to tell. Never raises."""
    if link_type == 1 and data[12:14] == b"\x08\x00":
        packet = decode_ip(data[14:])
        if packet is None:
            return None
        if packet.proto == TCP or not _may_tunnel(packet):
            src_mac, dst_mac = macs_of(data[:12])
            return Frame(packet, src_mac, dst_mac)
    opener = LINKS.get(link_type)
    layer = opener(data) if opener is not None else _dissected(data, link_type)
    return _walk(layer) if layer is not None else None


def innermost(packet: Packet) -> Packet:
    """The packet inside a tunnel (for one whose outer fragments were put together), or ``packet`` itself."""
    inside = unwrap(packet)
    frame = _walk(Layer(inside[0], inside[1], 0)) if inside is not None else None
    return frame.packet if frame is not None else packet


def _may_tunnel(packet: Packet) -> bool:
    if packet.proto == UDP:
        return packet.dport in TUNNEL_PORTS or packet.sport in TUNNEL_PORTS
    return packet.proto in TUNNEL_PROTOCOLS


def _dissected(data: bytes, link_type: int) -> Layer | None:
    inside = dissect_frame(data, link_type)
    return LINKS[101](inside) if inside is not None else None


def _walk(layer: Layer) -> Frame | None:
    frame: Frame | None = None
    macs = NO_MACS
    for _ in range(MAX_LAYERS):
        kind, data, start, found = layer
        macs = macs if found is NO_MACS else found
        following: Layer | None = None
        if kind == IPV4 or kind == IPV6:
            packet = decode_ip(data[start:] if start else data)
            if packet is None:
                return frame
            frame = Frame(packet, macs[0], macs[1])
            inside = unwrap(packet)
            following = Layer(inside[0], inside[1], 0) if inside is not None else None
        elif kind in STEPS:
            following = STEPS[kind](data, start)
        if following is None:
            return frame
        layer = following
    return frame
