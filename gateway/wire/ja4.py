"""JA4, the fingerprint of a TLS client's hello: ``t13d1516h2_8daaf6152771_e5627efa2ab1``.

By FoxIO's description of JA4 for TLS clients (BSD 3-Clause). The other fingerprints of the JA4+ family have another licence;
nothing of them is here.
"""

from hashlib import sha256
from struct import unpack

from .tls import ClientHello

_SERVER_NAME, _ALPN = 0x0000, 0x0010
_VERSIONS = {
    0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2",
    0xFEFF: "d1", 0xFEFD: "d2", 0xFEFC: "d3",
}  # fmt: skip
_NOTHING = "000000000000"


def ja4(hello: ClientHello, transport: str = "t") -> str:
    """The fingerprint; ``transport`` is ``t`` (TCP), ``q`` (QUIC) or ``d`` (DTLS)."""
    ciphers = _words(hello.ciphers)
    extensions = [kind for kind in hello.extensions if not _is_grease(kind)]
    rest = ",".join(f"{kind:04x}" for kind in sorted(extensions) if kind not in (_SERVER_NAME, _ALPN))
    algorithms = ",".join(f"{word:04x}" for word in _words(hello.signature_algorithms))
    head = (
        transport + _version(hello) + ("d" if _SERVER_NAME in extensions else "i")
        + f"{min(len(ciphers), 99):02}{min(len(extensions), 99):02}" + _protocol(hello.alpn)
    )  # fmt: skip
    told = f"{rest}_{algorithms}" if algorithms else rest
    return f"{head}_{_digest(','.join(f'{cipher:04x}' for cipher in sorted(ciphers)))}_{_digest(told) if rest else _NOTHING}"


def _version(hello: ClientHello) -> str:
    """The highest of the versions offered; for DTLS, whose numbers count down, the lowest number."""
    offered = _words(hello.supported_versions) or [hello.version]
    highest = min(offered) if offered[0] >> 8 == 0xFE else max(offered)
    return _VERSIONS.get(highest, "00")


def _protocol(alpn: tuple[bytes, ...]) -> str:
    """First and last character of the first protocol; of its hexadecimal form where they are no letters or digits."""
    first = alpn[0] if alpn else b""
    if not first:
        return "00"
    ends = bytes((first[0], first[-1]))
    return ends.decode("ascii") if ends.isalnum() else first.hex()[0] + first.hex()[-1]


def _words(raw: bytes) -> list[int]:
    """Numbers of two bytes, without those that mean nothing (RFC 8701)."""
    count = len(raw) // 2
    return [word for word in unpack(f"!{count}H", raw[: 2 * count]) if not _is_grease(word)]


def _is_grease(word: int) -> bool:
    return word & 0x0F0F == 0x0A0A and word >> 8 == word & 0xFF


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else _NOTHING
