"""What is fuzzed. A target takes one input and yields after each packet in it, so that each can be timed.

Inputs of several packets are split by ``pieces``, which no mutation can break: whatever the bytes, they are some packets.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import cache
from struct import Struct
from typing import Any, cast

from gateway.answer.responder import Responder
from gateway.edge.control_line import encode_response, parse_request
from gateway.model.assessment import FixedReply
from gateway.model.control import Response
from gateway.model.device import Mac
from gateway.model.packet import ACK, SYN, TCP, UDP, Packet
from gateway.wire import (
    FlowReader,
    Reassembler,
    answer_query,
    decode_frame,
    decode_ip,
    innermost,
    parse_dns,
    quic,
    restate_query,
)
from gateway.wire.clue import MAX_TEXT, ClueReader
from gateway.wire.dns import parse_dns_tcp
from gateway.wire.dtls import DtlsReader, is_dtls
from gateway.wire.gquic import parse_gquic
from gateway.wire.http import head_end, parse_http
from gateway.wire.link import LINKS
from gateway.wire.ntp import answer_ntp
from gateway.wire.option import are_plain
from gateway.wire.quic_crypto import ClientKeys
from gateway.wire.tls import is_record, parse_client_hello, starts_hello

HOME, CLOUD = bytes((10, 77, 0, 20)), bytes((203, 0, 113, 10))
LIMIT_BYTES = 16_384
MAX_PIECES = 24
PIECE = Struct("!BbH")
"""Control bits, how far a segment lies from where it belongs, length."""
REPLY, IS_SYN, FAR = 1, 2, 4
LINK_TYPES = sorted(LINKS)
SENDER = Mac("02:00:5e:10:00:01")
CLUE_PORTS = ((68, 67), (5353, 5353), (1900, 1900), (50_000, 53))

Target = Callable[[bytes], Iterator[None]]


def pieces(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(control, shift, payload) of every piece; the last takes what is left."""
    at = 0
    for _ in range(MAX_PIECES):
        if at + PIECE.size >= len(data):
            return
        control, shift, size = PIECE.unpack_from(data, at)
        at += PIECE.size + size
        yield control, shift, data[at - size : at]


def piece(payload: bytes, control: int = 0, shift: int = 0) -> bytes:
    """The other way round, for seeds."""
    return PIECE.pack(control, shift, len(payload)) + payload


def ip(data: bytes) -> Iterator[None]:
    packet = decode_ip(data)
    if packet is not None:
        assert len(packet.payload) <= max(packet.payload_length, len(data))
        innermost(packet)
        are_plain(packet.options)
    yield


def frame(data: bytes) -> Iterator[None]:
    if data:
        decode_frame(data[1:], LINK_TYPES[data[0] % len(LINK_TYPES)])
    yield


def fragment(data: bytes) -> Iterator[None]:
    reassembler = Reassembler(limit_datagrams=4, limit_bytes=4_096)
    for control, _, payload in pieces(data):
        packet = decode_ip(payload)
        if packet is not None:
            whole = reassembler.add(packet, float(control))
            assert whole is None or whole.fragment is None
            assert 0 <= reassembler.held_bytes <= 4_096 + len(data)
        yield


def dns(data: bytes) -> Iterator[None]:
    parse_dns(data)
    yield
    parse_dns_tcp(data)
    yield
    packet = _datagram(data, dport=53)
    for say in (lambda: answer_query(packet, addresses=(HOME, bytes(16))), lambda: restate_query(packet)):
        answer = say()
        yield
        built = decode_ip(answer) if answer is not None else None
        assert answer is None or built is not None and parse_dns(built.payload) is not None, "what we say can be read"


def http(data: bytes) -> Iterator[None]:
    _read(parse_http, data)
    assert 0 <= head_end(data) <= len(data)
    yield


def tls(data: bytes) -> Iterator[None]:
    is_record(data)
    if data:
        starts_hello(data)
    hello = _read(parse_client_hello, data)
    if hello is not None:
        hello.facts("tls")
    yield


def tcp(data: bytes) -> Iterator[None]:
    """A stream: segments in and out of order, again, overlapping, and of both directions."""
    reader = FlowReader(TCP, 443, limit_bytes=LIMIT_BYTES)
    reached = [1, 1]
    for control, shift, payload in pieces(data):
        side = control & REPLY
        seq = reached[side] + (shift * 1_024 if control & FAR else shift) & 0xFFFFFFFF
        reached[side] = seq + len(payload) & 0xFFFFFFFF
        ports = (443, 40_000) if side else (40_000, 443)
        flags = SYN if control & IS_SYN else ACK
        reader.feed(Packet(4, HOME, CLOUD, TCP, *ports, flags, seq, payload, 40 + len(payload), len(payload)), side)
        assert reader.held_bytes <= 4 * LIMIT_BYTES and (not reader.done or reader.held_bytes == 0)
        yield


