"""The hellos and packets that are sent or parsed. They are made here, so that each run measures the same."""

import ssl
from struct import Struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from gateway.model.packet import ACK, PSH, SYN, TCP, UDP
from gateway.wire.quic_crypto import VERSIONS, derive_keys

DOMAIN = "api.amazonalexa.com"
"""A name of the shipped catalogue that the bench's household allows, with all below it."""
DATAGRAM_BYTES = 1200
"""A client pads its first QUIC datagram so far (RFC 9000 14.1)."""
_V1 = b"\0\0\0\1"
_IP4 = Struct("!BBHHHBBH4s4s")
_TCP_HEAD = Struct("!HHIIBBHHH")
_UDP_HEAD = Struct("!HHHH")
_RECORD_HEAD_BYTES = 5


def name_of(host: int) -> str:
    """The name of a gadget's server; all are of one length."""
    return f"n{host:03d}.{DOMAIN}"


NAME = name_of(0)


def client_hello(name: str = NAME, alpn: tuple[str, ...] = ("h2", "http/1.1")) -> bytes:
    """The first flight of a real TLS client, as its record."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(list(alpn))
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def quic_initial(name: str = NAME, connection_id: bytes = b"netcurta") -> bytes:
    """The first datagram of a QUIC v1 client (RFC 9001 5): its hello in one CRYPTO frame, padded, protected."""
    hello = client_hello(name, ("h3",))[_RECORD_HEAD_BYTES:]
    frames = b"\x06\0" + (0x4000 | len(hello)).to_bytes(2) + hello
    head = b"\xc3" + _V1 + bytes((len(connection_id),)) + connection_id + b"\0\0"
    size = DATAGRAM_BYTES - len(head) - 2
    frames = frames.ljust(size - 4 - 16, b"\0")
    head += (0x4000 | size).to_bytes(2)
    key, iv, protection = derive_keys(VERSIONS[_V1], connection_id)
    sealed = AESGCM(key).encrypt(iv, frames, head + bytes(4))  # packet number 0: the nonce is the iv itself
    mask = Cipher(AES(protection), ECB()).encryptor().update(sealed[:16])
    return bytes((head[0] ^ mask[0] & 0x0F,)) + head[1:] + mask[1:5] + sealed


def dns_query(name: str = NAME, number: int = 1) -> bytes:
    """A question for an IPv4 address (RFC 1035 4.1)."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    return number.to_bytes(2) + b"\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


def tcp4(src: bytes, dst: bytes, *, ports: tuple[int, int], seq: int, payload: bytes = b"") -> bytes:
    """A SYN, or with a payload the segment that carries it; checksums are left to who cares."""
    flags = ACK | PSH if payload else SYN
    return _ip4(src, dst, TCP, _TCP_HEAD.pack(*ports, seq, 0, 5 << 4, flags, 65_535, 0, 0) + payload)


def udp4(src: bytes, dst: bytes, *, ports: tuple[int, int], payload: bytes) -> bytes:
    """A datagram."""
    return _ip4(src, dst, UDP, _UDP_HEAD.pack(*ports, 8 + len(payload), 0) + payload)


def _ip4(src: bytes, dst: bytes, proto: int, data: bytes) -> bytes:
    return _IP4.pack(0x45, 0, 20 + len(data), 0, 0, 64, proto, 0, src, dst) + data
