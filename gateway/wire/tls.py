"""The ClientHello of TLS (RFC 8446, 5246), over records split as the sender liked, and its SSLv2-compatible form.

Incomplete input is None, anything that is not a ClientHello a ``ValueError``.
"""

from functools import lru_cache
from struct import Struct, error
from typing import NamedTuple

from gateway.model.facts import Facts
from gateway.model.name import NameSource

from .name import MAX_NAME_BYTES, clean, names_of

MAX_HELLO_BYTES = 65_536
MAX_RECORD_BYTES = 16_384 + 2_048
MAX_RECORDS = 256
"""Records one hello is spread over before it counts as none."""
MAX_EXTENSIONS = 256
MAX_NAMES = 4
"""A hello with more names counts as none: it has one (RFC 6066 section 3), and all would have to be judged."""
MAX_LISTED = 32
"""Protocols read from one list."""
MAX_KEPT_ALPN = 4

_SERVER_NAME, _SIGNATURE_ALGORITHMS, _ALPN, _SUPPORTED_VERSIONS, _ECH = 0, 13, 16, 43, 0xFE0D
_EXTENSION = Struct("!HH").unpack_from
_READ = frozenset((_SERVER_NAME, _SIGNATURE_ALGORITHMS, _ALPN, _SUPPORTED_VERSIONS, _ECH))


class ClientHello(NamedTuple):
    """What a ClientHello says; the raw lists are what a fingerprint is later made of."""

    version: int
    """The legacy version in the hello's body."""
    server_names: tuple[bytes, ...] = ()
    alpn: tuple[bytes, ...] = ()
    ech: bool = False
    ciphers: bytes = b""
    """Two bytes each, as they stood."""
    extensions: tuple[int, ...] = ()
    """Types, in their order."""
    signature_algorithms: bytes = b""
    """Two bytes each, as they stood."""
    supported_versions: bytes = b""
    """Two bytes each, as they stood."""

    def facts(self, app_proto: str) -> Facts:
        """The same as ``Facts``."""
        names, alpn = self.server_names, self.alpn
        usual = len(names) == 1 and len(names[0]) <= MAX_NAME_BYTES and len(alpn) <= MAX_KEPT_ALPN
        return (_kept_facts if usual else _facts)(app_proto, names, alpn, self.ech)


def _facts(app_proto: str, server_names: tuple[bytes, ...], alpn: tuple[bytes, ...], ech: bool) -> Facts:
    names = [name for raw in server_names for name in names_of(raw, NameSource.SNI)]
    return Facts(
        app_proto=app_proto, names=tuple(names), alpn=tuple(map(clean, alpn)), ech=ech, hello=True, dissector="fast",
    )  # fmt: skip


_kept_facts = lru_cache(maxsize=512)(_facts)
"""Gadgets say the same names all day. At most 600 kB, whatever they say."""


def parse_client_hello(data: bytes) -> ClientHello | None:
    """Read the ClientHello that ``data`` starts with: None if more bytes are needed, ``ValueError`` if it is none.

    Time and memory: once over the hello, at most ``MAX_HELLO_BYTES``.
    """
    if not data:
        return None
    if data[0] & 0x80:
        return _parse_sslv2(data)
    if not starts_hello(data):
        raise ValueError("not a ClientHello record")
    if len(data) < 9:
        return None
    first = data[3] << 8 | data[4]
    head = data[5:9] if first >= 4 else _join_records(data, wanted=4)
    if head is None:
        return None
    size = 4 + int.from_bytes(head[1:4], "big")
    if size > MAX_HELLO_BYTES:
        raise ValueError("ClientHello too long")
    message = data[5 : 5 + size] if size <= first else _join_records(data, wanted=size)
    return parse_handshake(message) if message is not None else None


def parse_handshake(message: bytes) -> ClientHello | None:
    """Read a ClientHello without records around it, as QUIC carries it: None if more bytes are needed."""
    if message and message[0] != 1:
        raise ValueError("not a ClientHello")
    size = int.from_bytes(message[1:4], "big")
    if size > MAX_HELLO_BYTES:
        raise ValueError("ClientHello too long")
    return parse_body(message[4 : 4 + size]) if 4 <= len(message) >= 4 + size else None


def starts_hello(data: bytes) -> bool:
    """Can these bytes, as far as they go, begin a record that begins a ClientHello?"""
    size = len(data)
    if data[0] != 22 or (size > 1 and data[1] != 3) or (size > 2 and data[2] > 4):
        return False
    if size > 4 and not 1 <= data[3] << 8 | data[4] <= MAX_RECORD_BYTES:
        return False
    return size < 6 or (data[5] == 1 and (size < 7 or data[6] <= 1 or data[3:5] == b"\0\1"))


def may_be_record(data: bytes) -> bool:
    """Can these bytes, as far as they go, begin a record as some server reads it? The minor version is nobody's business."""
    return 20 <= data[0] <= 24 and data[1:2] in (b"", b"\3")


def is_record(data: bytes) -> bool:
    """Do these bytes begin a record of a TLS connection that is under way?"""
    return (
        len(data) >= 5 and 20 <= data[0] <= 24 and data[1] == 3 and data[2] <= 4
        and 1 <= data[3] << 8 | data[4] <= MAX_RECORD_BYTES
    )  # fmt: skip


