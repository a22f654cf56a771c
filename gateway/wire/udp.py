"""What the first datagrams of a UDP flow say: whose a datagram is tells its first byte (RFC 7983, 9443)."""

from gateway.model.facts import NOTHING, Facts

from .dns import parse_dns
from .dtls import DtlsReader, is_dtls
from .gquic import parse_gquic
from .quic import QuicReader
from .tls import ClientHello

DNS_PORT = 53
MAX_REFUSALS = 4
"""Long headers of a direction that were no part of a client's first flight, before no more are tried."""

_USE_SRTP = 14
"""The extension of a hello whose keys are for pictures and sound (RFC 5764)."""
_DTLS = Facts(app_proto="dtls", dissector="fast")
_QUIC = Facts(app_proto="quic", dissector="fast")


class UdpReader:
    """Reads one UDP flow; see ``reader.FlowReader`` for what the attributes mean.

    Memory: what its readers of DTLS and QUIC hold. Time per datagram: once over it, and for QUIC the price of opening it.
    """

    __slots__ = (
        "_dtls", "_held", "_left", "_port", "_quic", "_refusals", "contradiction", "done", "exhausted", "facts",
        "hello_from",
    )  # fmt: skip
    hello: ClientHello | None = None
    """Never kept: no row knows a fingerprint of one."""

    def __init__(self, port: int, *, limit_packets: int) -> None:
        self._port = port
        self._left = limit_packets
        self._dtls: dict[int, DtlsReader] = {}
        self._quic: dict[int, QuicReader] = {}
        self._refusals = [0, 0]
        self._held = 0
        self.facts = NOTHING
        self.hello_from: int | None = None
        self.contradiction = False
        self.exhausted = False
        self.done = False

    @property
    def held_bytes(self) -> int:
        return 0 if self.done else self._held + sum(reader.size_bytes for reader in self._dtls.values())

    def feed(self, payload: bytes, direction: int, *, port: int) -> Facts | None:
        self._left -= 1
        try:
            facts = self._read(payload, direction, port=port)
        except ValueError:
            facts = NOTHING
        if facts is not None:
            self._learn(facts, direction)
        if self._left <= 0 and not self.done:
            self.done = True
            self.exhausted = self.exhausted or facts is None
            return self.facts
        return None if facts is None else self.facts

    def _learn(self, facts: Facts, direction: int) -> None:
        """A hello ends the matter; else the first that is known stands."""
        if facts.hello:
            self.facts, self.hello_from, self.done = facts, direction, True
        elif self.facts.app_proto == "unknown":
            self.facts = facts

    def _read(self, payload: bytes, direction: int, *, port: int) -> Facts | None:
        if is_dtls(payload):
            return self._read_dtls(payload, direction)
        if payload[0] & 0x80:
            facts = self._read_quic(payload, direction)
            if facts is not NOTHING:
                return facts
        if DNS_PORT in (port, self._port) and parse_dns(payload) is not None:
            return Facts(app_proto="dns", dissector="fast")
        return parse_gquic(payload) or NOTHING

    def _read_quic(self, payload: bytes, direction: int) -> Facts | None:
        """None while a hello grows; nothing where this is no client's first flight."""
        if self._refusals[direction] >= MAX_REFUSALS:
            return NOTHING
        reader = self._quic.get(direction) or QuicReader()
        try:
            facts = reader.feed(payload)
        except ValueError:
            self._refusals[direction] += 1
            self.exhausted = self.exhausted or (direction == 0 and reader.proven)
            return NOTHING
        self._quic[direction] = reader
        self.contradiction = self.contradiction or reader.contradiction
        self._held += len(payload)
        if facts is None:
            self.facts, self.hello_from = _QUIC, direction
        return facts

    def _read_dtls(self, payload: bytes, direction: int) -> Facts | None:
        reader = self._dtls.setdefault(direction, DtlsReader())
        try:
            hello = reader.feed(payload)
        except ValueError:
            self.exhausted = self.exhausted or direction == 0
            return NOTHING
        if hello is not None:
            return hello.facts("dtls-srtp" if _USE_SRTP in hello.extensions else "dtls")
        if reader.started:
            self.facts, self.hello_from = _DTLS, direction
            return None
        return _DTLS
