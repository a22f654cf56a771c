"""The name in a QUIC handshake: a client's Initial packets -> ``Facts`` (RFC 9000, 9001, 9369).

``QuicReader`` reads one flow, datagram by datagram. Memory: 16 kB of handshake and 8 sets of keys a flow.
"""

from typing import Final

from gateway.model.facts import Facts
from gateway.model.name import NameSource

from .name import clean, names_of
from .quic_crypto import VERSIONS, ClientKeys
from .quic_packet import (
    INITIAL,
    MIN_CLIENT_DATAGRAM,
    NEGOTIATION,
    OTHER_VERSION,
    RETRY,
    ZERO_RTT,
    LongPacket,
    crypto_frames,
    is_reserved,
    split_datagram,
)
from .tls import parse_body

MAX_CRYPTO_BYTES: Final = 16_384
MAX_DATAGRAMS: Final = 64
MAX_KEYS: Final = 8
MIN_LONG_BYTES: Final = 11
"""The least that tells anything: a version negotiation without connection ids."""
MAX_OTHER_VERSIONS: Final = 2
"""Datagrams of a version nobody speaks that are waited through: the real ones follow the server's refusal."""

_CLIENT_HELLO = 1


def looks_like_quic_initial(payload: bytes) -> bool:
    """Whether a datagram may belong to a client's first flight: no cryptography, a fraction of a microsecond."""
    if len(payload) < MIN_LONG_BYTES or not payload[0] & 0x80:
        return False
    version = payload[1:5]
    known = VERSIONS.get(version)
    if known is None:
        return len(payload) >= MIN_CLIENT_DATAGRAM and bool(payload[0] & 0x40) and is_reserved(version)
    return not known.google_crypto and ((payload[0] >> 4) - known.shift) & 0x03 in (INITIAL, ZERO_RTT)


class _Handshake:
    """The CRYPTO stream of one connection attempt, as far as it is known."""

    __slots__ = ("contradiction", "data", "known")

    def __init__(self) -> None:
        self.data = bytearray()
        self.known = bytearray()
        """1 for every byte of ``data`` that has come."""
        self.contradiction = False

    def add(self, offset: int, piece: bytes) -> None:
        """The first copy of a byte counts; another value for it later is a contradiction."""
        end = offset + len(piece)
        if end > len(self.data):
            self.data.extend(bytes(end - len(self.data)))
            self.known.extend(bytes(end - len(self.known)))
        known = self.known[offset:end]
        if 1 in known:
            # Bytes that are here already stay as they are, and show whether the new ones agree.
            was, now, mask = int.from_bytes(self.data[offset:end]), int.from_bytes(piece), int.from_bytes(known) * 0xFF
            self.contradiction = self.contradiction or bool((was ^ now) & mask)
            piece = (now ^ (was ^ now) & mask).to_bytes(len(piece))
        self.data[offset:end] = piece
        self.known[offset:end] = b"\x01" * len(piece)

    def message(self) -> bytes | None:
        """The first handshake message, once it is whole. ValueError: it is no ClientHello, or longer than one may be."""
        have = self.known.find(0)
        have = len(self.known) if have < 0 else have
        if have and self.data[0] != _CLIENT_HELLO:
            raise ValueError("no ClientHello")
        if have < 4:
            return None
        size = 4 + int.from_bytes(self.data[1:4])
        if size > MAX_CRYPTO_BYTES:
            raise ValueError("ClientHello too long")
        return bytes(self.data[:size]) if have >= size else None


class _Connection:
    """One connection attempt: its keys, and what came under them."""

    __slots__ = ("handshake", "keys", "proven")

    def __init__(self, keys: ClientKeys) -> None:
        self.keys = keys
        self.handshake = _Handshake()
        self.proven = False
        """A packet was really made with these keys."""