def parse_body(body: bytes, *, cookie: bool = False) -> ClientHello:
    """Read the body of a hello (with DTLS's cookie); ``ValueError`` where its lengths contradict each other."""
    if len(body) < 35:
        raise ValueError("ClientHello too short")
    version = body[0] << 8 | body[1]
    at = 35 + body[34]
    if cookie:
        at += 1 + _byte(body, at)
    ciphers, at = _vector(body, at)
    at += 1 + _byte(body, at)
    if at > len(body):
        raise ValueError("ClientHello ends early")
    if at == len(body):
        return ClientHello(version, ciphers=ciphers)
    extensions, _ = _vector(body, at)
    return _parse_extensions(extensions, version=version, ciphers=ciphers)


def _parse_extensions(data: bytes, *, version: int, ciphers: bytes) -> ClientHello:
    at, end, types = 0, len(data), list[int]()
    found: dict[int, bytes] = {}
    again: tuple[bytes, ...] = ()
    try:
        while at < end:
            kind, size = _EXTENSION(data, at)
            at += 4 + size
            types.append(kind)
            if kind not in _READ:
                continue
            if kind not in found:
                found[kind] = data[at - size : at]
            elif kind == _SERVER_NAME:  # which of them the server reads, nobody knows: all of them count
                again = (*again, *_server_names(data[at - size : at]))[: MAX_NAMES + 1]
    except error:
        at = -1
    if at != end or len(types) > MAX_EXTENSIONS:
        raise ValueError("extensions contradict their length")
    names = _server_names(found[_SERVER_NAME]) + again if _SERVER_NAME in found else ()
    if len(names) > MAX_NAMES:
        raise ValueError("more names than a hello has")
    protocols = _protocols(found[_ALPN]) if _ALPN in found else ()
    algorithms, versions = found.get(_SIGNATURE_ALGORITHMS, b"")[2:], found.get(_SUPPORTED_VERSIONS, b"")[1:]
    return ClientHello(version, names, protocols, _ECH in found, ciphers, tuple(types), algorithms, versions)


def _server_names(data: bytes) -> tuple[bytes, ...]:
    """The host names of the list (RFC 6066 section 3); a list that is cut gives what is whole in it."""
    at, names = 2, list[bytes]()
    while at + 3 <= len(data) and len(names) <= MAX_NAMES:
        size = data[at + 1] << 8 | data[at + 2]
        if at + 3 + size > len(data):
            break
        if data[at] == 0 and size:
            names.append(data[at + 3 : at + 3 + size])
        at += 3 + size
    return tuple(names)


def _protocols(data: bytes) -> tuple[bytes, ...]:
    """The application protocols of the list (RFC 7301)."""
    at, protocols = 2, list[bytes]()
    while at < len(data) and len(protocols) < MAX_LISTED:
        size = data[at]
        if at + 1 + size > len(data):
            break
        protocols.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    return tuple(protocols)


def _join_records(data: bytes, *, wanted: int) -> bytes | None:
    """The first ``wanted`` bytes of the handshake, out of its records; None where some are yet to come."""
    at, message = 0, bytearray()
    for _ in range(MAX_RECORDS + 1):
        if len(message) >= wanted:
            return bytes(message)
        head = data[at : at + 5]
        if not all(low <= byte <= high for byte, (low, high) in zip(head, ((22, 22), (3, 3), (0, 4)), strict=False)):
            raise ValueError("hello interrupted by another record")
        if len(head) < 5:
            return None
        size = head[3] << 8 | head[4]
        if not 1 <= size <= MAX_RECORD_BYTES:
            raise ValueError("impossible record length")
        message += data[at + 5 : at + 5 + size]
        at += 5 + size
    raise ValueError("hello spread over too many records")


def _parse_sslv2(data: bytes) -> ClientHello | None:
    """RFC 5246 appendix E.2: old clients announce a version of SSL 3 or TLS in SSLv2's framing. It has no extensions."""
    if data[0] > 0x83 or not b"\x01\x00".startswith(data[2:4]) and not b"\x01\x03".startswith(data[2:4]):
        raise ValueError("not an SSLv2-compatible ClientHello")
    if len(data) < 11:
        return None
    size = (data[0] & 0x7F) << 8 | data[1]
    ciphers, session, challenge = (int.from_bytes(data[at : at + 2], "big") for at in (5, 7, 9))
    if data[3:5] not in (b"\x00\x02", b"\x03\x00", b"\x03\x01", b"\x03\x02", b"\x03\x03"):
        raise ValueError("no version an SSLv2-compatible ClientHello can have")
    if not ciphers or ciphers % 3 or session not in (0, 16) or not 16 <= challenge <= 32:
        raise ValueError("not an SSLv2-compatible ClientHello")
    if size != 9 + ciphers + session + challenge:
        raise ValueError("SSLv2-compatible ClientHello contradicts its length")
    if len(data) < 2 + size:
        return None
    return ClientHello(data[3] << 8 | data[4], ciphers=data[11 : 11 + ciphers])


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise ValueError("ClientHello ends early")
    return data[at]


def _vector(data: bytes, at: int) -> tuple[bytes, int]:
    """A vector with two bytes of length, and where it ends."""
    end = at + 2 + (data[at] << 8 | data[at + 1]) if at + 2 <= len(data) else len(data) + 1
    if end > len(data):
        raise ValueError("ClientHello ends early")
    return data[at + 2 : end], end
