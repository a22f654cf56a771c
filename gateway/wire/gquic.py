"""Google QUIC, Q024 to Q050: the name in a CHLO that stands in clear (up to Q046) or under public keys (Q050).

Facts of the format: the public header with its flags (up to Q043), the long header of Q044 to Q046, twelve bytes of hash in
place of encryption, then frames, the first of which is stream 1 with the CHLO: a table of tags and end offsets.
"""

import re
import struct
from collections.abc import Iterator

from gateway.model.facts import Facts
from gateway.model.name import NameSource

from .name import names_of
from .quic_crypto import VERSIONS, ClientKeys
from .quic_packet import INITIAL, crypto_frames, split_datagram

MAX_TAGS = 128
HASH_BYTES = 12
_VERSION_FLAG, _RESET_FLAG, _ID_FLAG, _MULTIPATH_FLAG, _LONG = 0x01, 0x02, 0x08, 0x40, 0x80
_NUMBER_BYTES = (1, 2, 4, 6)
_STREAM, _HAS_SIZE = 0x80, 0x20
_CRYPTO_STREAM = 1
_FIRST_LONG, _FIRST_BIG_ENDIAN, _LAST_PRIVATE_FLAGS, _LAST_CLEAR = 44, 39, 33, 46
_is_version = re.compile(rb"Q0(2[4-9]|3[0-9]|4[0-6])").fullmatch
_NAMELESS = Facts(app_proto="gquic", dissector="fast")


def parse_gquic(payload: bytes) -> Facts | None:
    """Facts of one datagram, None where it is not Google QUIC. Without ``hello`` the name may come in the next one."""
    try:
        if len(payload) < 16:
            return None
        return _parse_long(payload) if payload[0] & _LONG else _parse_public(payload)
    except (ValueError, IndexError, struct.error):
        return None


def _parse_long(payload: bytes) -> Facts | None:
    version = payload[1:5]
    if version == b"Q050":
        return _parse_q050(payload)
    if not _is_version(version) or int(version[1:]) < _FIRST_LONG:
        return None
    # One byte holds both lengths of connection ids: 0, or three less than the length (RFC 9000's drafts up to 21).
    ids = sum(half + 3 if half else 0 for half in (payload[5] >> 4, payload[5] & 0x0F))
    number = (payload[0] & 0x03) + 1 if int(version[1:]) == _LAST_CLEAR else 4
    return _parse_frames(payload, 6 + ids + number, version=int(version[1:])) or _NAMELESS


def _parse_q050(payload: bytes) -> Facts | None:
    for packet in split_datagram(payload):
        if packet.kind != INITIAL or packet.version != b"Q050":
            continue
        version = VERSIONS[packet.version]
        try:
            data = payload[packet.start : packet.end]
            frames = ClientKeys(version, packet.to).unprotect(data, packet.number_at)
            # A CHLO never spans packets: its sender pads it to one.
            return next((_facts(piece) for offset, piece in crypto_frames(frames, version) if not offset), _NAMELESS)
        except ValueError:
            return _NAMELESS
    return None


def _parse_public(payload: bytes) -> Facts | None:
    flags = payload[0]
    if flags & (_RESET_FLAG | _MULTIPATH_FLAG) or not flags & _ID_FLAG:
        return None
    number = _NUMBER_BYTES[flags >> 4 & 0x03]
    if not flags & _VERSION_FLAG:
        # Once the server agreed, a client leaves the version out: only the CHLO itself shows what this is.
        return _parse_frames(payload, 9 + number, version=0)
    if not _is_version(payload[9:13]):
        return None
    return _parse_frames(payload, 13 + number, version=int(payload[10:13])) or _NAMELESS


def _parse_frames(payload: bytes, at: int, *, version: int) -> Facts | None:
    """The CHLO in the first frame after the hash; up to Q033 a byte of private flags stands between them."""
    at += HASH_BYTES
    starts = (at + 1,) if 0 < version <= _LAST_PRIVATE_FLAGS else (at,) if version else (at, at + 1)
    orders = ("<" if version < _FIRST_BIG_ENDIAN else ">",) if version else (">", "<")
    for start in starts:
        for order in orders:
            data = _stream_data(payload, start, order)
            if data is not None and data[:4] == b"CHLO":
                return _facts(data)
    return None


def _stream_data(payload: bytes, at: int, order: str) -> bytes | None:
    """The data of a STREAM frame of the crypto stream: type ``1fdoooss``, stream id, offset (a second CHLO has one), size."""
    kind = payload[at] if at < len(payload) else 0
    id_end = at + 2 + (kind & 0x03)
    stream = int.from_bytes(payload[at + 1 : id_end], "little" if order == "<" else "big")
    if not kind & _STREAM or stream != _CRYPTO_STREAM:
        return None
    offset_code = kind >> 2 & 0x07
    data_at = id_end + (offset_code + 1 if offset_code else 0)
    if not kind & _HAS_SIZE:
        return payload[data_at:]
    (size,) = struct.unpack_from(f"{order}H", payload, data_at)
    return payload[data_at + 2 : data_at + 2 + size]


def _facts(message: bytes) -> Facts:
    """Of a CHLO; its user agent goes to ``detail``."""
    if message[:4] != b"CHLO":
        return _NAMELESS
    tags = dict(_tags(message))
    return Facts(
        app_proto="gquic",
        names=names_of(tags.get(b"SNI\0", b""), NameSource.QUIC),
        hello=True,
        dissector="fast",
        detail="".join(chr(byte) for byte in tags.get(b"UAID", b"") if 0x20 <= byte < 0x7F)[:120],
    )


def _tags(message: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Tags and values; one that a cut capture lacks ends the list."""
    (count,) = struct.unpack_from("<H", message, 4)
    if count > MAX_TAGS:
        raise ValueError("too many tags")
    values, begin = 8 + 8 * count, 0
    for at in range(8, values, 8):
        tag, end = struct.unpack_from("<4sI", message, at)
        if not begin <= end <= len(message) - values:
            return
        yield tag, message[values + begin : values + end]
        begin = end
