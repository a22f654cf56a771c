"""Server names, and where they were read."""

from enum import StrEnum
from typing import NamedTuple


class NameSource(StrEnum):
    """Where a name was read. DTLS counts as ``sni``, Google QUIC as ``quic``."""

    SNI = "sni"
    QUIC = "quic"
    HTTP = "http"
    DNS = "dns"
    """Bound by an earlier DNS answer that gave this device this address."""


class Name(NamedTuple):
    """A server name, lower case without a trailing dot."""

    text: str
    source: NameSource
