"""What a device announces over SSDP (UPnP Device Architecture 2.0, 1.2 and 1.3): NOTIFY and answers -> ``SsdpNotice``."""

from typing import NamedTuple

PORT = 1900
MAX_HEAD_BYTES = 2_048
MAX_LINES = 64
_ANNOUNCED = (b"NOTIFY ", b"HTTP/1.1 200", b"HTTP/1.0 200")


class SsdpNotice(NamedTuple):
    """One announcement of the sender itself. (A search says what others are to be, and is none.)"""

    target: str
    """NT or ST: a type of device or service, ``upnp:rootdevice``, or ``uuid:…``."""
    server: str = ""
    """SERVER: system, UPnP version, product."""
    usn: str = ""


def parse_ssdp(data: bytes) -> SsdpNotice | None:
    """The announcement in a UDP payload; None for searches and for what is no SSDP."""
    if not data.startswith(_ANNOUNCED):
        return None
    fields: dict[str, str] = {}
    for line in data[:MAX_HEAD_BYTES].split(b"\n")[1:MAX_LINES]:
        key, colon, value = line.partition(b":")
        if not line.strip():
            break
        if colon:
            fields.setdefault(key.strip().decode("latin-1").lower(), _printable(value))
    target = fields.get("nt") or fields.get("st") or ""
    if not target or "usn" not in fields:
        return None
    return SsdpNotice(target, fields.get("server", ""), fields["usn"])


def _printable(raw: bytes) -> str:
    """Words of printable text, one blank between them."""
    text = raw.decode("utf-8", "replace")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
