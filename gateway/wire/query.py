"""A DNS query, said again with nothing but its question.

A resolver that forwards passes a query on as it came: with whatever stands behind the question, in EDNS options, or in records
that no query needs. All of that would be a letter to whoever answers for the name.
"""

import struct

from gateway.model.packet import UDP, Packet

from .datagram import build_datagram
from .dns import EDNS_BYTES, OPT, QUERY, DnsMessage, parse_dns, read_name

_HEADER = struct.Struct("!6H")
_EDNS = struct.Struct("!BHHIH")
_ESCAPE = "\\"
"""How ``read_name`` writes such a byte."""
_ONE = bytes((0, 1, 0, 0, 0, 0, 0, 0))
"""The counts of a header: one question."""
_KEPT_FLAGS = 0x0130
"""Recursion desired, authentic data, checking disabled: what a stub may ask for (RFC 1035, RFC 6840)."""


def is_bare(payload: bytes, query: DnsMessage) -> bool:
    """One question, plain names, and nothing else: what most gadgets send. It need not be said again."""
    asked = query.question
    if asked is None or payload[4:12] != _ONE:
        return False
    if not asked.name or _ESCAPE in asked.name:  # their bytes are fewer than their letters: the root's, and what is spelt
        return False
    return not int.from_bytes(payload[2:4]) & ~_KEPT_FLAGS and len(payload) == 18 + len(asked.name)


def restate_query(packet: Packet) -> bytes | None:
    """The raw IP packet that asks the same and says nothing else; None where the packet is no query with one plain question.

    The name keeps its spelling, since clients that mix cases check it. One with bytes that no host has in its name is none.
    """
    payload = packet.payload
    query = parse_dns(payload) if packet.proto == UDP and packet.fragment is None else None
    if query is None or query.is_response or query.opcode != QUERY or len(query.questions) != 1:
        return None
    if _ESCAPE in query.questions[0].name:
        return None
    _, end = read_name(payload, _HEADER.size)
    asked = payload[_HEADER.size : end + 4]  # whole: a pointer in the first name has nothing to point to
    edns = b""
    if query.edns_bytes:
        edns = _EDNS.pack(0, OPT, min(query.edns_bytes, EDNS_BYTES), 0x8000 * query.dnssec_ok, 0)
    flags = int.from_bytes(payload[2:4]) & _KEPT_FLAGS
    head = _HEADER.pack(query.id, flags, 1, 0, 0, bool(edns))
    return build_datagram((packet.src, packet.sport), (packet.dst, packet.dport), head + asked + edns)
