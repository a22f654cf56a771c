"""The keys of QUIC's Initial packets. They hide nothing: all but the connection id is public (RFC 9001 5.2).

A version is known if its salt is: QUIC v1 and v2, the drafts since the header took its final form, and the versions that
Google and Facebook shipped on the way there.
"""

import hmac
import struct
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

TAG_BYTES = 16
SAMPLE_BYTES = 16


def _label(label: bytes, size: int) -> bytes:
    """The ``info`` of HKDF-Expand-Label (RFC 8446 7.1) with the block counter: one block is all we ever need."""
    label = b"tls13 " + label
    return struct.pack("!HB", size, len(label)) + label + b"\0\x01"


class Version(NamedTuple):
    """What tells one version's Initial packets from another's."""

    salt: bytes
    prefix: bytes = b"quic "
    """Of the labels of key, iv and header protection."""
    shift: int = 0
    """How far the packet types are turned: v2 calls 1 what v1 calls 0 (RFC 9369 3.2)."""
    google_frames: bool = False
    """Frames are numbered as in Google QUIC."""
    google_crypto: bool = False
    """The handshake is Google's CHLO, not TLS."""


_DRAFT_22 = Version(bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"))
_DRAFT_23 = Version(bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502"))
_DRAFT_29 = Version(bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899"))
_V1 = Version(bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"))
_V2 = Version(bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), prefix=b"quicv2 ", shift=1)
_Q050 = Version(bytes.fromhex("504574efd066fe2f9d945cfcdbd3a7f0d3b56b45"), google_frames=True, google_crypto=True)
_T050 = Version(bytes.fromhex("7ff579e5acd072915580304c43a2367c60488310"), google_frames=True)
_T051 = Version(bytes.fromhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"), google_frames=True)

VERSIONS: dict[bytes, Version] = {
    b"\x00\x00\x00\x01": _V1,
    b"\x6b\x33\x43\xcf": _V2,
    b"\xfa\xce\xb0\x01": _DRAFT_22,
    b"\xfa\xce\xb0\x02": _DRAFT_23,
    b"\xfa\xce\xb0\x0e": _DRAFT_23,
    b"Q050": _Q050,
    b"T050": _T050,
    b"T051": _T051,
    **{
        b"\xff\x00\x00" + bytes([draft]): version
        for drafts, version in ((range(22, 23), _DRAFT_22), (range(23, 29), _DRAFT_23), (range(29, 33), _DRAFT_29),
                                (range(33, 35), _V1))
        for draft in drafts
    },
}  # fmt: skip
"""By the four bytes of the version field."""

_CLIENT = _label(b"client in", 32)


def derive_keys(version: Version, connection_id: bytes) -> tuple[bytes, bytes, bytes]:
    """A client's key, iv and header protection key (RFC 9001 5.1, 5.2)."""
    initial = hmac.digest(version.salt, connection_id, "sha256")
    secret = hmac.digest(initial, _CLIENT, "sha256")
    key, iv, hp = (
        hmac.digest(secret, _label(version.prefix + name, size), "sha256")[:size]
        for name, size in ((b"key", 16), (b"iv", 12), (b"hp", 16))
    )
    return key, iv, hp


class ClientKeys:
    """The keys under which a client protects its Initial packets, as they follow from the server's connection id."""

    __slots__ = ("_aead", "_iv", "_mask")

    def __init__(self, version: Version, connection_id: bytes) -> None:
        key, iv, hp = derive_keys(version, connection_id)
        self._aead = AESGCM(key)
        self._iv = int.from_bytes(iv)
        self._mask = Cipher(AES(hp), ECB()).encryptor()

    def unprotect(self, packet: bytes, number_at: int) -> bytes:
        """The frames of a packet, which ends where ``packet`` ends. ValueError: it was not made with these keys.

        The packet number is taken as it stands, without its upper bytes (RFC 9000 A.3): the first of a client start at 0.
        """
        sample = packet[number_at + 4 : number_at + 4 + SAMPLE_BYTES]
        if len(sample) < SAMPLE_BYTES:
            raise ValueError("packet too short")
        mask = self._mask.update(sample)
        first = packet[0] ^ mask[0] & 0x0F
        size = (first & 0x03) + 1
        number = int.from_bytes(packet[number_at : number_at + size]) ^ int.from_bytes(mask[1 : 1 + size])
        header = bytes((first,)) + packet[1:number_at] + number.to_bytes(size)
        try:
            return self._aead.decrypt((self._iv ^ number).to_bytes(12), packet[number_at + size :], header)
        except InvalidTag as err:
            raise ValueError("not made with these keys") from err
