"""ClientHellos made by hand: several names, false ones, none; padded, and cut into records as wanted (RFC 8446, RFC 6066)."""

import os
import struct
from collections.abc import Iterable

HANDSHAKE, CLIENT_HELLO = 22, 1
SERVER_NAME, USE_SRTP, ALPN, PADDING = 0, 14, 16, 21
CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030)
GROUP_X25519 = 0x001D


def client_hello(
    *names: bytes | str,
    kind: int = 0,
    padding: int = 0,
    stamp: bytes = b"",
    repeated: bool = False,
    alpn: Iterable[bytes] = (),
    more_ciphers: int = 0,
    for_media: bool = False,
) -> bytes:
    """The handshake message, without a record around it. ``names``: none gives no extension; ``kind`` of each name (0: a host);
    ``padding``: bytes of that extension; ``stamp``: begins the random; ``repeated``: one extension for each name;
    ``more_ciphers``: so many that nobody knows; ``for_media``: its keys are for SRTP (RFC 5764)."""
    lists = [[name] for name in names] if repeated else [list(names)] if names else []
    parts = [_extension(SERVER_NAME, _server_names(each, kind)) for each in lists]
    parts += [_extension(0x000A, struct.pack("!HH", 2, GROUP_X25519))]
    parts += [_extension(0x000D, struct.pack("!HHHH", 6, 0x0403, 0x0804, 0x0401))]
    parts += [_extension(0x002B, b"\x04\x03\x04\x03\x03")]
    parts += [_extension(0x0033, struct.pack("!HHH", 36, GROUP_X25519, 32) + os.urandom(32))]
    if protocols := b"".join(bytes([len(one)]) + one for one in alpn):
        parts += [_extension(ALPN, struct.pack("!H", len(protocols)) + protocols)]
    if for_media:
        parts += [_extension(USE_SRTP, b"\0\x02\0\x01\0")]
    if padding:
        parts += [_extension(PADDING, (stamp * (padding // max(len(stamp), 1) + 1))[:padding] if stamp else b"\0" * padding)]
    ciphers = b"".join(number.to_bytes(2) for number in CIPHERS) + b"\xfa\xfa" * more_ciphers
    random = (stamp + os.urandom(32))[:32]
    extensions = b"".join(parts)
    body = b"\x03\x03" + random + b"\x20" + os.urandom(32) + struct.pack("!H", len(ciphers)) + ciphers + b"\x01\x00"
    body += struct.pack("!H", len(extensions)) + extensions
    return bytes([CLIENT_HELLO]) + len(body).to_bytes(3) + body


def server_name_list(data: bytes, stamp: bytes = b"") -> bytes:
    """A hello whose server name extension holds these very bytes."""
    plain = client_hello(stamp=stamp)
    extra = _extension(SERVER_NAME, data)
    at = 4 + 2 + 32 + 33 + 2 + 2 * len(CIPHERS) + 2
    size = int.from_bytes(plain[at : at + 2]) + len(extra)
    body = plain[4:at] + size.to_bytes(2) + extra + plain[at + 2 :]
    return bytes([CLIENT_HELLO]) + len(body).to_bytes(3) + body


def records(message: bytes, *sizes: int, version: int = 0x0301) -> bytes:
    """The message in TLS records of these sizes; what is left in one more (or several, where it is too long for one)."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(message[at : at + size])
        at += size
    pieces += [message[begin : begin + 16384] for begin in range(at, len(message), 16384)]
    return b"".join(struct.pack("!BHH", HANDSHAKE, version, len(piece)) + piece for piece in pieces)


def _extension(kind: int, data: bytes) -> bytes:
    return struct.pack("!HH", kind, len(data)) + data


def _server_names(names: Iterable[bytes | str], kind: int) -> bytes:
    encoded = [name.encode() if isinstance(name, str) else name for name in names]
    listed = b"".join(struct.pack("!BH", kind, len(name)) + name for name in encoded)
    return struct.pack("!H", len(listed)) + listed
