"""What the first bytes of a TCP connection say, from the segments of either direction.

Each direction starts at its *head*: the bytes that tell TLS, HTTP, DNS or a greeting in clear. After a head in clear (or an
unknown one) the direction is only *watched*: a segment that begins like a ClientHello starts a stream of its own, since
proxies and STARTTLS put TLS at any later position. No plain byte is kept while watching.
"""


from gateway.model.facts import NOTHING, Facts
from gateway.model.packet import SYN, URG, Packet

from . import preamble
from .dns import parse_dns_tcp
from .http import head_end, parse_http
from .tcp import HalfStream
from .tls import ClientHello, is_record, may_be_record, parse_client_hello, starts_hello

DNS_PORT = 53
WATCHED_SEGMENTS = 512
"""Segments of a direction looked at while watching."""
MAX_KEPT_HELLO_BYTES = 4_096
"""A hello that is longer is not kept for its fingerprint; with keys against quantum computers they are of 1,800 bytes."""

_TLS = Facts(app_proto="tls", dissector="fast")


class _Side:
    """One direction: a head or a later hello that grows in ``stream``, or, without one, watched."""

    __slots__ = ("head", "last", "limit_bytes", "left", "segments", "stream")

    def __init__(self, limit_bytes: int, start: int | None = None) -> None:
        self.limit_bytes = limit_bytes
        self.stream: HalfStream | None = HalfStream(limit_bytes)
        if start is not None:
            self.stream.anchor(start)
        self.head = True
        self.segments = 0
        self.left = WATCHED_SEGMENTS
        self.last: tuple[int, bytes] | None = None
        """The segment before, while watching: a capture may show two the wrong way round."""

    def watch(self) -> None:
        self.stream, self.head = None, False

    def start_hello(self, seq: int, payload: bytes) -> HalfStream:
        self.stream = stream = HalfStream(self.limit_bytes)
        stream.anchor(seq)
        stream.add(seq, payload)
        if self.last is not None:
            stream.add(*self.last)
        self.segments, self.last = 0, None
        return stream


