"""Bytes -> ``Packet`` and ``Facts``, and back where we answer; the only user of Scapy. Imports ``model``.

Whatever the bytes: facts, "need more" (None) or "not this" (``unknown``), never an exception out of this room; memory and
time are bounded where each reader says so. Inside, incomplete input is None and invalid input a ``ValueError``.

Packets
    ``frame``     a frame of any link -> the innermost ``Packet``: ``decode_frame`` (with ``link`` and ``tunnel``)
    ``ip``        a packet from its network layer up: ``decode_ip``; ``fragment`` puts fragments together
    ``datagram``  whole packets of our own making
Flows
    ``reader``    ``FlowReader``: the first bytes of one flow -> ``Facts``; ``stream`` (TCP) and ``udp`` are its two halves
    ``tcp``       ``HalfStream``: segments in order; ``option``: are the options of a SYN those of a system
    ``tls``, ``dtls``, ``quic``, ``gquic``  hellos; ``name``: how a name in them is written down
    ``http``      request heads; ``preamble``: what speaks in clear before TLS may begin
    ``ntp``       ``answer_ntp``, ``is_request``
    ``dns``       ``parse_dns``, ``answer_query``, ``build_query``; ``query``: ``restate_query``, a query without its letters
What a device gives away of itself
    ``clue``      ``ClueReader``: packets -> the clues of ``identity``; ``address_clues``, ``sender_of``
    ``dhcp``, ``mdns``, ``ssdp``  requests for an address, services offered and looked for, announcements
    ``ja4``       the fingerprint of a TLS hello; ``maker``: who a hardware address is registered to
The rest
    ``other``     ``OtherReader``: everything else a gadget speaks, through Scapy (``dissector`` loads its layers)

Importing this room does not import Scapy: ``OtherReader`` and ``decode_frame`` load it when they are first used.
"""

from .dns import answer_query, build_query, parse_dns
from .fragment import Reassembler
from .frame import Frame, decode_frame, innermost
from .ip import decode_ip
from .option import are_plain
from .other import OtherReader
from .query import restate_query
from .reader import FlowReader

__all__ = [
    "FlowReader", "Frame", "OtherReader", "Reassembler", "answer_query", "are_plain", "build_query", "decode_frame",
    "decode_ip", "innermost", "parse_dns", "restate_query",
]  # fmt: skip
