"""Builds QUIC Initials and hellos as a client would, with the library's HKDF: the other side of what ``wire`` takes apart."""

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

V1, V2 = bytes.fromhex("00000001"), bytes.fromhex("6b3343cf")
SALTS = {
    V1: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
    V2: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
    bytes.fromhex("ff000016"): "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a",
    bytes.fromhex("ff000017"): "c3eef712c72ebb5a11a7d2432bb46365bef9f502",
    bytes.fromhex("ff00001b"): "c3eef712c72ebb5a11a7d2432bb46365bef9f502",
    bytes.fromhex("ff00001c"): "c3eef712c72ebb5a11a7d2432bb46365bef9f502",
    bytes.fromhex("ff00001d"): "afbfec289993d24c9e9786f19c6111e04390a899",
    bytes.fromhex("ff000020"): "afbfec289993d24c9e9786f19c6111e04390a899",
    bytes.fromhex("ff000022"): "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
    bytes.fromhex("faceb001"): "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a",
    bytes.fromhex("faceb002"): "c3eef712c72ebb5a11a7d2432bb46365bef9f502",
    b"Q050": "504574efd066fe2f9d945cfcdbd3a7f0d3b56b45",
    b"T050": "7ff579e5acd072915580304c43a2367c60488310",
    b"T051": "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d",
}
SERVER_ID = bytes.fromhex("8394c8f03e515708")


def varint(value: int) -> bytes:
    for code, size in enumerate((1, 2, 4, 8)):
        if value < 1 << 8 * size - 2:
            return (value | code << 8 * size - 2).to_bytes(size)
    raise ValueError(value)


def crypto(offset: int, data: bytes, *, google: bool = False) -> bytes:
    return (b"\x08" if google else b"\x06") + varint(offset) + varint(len(data)) + data


def initial(
    frames: bytes,
    *,
    version: bytes = V1,
    to: bytes = SERVER_ID,
    sender: bytes = b"",
    token: bytes = b"",
    number: int = 0,
    number_bytes: int = 4,
    keyed_by: bytes | None = None,
    role: bytes = b"client in",
) -> bytes:
    """A protected Initial packet that holds these frames; ``keyed_by`` where the keys are of another connection id."""
    key, iv, hp = _keys(version, to if keyed_by is None else keyed_by, role)
    first = (0xD0 if version == V2 else 0xC0) | number_bytes - 1
    size = number_bytes + len(frames) + 16
    head = bytes((first,)) + version + bytes((len(to),)) + to + bytes((len(sender),)) + sender
    head += varint(len(token)) + token + varint(size)
    sent_number = number.to_bytes(number_bytes)
    nonce = (int.from_bytes(iv) ^ number).to_bytes(12)
    sealed = AESGCM(key).encrypt(nonce, frames, head + sent_number)
    mask = Cipher(AES(hp), ECB()).encryptor().update(sealed[4 - number_bytes :][:16])
    masked = bytes(a ^ b for a, b in zip(sent_number, mask[1:], strict=False))
    return bytes((head[0] ^ mask[0] & 0x0F,)) + head[1:] + masked + sealed


def padded(frames: bytes, size: int = 1162) -> bytes:
    return frames + bytes(max(0, size - len(frames)))


def hello(name: str = "example.com", *, alpn: tuple[str, ...] = ("h3",), extra: int = 0) -> bytes:
    """A handshake message with a ClientHello; ``extra`` bytes of an unknown extension make it longer."""
    extensions = b""
    if extra:
        extensions += _extension(0x4A4A, bytes(extra))
    if name:
        raw = name.encode()
        extensions += _extension(0, _sized(b"\0" + _sized(raw)))
    extensions += _extension(16, _sized(b"".join(bytes((len(p),)) + p.encode() for p in alpn)))
    body = b"\x03\x03" + bytes(32) + b"\0" + _sized(b"\x13\x01") + b"\x01\0" + _sized(extensions)
    return b"\x01" + len(body).to_bytes(3) + body


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2) + _sized(data)


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data


def _keys(version: bytes, connection_id: bytes, role: bytes) -> tuple[bytes, bytes, bytes]:
    prefix = b"quicv2 " if version == V2 else b"quic "
    secret = hmac.new(bytes.fromhex(SALTS[version]), connection_id, "sha256").digest()
    secret = _expand(secret, role, 32)
    return _expand(secret, prefix + b"key", 16), _expand(secret, prefix + b"iv", 12), _expand(secret, prefix + b"hp", 16)


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    label = b"tls13 " + label
    info = size.to_bytes(2) + bytes((len(label),)) + label + b"\0"
    return HKDFExpand(SHA256(), size, info).derive(secret)
