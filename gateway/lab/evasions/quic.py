"""QUIC: a refused name scattered, doubled, covered by another version, or not there at all.

Initials are made here, with keys of their own (RFC 9001 5.2): the gateway's reader is not asked how to write them. What counts
as payload is all of the datagram, so a case passes only where nothing of it left.

What no gateway can see: frames after the handshake. A connection that may pass carries what it likes.
"""

import hmac
import os
import struct
import time
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from ..hello import client_hello
from .case import BAD, GOOD, Attempt, Case
from .hello import CONTRADICTS

V1, V2, NEGOTIATION = bytes.fromhex("00000001"), bytes.fromhex("6b3343cf"), bytes(4)
GREASED, UNHEARD = bytes.fromhex("1a2a3a4a"), bytes.fromhex("f1f2f3f4")
SALTS = {
    V1: (bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic "),
    V2: (bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2 "),
}
INITIAL, ZERO_RTT = 0, 1
LEAST_BYTES = 1200
PAUSE_S = 0.01
Frame = tuple[int, bytes]
"""Offset and data of a CRYPTO frame."""


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    text = b"tls13 " + label
    info = struct.pack("!HB", size, len(text)) + text + b"\0"
    return hmac.digest(secret, info + b"\1", "sha256")[:size]


def varint(number: int) -> bytes:
    """In two bytes, or four."""
    return (number | 0x4000).to_bytes(2) if number < 0x4000 else (number | 0x80000000).to_bytes(4)


def crypto(offset: int, data: bytes) -> bytes:
    """A CRYPTO frame."""
    return b"\x06" + varint(offset) + varint(len(data)) + data


def protected(
    frames: bytes, *, to: bytes, number: int = 0, version: bytes = V1, kind: int = INITIAL, token: bytes = b""
) -> bytes:
    """A packet with a long header under the Initial keys of ``to``."""
    salt, prefix = SALTS[version]
    secret = _expand(hmac.digest(salt, to, "sha256"), b"client in", 32)
    key, iv, mask_key = (_expand(secret, prefix + label, size) for label, size in ((b"key", 16), (b"iv", 12), (b"hp", 16)))
    turned = (kind + (version == V2)) & 3
    head = bytes([0xC3 | turned << 4]) + version + bytes([len(to)]) + to + b"\x02me"
    head += (varint(len(token)) + token if kind == INITIAL else b"") + varint(4 + len(frames) + 16)
    nonce = (int.from_bytes(iv) ^ number).to_bytes(12)
    sealed = AESGCM(key).encrypt(nonce, frames, head + number.to_bytes(4))
    mask = Cipher(AES(mask_key), ECB()).encryptor().update(sealed[:16])
    covered = bytes(one ^ other for one, other in zip(number.to_bytes(4), mask[1:5], strict=True))
    return bytes([head[0] ^ mask[0] & 0x0F]) + head[1:] + covered + sealed


def initial(frames: Iterable[Frame], *, to: bytes, size: int = LEAST_BYTES - 60, **fields: int | bytes) -> bytes:
    """An Initial with these CRYPTO frames, padded."""
    body = b"".join(crypto(offset, data) for offset, data in frames)
    return protected(body + bytes(max(size - len(body), 0)), to=to, **fields)  # type: ignore[arg-type]


def long_header(attempt: Attempt, version: bytes, *, first: int = 0xC0, size: int = LEAST_BYTES) -> bytes:
    """A datagram that begins as QUIC does and is the token after that."""
    head = bytes([first]) + version + b"\x08" + os.urandom(8) + b"\x00"
    return head + attempt.payload(size - len(head))


def short_header(attempt: Attempt, size: int = 600) -> bytes:
    """A packet of a connection that is said to be up."""
    return b"\x41" + os.urandom(8) + attempt.payload(size)


def pieces(message: bytes, size: int) -> list[Frame]:
    """A handshake message cut."""
    return [(at, message[at : at + size]) for at in range(0, len(message), size)]


def _hello(attempt: Attempt, name: str, padding: int = 0) -> bytes:
    return client_hello(name, stamp=attempt.token, padding=padding, alpn=(b"h3",))


def _send(attempt: Attempt, *datagrams: bytes, address: str = "", port: int = 443, sport: int = 0) -> None:
    """One flow."""
    sport = sport or attempt.attacker.port()
    for datagram in datagrams:
        attempt.attacker.send_udp(datagram, address or attempt.target4, port, sport=sport)
        time.sleep(PAUSE_S)


def send_whole(attempt: Attempt) -> None:
    for address in (attempt.target4, attempt.target6):
        _send(attempt, initial(pieces(_hello(attempt, BAD), 4000), to=os.urandom(8)), address=address)


def send_second_version(attempt: Attempt) -> None:
    _send(attempt, initial(pieces(_hello(attempt, BAD), 4000), to=os.urandom(8), version=V2))


def send_scattered(attempt: Attempt) -> None:
    """The middle first, then the end, the beginning last: one frame a datagram."""
    to = os.urandom(8)
    frames = pieces(_hello(attempt, BAD, padding=1500), 300)
    order = [*frames[2:], frames[1], frames[0]]
    _send(attempt, *(initial([frame], to=to, number=number) for number, frame in enumerate(order)))


def send_never_whole(attempt: Attempt) -> None:
    """All but one byte, again and again, and data behind it."""
    to = os.urandom(8)
    message = _hello(attempt, BAD, padding=600)
    frames = [(0, message[:40]), (41, message[41:])]
    _send(attempt, *(initial(frames, to=to, number=number) for number in range(20)), short_header(attempt))


def send_coalesced(attempt: Attempt) -> None:
    """Padding alone, 0-RTT and the hello in one datagram."""
    to = os.urandom(8)
    early = protected(attempt.payload(400), to=to, kind=ZERO_RTT)
    first = protected(bytes(100), to=to)
    _send(attempt, first + early + initial(pieces(_hello(attempt, BAD), 200), to=to, number=1, size=300))


def send_two_names(attempt: Attempt) -> None:
    """A hello that is retransmitted with another name of the same length in it, before it is whole."""
    to = os.urandom(8)
    good, bad = _hello(attempt, GOOD), _hello(attempt, BAD.rjust(len(GOOD), "x"))
    half = len(good) - 10
    _send(
        attempt,
        initial([(0, good[:half])], to=to),
        initial([(0, bad[:half])], to=to, number=1),
        initial([(half, bad[half:])], to=to, number=2),
    )


def send_two_connections(attempt: Attempt) -> None:
    """On one pair of ports: an attempt that never ends under one id, the refused name under another."""
    first, second = os.urandom(8), os.urandom(8)
    good = _hello(attempt, GOOD)
    _send(
        attempt,
        initial([(0, good[:60])], to=first),
        initial(pieces(_hello(attempt, BAD), 4000), to=second),
        short_header(attempt),
    )


def send_early_data(attempt: Attempt) -> None:
    """0-RTT packets, and no hello at all."""
    to = os.urandom(8)
    _send(attempt, *(protected(attempt.payload(1150), to=to, kind=ZERO_RTT, number=number) for number in range(6)))


def send_greased_version(attempt: Attempt) -> None:
    _send(attempt, *(long_header(attempt, GREASED) for _ in range(8)))


def send_unheard_version(attempt: Attempt) -> None:
    _send(attempt, *(long_header(attempt, UNHEARD) for _ in range(8)))


def send_negotiation(attempt: Attempt) -> None:
    """A list of versions, as only a server sends it: four bytes of anything each."""
    head = b"\x80" + NEGOTIATION + b"\x08" + os.urandom(8) + b"\x08" + os.urandom(8)
    _send(attempt, *(head + attempt.payload(800) for _ in range(6)))


def send_retry(attempt: Attempt) -> None:
    """A Retry, whose token is anything."""
    _send(attempt, *(long_header(attempt, V1, first=0xF0) for _ in range(6)))


def send_in_token(attempt: Attempt) -> None:
    """The token field of an Initial that names nothing."""
    to = os.urandom(8)
    _send(attempt, *(protected(bytes(80), to=to, number=number, token=attempt.payload(1000)) for number in range(5)))


def migrate(attempt: Attempt) -> None:
    """A short header on ports that have seen no hello."""
    _send(attempt, *(short_header(attempt) for _ in range(6)))


def migrate_from_allowed(attempt: Attempt) -> None:
    """The good name first; then the same connection goes on from another port to another address."""
    to = os.urandom(8)
    hello = client_hello(GOOD, alpn=(b"h3",))
    _send(attempt, initial(pieces(hello, 4000), to=to), address=attempt.known[GOOD][0])
    _send(attempt, *(b"\x41" + to + attempt.payload(600) for _ in range(4)))


def migrate_refused(attempt: Attempt) -> None:
    """A refused connection that goes on from other ports, to the same server and to another port of it."""
    to = os.urandom(8)
    for address in attempt.targets:
        _send(attempt, initial(pieces(_hello(attempt, BAD), 4000), to=to), address=address)
        for port in (443, 443, 4433):
            _send(attempt, *(b"\x41" + to + attempt.payload(600) for _ in range(2)), address=address, port=port)


def send_other(attempt: Attempt) -> None:
    """Port 443, and nothing of QUIC."""
    for first in (b"\x00", b"\x16", b"\x40", b"\x80", b"\xff"):
        for address in attempt.fresh().addresses:
            _send(attempt, *(first + attempt.payload(700) for _ in range(3)), address=address, sport=attempt.attacker.port())


def send_google(attempt: Attempt) -> None:
    """Headers of Google's QUIC with no CHLO in them, of several generations."""
    ident = os.urandom(8)
    public = b"\x0d" + ident + b"Q043" + b"\x01" + attempt.payload(1100)
    resumed = b"\x0c" + ident + b"\x01" + attempt.payload(1100)
    late = long_header(attempt, b"Q046", first=0xC0)
    newest = long_header(attempt, b"Q050", first=0xC0)
    for datagram in (public, resumed, late, newest):
        _send(attempt, datagram, datagram, address=attempt.fresh().four)


def send_nameless(attempt: Attempt) -> None:
    """A whole hello without a name."""
    _send(attempt, initial(pieces(client_hello(stamp=attempt.token), 4000), to=os.urandom(8)), short_header(attempt))


def send_other_ports(attempt: Attempt) -> None:
    for port in (80, 8443, 4433, 123, 3478, 51820):
        _send(attempt, initial(pieces(_hello(attempt, BAD), 4000), to=os.urandom(8)), short_header(attempt), port=port)


CASES = (
    Case(id="whole", text="A refused name in one Initial, over IPv4 and IPv6", play=send_whole, shown=BAD),
    Case(id="second-version", text="The same in QUIC v2", play=send_second_version, shown=BAD),
    Case(id="scattered", text="CRYPTO frames over several datagrams, beginning last", play=send_scattered, shown=BAD),
    Case(id="never-whole", text="A hello that lacks one byte for ever, and data behind it", play=send_never_whole),
    Case(id="coalesced", text="Padding, 0-RTT and the hello in one datagram", play=send_coalesced, shown=BAD),
    Case(id="two-names", text="Retransmitted with another name in the same place", play=send_two_names, shown=CONTRADICTS),
    Case(id="two-connections", text="Two attempts on one pair of ports, one of them never whole",
         play=send_two_connections, shown=BAD),
    Case(id="early-data", text="0-RTT packets without a hello", play=send_early_data),
    Case(id="greased-version", text="A reserved version, whose rest is anything", play=send_greased_version),
    Case(id="unheard-version", text="A version that nobody knows", play=send_unheard_version),
    Case(id="negotiation", text="A version negotiation towards the server", play=send_negotiation),
    Case(id="retry", text="A Retry towards the server", play=send_retry),
    Case(id="token", text="The token field of Initials that name nothing", play=send_in_token),
    Case(id="migrated", text="Short headers on new ports", play=migrate),
    Case(id="migrated-from-allowed", text="An allowed connection that goes on elsewhere", play=migrate_from_allowed),
    Case(id="migrated-refused", text="A refused connection that goes on from other ports, to the same server",
         play=migrate_refused),
    Case(id="not-quic", text="UDP/443 that is not QUIC, both families", play=send_other),
    Case(id="google", text="Google QUIC without a CHLO, four generations", play=send_google),
    Case(id="nameless", text="A whole hello without a name", play=send_nameless),
    Case(id="other-ports", text="QUIC with a refused name on six other ports", play=send_other_ports, shown=BAD),
)
