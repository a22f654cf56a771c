"""Server names, and where they were read."""

from dataclasses import dataclass
from enum import StrEnum


class NameSource(StrEnum):
    """Where a name was read. DTLS counts as ``sni``, Google QUIC as ``quic``."""

    SNI = "sni"
    QUIC = "quic"
    HTTP = "http"
    DNS = "dns"
    """Bound by an earlier DNS answer that gave this device this address."""


@dataclass(frozen=True, slots=True)
class Name:
    """A server name, lower case without a trailing dot."""

    text: str
    source: NameSource