class StreamReader:
    """Reads one TCP connection; see ``reader.FlowReader`` for what the attributes mean.

    Memory: two directions of at most twice ``limit_bytes``. Time per segment: once over what is in order, while incomplete;
    a look at seven bytes while watching.
    """

    __slots__ = (
        "_dns", "_limit_bytes", "_limit_packets", "_sides", "_told", "contradiction", "done", "exhausted", "facts", "hello",
        "hello_from",
    )  # fmt: skip

    def __init__(self, port: int, *, limit_bytes: int, limit_packets: int, start: int | None = None) -> None:
        self._dns = port == DNS_PORT
        self._limit_bytes = limit_bytes
        self._limit_packets = limit_packets
        self._sides = (_Side(limit_bytes, start), _Side(limit_bytes))
        self._told = False
        self.facts = NOTHING
        self.hello: ClientHello | None = None
        self.hello_from: int | None = None
        self.contradiction = False
        self.exhausted = False
        self.done = False

    @property
    def held_bytes(self) -> int:
        return sum(side.stream.size_bytes for side in self._sides if side.stream is not None)

    def feed(self, packet: Packet, direction: int) -> Facts | None:
        side, payload = self._sides[direction], packet.payload
        stream = side.stream
        syn = bool(packet.flags & SYN)
        if not payload and not (syn and stream is not None):
            return self.facts if self._told else None
        if packet.flags & URG:
            self.contradiction = True  # a server may take the urgent byte out of the stream, and read another name
        if stream is None:
            return self._watch(side, packet, direction)
        grew = stream.add(packet.seq, payload, syn=syn)
        if not payload:
            return None
        side.segments += 1
        self._dns = self._dns or packet.sport == DNS_PORT or packet.dport == DNS_PORT
        told = self._read(side, stream, direction) if grew else None
        if side.stream is stream:
            return self._check_bounds(side, packet, direction)
        if side.stream is None and side.segments > 1 and not self.done:
            return self._watch(side, packet, direction)  # it was the segments before that were no hello
        side.last = (packet.seq, payload)
        return told

    def _watch(self, side: _Side, packet: Packet, direction: int) -> Facts | None:
        payload = packet.payload
        side.left -= 1
        if side.left < 0:
            self.done = all(other.left < 0 for other in self._sides)
        elif payload[0] == 22 and starts_hello(payload):
            return self._read(side, side.start_hello(packet.seq, payload), direction)
        else:
            side.last = (packet.seq, payload)
        return self.facts

    def _read(self, side: _Side, stream: HalfStream, direction: int) -> Facts | None:
        self.contradiction = self.contradiction or stream.contradiction
        data = bytes(stream.data)
        skip = preamble.skip_wrapper(data) if side.head and data[0] != 22 else 0
        if skip is None or skip >= len(data):
            return None
        data = data[skip:] if skip else data
        if data[0] == 22 or data[0] & 0x80:
            try:
                return self._read_hello(data, direction)
            except ValueError:
                pass
        if not side.head:
            side.watch()
            return self.facts
        return self._read_head(side, stream, direction, skip=skip)

    def _read_hello(self, data: bytes, direction: int) -> Facts | None:
        hello = parse_client_hello(data)
        if hello is None:
            if len(data) > 5 and starts_hello(data):
                self.hello_from = direction
                self.facts = _TLS._replace(names=self.facts.names)
            return None
        facts = hello.facts("tls")
        self.facts = facts._replace(names=facts.names + self.facts.names) if self.facts.names else facts
        self.hello_from, self.done = direction, True
        self.hello = hello if len(data) <= MAX_KEPT_HELLO_BYTES else None
        for side in self._sides:
            side.watch()
        return self.facts

    def _read_head(self, side: _Side, stream: HalfStream, direction: int, *, skip: int) -> Facts | None:
        data = bytes(stream.data[skip:])
        if may_be_record(data):
            if len(data) == 1:
                return None
            if direction == 0 and stream.anchored:
                self.exhausted = True  # TLS from its first byte, but no hello that we can read: some server may
        facts = self._recognise(data)
        if facts is None:
            return None
        side.watch()
        best = self._learn(facts)
        end = head_end(data) if facts.detail == "CONNECT" else 0
        if 0 < end < len(data) and starts_hello(data[end:]):
            return self._read(side, side.start_hello(stream.seq_at(skip + end), data[end:]), direction)
        return best

    def _recognise(self, data: bytes) -> Facts | None:
        """The facts of a head that is no ClientHello; unknown ones for "not this"; None if more bytes are needed."""
        if is_record(data):
            return _TLS
        if self._dns:
            message, size = parse_dns_tcp(data)
            if message is not None or not size:
                return Facts(app_proto="dns", dissector="fast") if message else None
        try:
            return parse_http(data)
        except ValueError:
            pass
        app_proto = preamble.recognise(data)
        if app_proto:
            return Facts(app_proto=app_proto, opaque=True, dissector="fast")
        return None if preamble.may_grow(data) else NOTHING

    def _learn(self, facts: Facts) -> Facts:
        """Keep the facts if they say more than those before; the best so far."""
        self._told = True
        known = self.facts.app_proto
        if known == "unknown" or (known != "tls" and (facts.names or facts.app_proto == "tls")):
            self.facts = facts
        return self.facts

    def _check_bounds(self, side: _Side, packet: Packet, direction: int) -> Facts | None:
        """Still incomplete: give up where nothing more can come, or too much did."""
        stream = side.stream
        assert stream is not None
        self.contradiction = self.contradiction or stream.contradiction
        cut = packet.payload_length > len(packet.payload)
        full = stream.overflow or side.segments >= self._limit_packets
        if not (cut or full):
            return self.facts if self._told and side.head and self.hello_from != direction else None
        waiting = stream.waiting()
        self.exhausted = self.exhausted or full
        side.watch()
        if self.facts.app_proto == "tls" and self.hello_from == direction:
            self.done = True
            return self.facts
        for seq, payload in waiting:
            if starts_hello(payload):
                return self._read(side, side.start_hello(seq, payload), direction)
        self._learn(NOTHING)
        return self._watch(side, packet, direction)