class QuicReader:
    """Reads the client's datagrams of one flow until its ClientHello is whole; a server's are told apart and left alone."""

    __slots__ = ("_connections", "_datagrams", "_facts", "_other_versions", "_senders")

    def __init__(self) -> None:
        self._connections: dict[tuple[bytes, bytes], _Connection] = {}
        """By version and the server's connection id; a Retry and a server's own id add entries."""
        self._senders: set[bytes] = set()
        """The client's own connection ids: what is sent to one of them comes from the server."""
        self._datagrams = 0
        self._other_versions = 0
        self._facts: Facts | None = None

    @property
    def contradiction(self) -> bool:
        """Handshake bytes came twice with different values: somebody wants to be read in two ways."""
        return any(connection.handshake.contradiction for connection in self._connections.values())

    @property
    def proven(self) -> bool:
        """A client's Initial was opened: this is QUIC, whatever follows."""
        return any(connection.proven for connection in self._connections.values())

    def feed(self, payload: bytes) -> Facts | None:
        """Read one datagram: ``None`` means more are needed. ValueError: it is not of a client's first flight (the reader
        stays as it was), or the flight cannot be read (too long, no ClientHello)."""
        if self._facts is not None:
            return self._facts
        if len(payload) < MIN_LONG_BYTES or not payload[0] & 0x80:
            raise ValueError("not a QUIC long header")
        useful = False
        for packet in split_datagram(payload):
            useful |= self._read(packet, payload)
        if not useful:
            raise ValueError("not a client's QUIC Initial")
        self._datagrams += 1
        if self._datagrams > MAX_DATAGRAMS:
            raise ValueError("too many datagrams without a hello")
        self._facts = self._conclude()
        return self._facts

    def _read(self, packet: LongPacket, payload: bytes) -> bool:
        """Whether the packet tells something, or promises that more comes."""
        if packet.kind == INITIAL:
            return self._read_initial(packet, payload[packet.start : packet.end])
        if packet.kind == OTHER_VERSION:
            self._other_versions += 1
        elif packet.kind == NEGOTIATION:
            self._other_versions = 0
        return packet.kind in (ZERO_RTT, RETRY, NEGOTIATION, OTHER_VERSION)

    def _read_initial(self, packet: LongPacket, data: bytes) -> bool:
        version = VERSIONS[packet.version]
        if version.google_crypto:
            return False
        for connection in self._candidates(packet):
            try:
                frames = connection.keys.unprotect(data, packet.number_at)
            except ValueError:
                continue
            connection.proven = True
            self._senders.add(packet.sender)
            self._connections.setdefault((packet.version, packet.to), connection)
            for offset, piece in list(crypto_frames(frames, version)):
                self._add(connection.handshake, offset, piece)
            return True
        return False

    def _candidates(self, packet: LongPacket) -> list[_Connection]:
        """Whose keys may open the packet: its own connection's, then (under an id the server chose) those of the others."""
        key = packet.version, packet.to
        if key in self._connections:
            return [self._connections[key]]
        if len(self._connections) >= MAX_KEYS:
            raise ValueError("too many connection ids")
        proven = [connection for connection in dict.fromkeys(self._connections.values()) if connection.proven]
        if packet.to in self._senders:
            return proven
        fresh = _Connection(ClientKeys(VERSIONS[packet.version], packet.to))
        if not proven:
            # Kept even if it opens nothing: the next datagram under this id is then cheap.
            self._connections[key] = fresh
        return [*proven, fresh]

    def _add(self, handshake: _Handshake, offset: int, piece: bytes) -> None:
        others = sum(len(c.handshake.data) for c in set(self._connections.values()) if c.handshake is not handshake)
        if others + offset + len(piece) > MAX_CRYPTO_BYTES:
            raise ValueError("more handshake than a ClientHello needs")
        handshake.add(offset, piece)

    def _conclude(self) -> Facts | None:
        for connection in dict.fromkeys(self._connections.values()):
            message = connection.handshake.message()
            if message is not None:
                hello = parse_body(message[4:])
                return Facts(
                    app_proto="quic",
                    names=tuple(name for raw in hello.server_names for name in names_of(raw, NameSource.QUIC)),
                    alpn=tuple(map(clean, hello.alpn)),
                    ech=hello.ech,
                    hello=True,
                    dissector="fast",
                )
        return Facts(app_proto="quic", dissector="fast") if self._other_versions > MAX_OTHER_VERSIONS else None