def udp(data: bytes) -> Iterator[None]:
    """A flow of datagrams, of whatever protocol their first bytes say."""
    port = (443, 53, 3478, 5684)[len(data) % 4]
    reader = FlowReader(UDP, port)
    for control, _, payload in pieces(data):
        reader.feed(_datagram(payload, dport=port), control & REPLY)
        assert reader.held_bytes <= 2 * LIMIT_BYTES + len(data)
        yield


def quic_sealed(data: bytes) -> Iterator[None]:
    """Datagrams as they are: nearly all mutations break the seal."""
    reader = quic.QuicReader()
    for _, _, payload in pieces(data):
        _read(reader.feed, payload)
        yield


def quic_open(data: bytes) -> Iterator[None]:
    """Datagrams under keys that open everything: mutations reach the frames and the hello in them."""
    closed, quic.ClientKeys = quic.ClientKeys, OpenKeys
    try:
        yield from quic_sealed(data)
    finally:
        quic.ClientKeys = closed


class OpenKeys(ClientKeys):
    """Keys of packets that were never sealed."""

    def __init__(self, *_: Any) -> None:
        pass

    def unprotect(self, packet: bytes, number_at: int) -> bytes:
        return packet[number_at + 4 :]


def dtls(data: bytes) -> Iterator[None]:
    reader = DtlsReader()
    for _, _, payload in pieces(data):
        if is_dtls(payload):
            hello = _read(reader.feed, payload)
            assert reader.size_bytes <= 32 * LIMIT_BYTES
            if hello is not None:
                hello.facts("dtls")
        yield


def gquic(data: bytes) -> Iterator[None]:
    parse_gquic(data)
    yield


def ntp(data: bytes) -> Iterator[None]:
    answer = answer_ntp(_datagram(data, dport=123), received=1.8e9, sent=1.8e9, synchronised=len(data) % 2 == 0)
    assert answer is None or len(answer) <= 28 + len(data), "never more than was asked with"
    yield


def clue(data: bytes) -> Iterator[None]:
    """What a datagram gives away of its sender; the first byte says at which port. (No address: that would load Scapy.)"""
    if data:
        sport, dport = CLUE_PORTS[data[0] % len(CLUE_PORTS)]
        packet = _datagram(data[1:], dport=dport)._replace(sport=sport)
        for sign in ClueReader().read(SENDER, packet):
            assert 0 < len(sign.clue.value) <= MAX_TEXT
    yield


def control(data: bytes) -> Iterator[None]:
    """A line of the control socket; what is wrong with it can be told."""
    parsed = parse_request(data)
    if isinstance(parsed, Response):
        json.loads(encode_response(parsed))
    yield


REPLIES = [
    FixedReply(host="check.example", path="/204", status=204, content_type="", body=""),
    FixedReply(host="check.example", path="/", status=200, content_type="text/html", body="<html>yes</html>"),
]


def answer(data: bytes) -> Iterator[None]:
    """A client of the responder says this and no more; it hears a reply that ends, or nothing."""
    heard = _runner().run(_answered(data))
    assert not heard or heard.startswith(b"HTTP/1.1 ") and b"\r\n\r\n" in heard
    yield


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


async def _answered(data: bytes) -> bytes:
    responder, reader, client = Responder(), asyncio.StreamReader(), Client()
    responder.table = {(reply.host, reply.path): reply for reply in REPLIES}
    reader.feed_data(data)
    reader.feed_eof()
    await responder.serve(reader, cast(asyncio.StreamWriter, client))
    assert client.closed
    return bytes(client.heard)


class Client:
    """The other end, as the responder writes to it."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.write = self.heard.extend
        self.closed = False

    async def drain(self) -> None:
        pass

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def _read(reader: Callable[[bytes], Any], data: bytes) -> Any:
    """Within the room, invalid input is a ``ValueError``."""
    try:
        return reader(data)
    except ValueError:
        return None


def _datagram(payload: bytes, *, dport: int) -> Packet:
    return Packet(4, HOME, CLOUD, UDP, 50_000, dport, 0, 0, payload, 28 + len(payload), len(payload))


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        ip, frame, fragment, dns, http, tls, tcp, udp, quic_sealed, quic_open, dtls, gquic, ntp, clue, answer, control,
    )  # fmt: skip
}
