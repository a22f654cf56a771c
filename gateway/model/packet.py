"""The headers of one packet."""

from typing import NamedTuple

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20


class Packet(NamedTuple):
    """One packet from its network layer up. A named tuple, since one is made for every packet judged."""

    version: int
    """4 or 6."""
    src: bytes
    dst: bytes
    """Packed addresses: 4 or 16 bytes."""
    proto: int
    """Number of the transport protocol, after IPv6 extension headers."""
    sport: int
    dport: int
    """Ports; 0 where the protocol has none, or in a later fragment. For ICMP: type and code."""
    flags: int
    """TCP flags; 0 for others."""
    seq: int
    """TCP sequence number; 0 for others."""
    payload: bytes
    """Transport payload: what follows the TCP or UDP header, up to the length the IP header states."""
    length: int
    """Bytes from the network layer on, as the IP header states them (a capture may hold fewer)."""
    payload_length: int
    """Bytes of transport payload on the wire; more than ``len(payload)`` where the capture was cut."""
    fragment: tuple[int, int, bool] | None = None
    """(identification, offset in bytes, more fragments follow) of a fragment, else None."""
    options: bytes = b""
    """TCP options, of packets with a SYN; empty for others."""


class FlowKey(NamedTuple):
    """A 5-tuple from the initiator's side."""

    proto: int
    src: bytes
    sport: int
    dst: bytes
    dport: int

    def reversed(self) -> "FlowKey":
        """The same flow seen from the responder."""
        return FlowKey(self.proto, self.dst, self.dport, self.src, self.sport)


def key_of(packet: Packet) -> FlowKey:
    """The 5-tuple of a packet, from its sender's side."""
    return FlowKey(packet.proto, packet.src, packet.sport, packet.dst, packet.dport)
