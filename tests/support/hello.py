"""Hellos put together byte by byte, for what no ordinary client sends."""

from collections.abc import Iterable

CLIENT_HELLO, HANDSHAKE = 1, 22


def vector(body: bytes, *, width: int = 2) -> bytes:
    """A body behind its length."""
    return len(body).to_bytes(width, "big") + body


def extension(kind: int, body: bytes) -> bytes:
    """One extension."""
    return kind.to_bytes(2, "big") + vector(body)


def server_name(*names: bytes, kind: int = 0) -> bytes:
    """The extension that names the server."""
    return extension(0, vector(b"".join(bytes((kind,)) + vector(name) for name in names)))


def alpn(*protocols: bytes) -> bytes:
    """The extension that offers application protocols."""
    return extension(16, vector(b"".join(vector(protocol, width=1) for protocol in protocols)))


def hello_body(*extensions: bytes, cookie: bytes | None = None, version: int = 0x0303, session: bytes = b"") -> bytes:
    """The body of a ClientHello; a ``cookie`` makes it one of DTLS."""
    middle = b"" if cookie is None else vector(cookie, width=1)
    ciphers = vector(b"\x13\x01\x13\x02\xc0\x2b")
    tail = vector(b"".join(extensions)) if extensions else b""
    return version.to_bytes(2, "big") + bytes(32) + vector(session, width=1) + middle + ciphers + b"\x01\x00" + tail


def tls_hello(*extensions: bytes, records: int = 1, body: bytes | None = None) -> bytes:
    """A ClientHello in so many records."""
    message = bytes((CLIENT_HELLO,)) + vector(hello_body(*extensions) if body is None else body, width=3)
    size = -(-len(message) // records)
    parts = (message[at : at + size] for at in range(0, len(message), size))
    return b"".join(bytes((HANDSHAKE, 3, 1)) + vector(part) for part in parts)


def named(name: bytes) -> bytes:
    """A small ClientHello with one server name."""
    return tls_hello(server_name(name))


def dtls_record(body: bytes, *, kind: int = HANDSHAKE, epoch: int = 0, version: int = 0xFEFD) -> bytes:
    """A DTLS record."""
    return bytes((kind,)) + version.to_bytes(2, "big") + epoch.to_bytes(2, "big") + bytes(6) + vector(body)


def dtls_fragments(body: bytes, size: int, *, sequence: int = 0, kind: int = CLIENT_HELLO) -> Iterable[bytes]:
    """A handshake message in fragments, each a record of its own."""
    for at in range(0, len(body), size):
        part = body[at : at + size]
        place = len(body).to_bytes(3, "big") + sequence.to_bytes(2, "big") + at.to_bytes(3, "big")
        yield dtls_record(bytes((kind,)) + place + vector(part, width=3))
