"""The ClientHello of DTLS 1.0, 1.2 and 1.3 (RFC 4347, 6347, 9147) from the datagrams of one direction.

Other protocols may share the port (RFC 7983); the first byte tells them apart.
"""

from struct import Struct

from .tls import MAX_HELLO_BYTES, ClientHello, parse_body

MAX_RECORDS = 32
"""Records read of one datagram."""
MAX_FRAGMENTS = 32
"""Fragments read of one record, and kept of one hello."""

_RECORD = Struct("!BHxxxxxxxxH")
_HANDSHAKE, _CLIENT_HELLO = 22, 1
_VERSIONS = frozenset((0xFEFF, 0xFEFD, 0xFEFC, 0x0100))
"""The last is what OpenSSL spoke before there was a standard; old VPN clients still do."""


def is_dtls(data: bytes) -> bool:
    """Does a datagram begin with a DTLS record in clear?"""
    return len(data) >= 13 and 20 <= data[0] <= 25 and data[1] << 8 | data[2] in _VERSIONS


class DtlsReader:
    """Puts one ClientHello together. A cookie's second hello is a message of its own, so either will do.

    Memory: one hello of at most ``MAX_HELLO_BYTES`` in ``MAX_FRAGMENTS`` pieces. Time: once over each datagram.
    """

    __slots__ = ("_parts", "_sequence", "_size", "started")

    def __init__(self) -> None:
        self._parts: dict[int, bytes] = {}
        self._sequence = -1
        self._size = 0
        self.started = False
        """Some part of a hello was seen."""

    @property
    def size_bytes(self) -> int:
        """What is held."""
        return sum(map(len, self._parts.values()))

    def feed(self, datagram: bytes) -> ClientHello | None:
        """Take one datagram: the hello once it is whole, None before; ``ValueError`` if it is no DTLS."""
        if not is_dtls(datagram):
            raise ValueError("not a DTLS record")
        at = 0
        for _ in range(MAX_RECORDS):
            if not is_dtls(datagram[at : at + 13]):
                break
            kind, _, size = _RECORD.unpack_from(datagram, at)
            at += 13 + size
            if kind == _HANDSHAKE and datagram[at - size - 10 : at - size - 8] == b"\0\0":  # epoch 0: in clear
                hello = self._read_messages(datagram[at - size : at])
                if hello is not None:
                    return hello
        return None

    def _read_messages(self, record: bytes) -> ClientHello | None:
        at = 0
        for _ in range(MAX_FRAGMENTS):
            if at + 12 > len(record) or record[at] != _CLIENT_HELLO:
                break
            size, sequence, offset, length = (
                int.from_bytes(record[at + low : at + high], "big") for low, high in ((1, 4), (4, 6), (6, 9), (9, 12))
            )
            part = record[at + 12 : at + 12 + length]
            at += 12 + length
            if size > MAX_HELLO_BYTES or offset + length > size:
                raise ValueError("fragment outside of its message")
            if length == size == len(part):
                return parse_body(part, cookie=True)
            if at <= len(record):
                self._keep(part, offset=offset, message=(sequence, size))
        return self._join()

    def _keep(self, part: bytes, *, offset: int, message: tuple[int, int]) -> None:
        if message != (self._sequence, self._size):
            self._parts = {}
            self._sequence, self._size = message
        self.started = True
        if len(part) > len(self._parts.get(offset, b"")) and len(self._parts) < MAX_FRAGMENTS:
            self._parts[offset] = part

    def _join(self) -> ClientHello | None:
        body = bytearray()
        for offset in sorted(self._parts):
            if offset > len(body):
                return None
            body[offset:] = self._parts[offset] if offset + len(self._parts[offset]) > len(body) else body[offset:]
        if not self._parts or len(body) < self._size:
            return None
        return parse_body(bytes(body), cookie=True)
