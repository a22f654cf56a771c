"""The columns of a table of flows, and what a row of it says: one list for whoever writes or reads such a table.

CSV with a header (RFC 4180), UTF-8. The columns come in any order, and only ``id`` has to be there: what is missing or blank is
not known, and columns of other names are passed over. The rows of a device come in the order in which they happened.
What ``write_line`` makes of a flow's evidence, ``read_line`` reads as the same evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from math import isfinite
from typing import TypeVar

from ..model.assessment import Evidence, Extent
from ..model.facts import Facts
from ..model.name import Name, NameSource
from ..model.packet import TCP, UDP
from ..model.purpose import Purpose

E = TypeVar("E", bound=StrEnum)
D = TypeVar("D", bound=StrEnum | None)

COLUMNS = {
    "id": "of the row, as it comes back with the answer",
    "device": "who speaks: rows with the same text are of one device",
    "vendor": "its maker, as the catalogue spells it",
    "kind": "its family: camera, doorbell, speaker, light, plug, hub …",
    "profile": "the id of its profile",
    "run": "a stretch of time with a clock of its own; blank: there is only one",
    "t": "when it began, in seconds",
    "duration": "seconds; a row without it is one burst: packets of a flow less than a second apart",
    "scope": "wan: it leaves the home; lan: it stays; mcast: multicast or broadcast",
    "transport": "tcp, udp, icmp … or the number of the IP protocol",
    "app": "what is spoken: dns, ntp, http, tls, quic, stun …",
    "alpn": "what the hello offers inside TLS, best first, with blanks between",
    "ech": "1: an encrypted hello was offered, so that the name may be a cover",
    "domain": "the name that counts: from the hello, else from DNS; the address where there is none",
    "names": "further names that DNS gave for the address, latest first, with blanks between",
    "name_source": "where the name was read: sni, quic, http or dns",
    "address": "of the far end",
    "remote_port": "of the far end",
    "pkts_out": "packets from the device",
    "pkts_in": "packets to it",
    "bytes_out": "bytes from the device",
    "bytes_in": "bytes to it; where both are blank, nobody counted",
    "media_bytes": "what more goes up than this, the household takes for pictures or sound; 0: it never said",
    "extent": "so-far: judged as a flow that goes on; ended, burst, moment: else told from duration and bytes",
    "settled": "a purpose found by what no column shows: a hello that cannot be read, a name that nobody vouches for …",
}
"""Name -> what it means."""
PROTOCOLS = {"icmp": 1, "igmp": 2, "tcp": TCP, "udp": UDP, "gre": 47, "esp": 50, "icmpv6": 58, "ipv6-icmp": 58, "sctp": 132}
_PROTOCOL_NAMES = {number: name for name, number in reversed(PROTOCOLS.items())}
COUNTS = ("pkts_out", "pkts_in", "bytes_out", "bytes_in", "media_bytes")
SCOPES = {"": False, "wan": False, "lan": True, "mcast": True}
"""Whether it stays in the home."""
PORTS = {"dns": 53, "ntp": 123, "http": 80}
"""Where the port is not told, but what is spoken is."""
FLAGS = {"": False, "0": False, "1": True}
GUARDED = ("=", "+", "-", "@", "'")
"""What a spreadsheet takes for a formula at the beginning of a cell: text of a device gets an apostrophe before it."""
MAX_COUNT = 10**18
MAX_SHOWN = 40


class ColumnError(ValueError):
    """A cell that cannot be meant so."""

    def __init__(self, column: str, value: str, wanted: str) -> None:
        super().__init__(f"column {column!r}: {value[:MAX_SHOWN]!r} is not {wanted}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row, read."""

    id: str
    device: str
    run: str
    at: float
    destination: str
    """A name, else an address; empty where neither is known."""
    evidence: Evidence


def read_line(row: Mapping[str, str | None]) -> Line:
    """What a row says. ColumnError tells of the first cell that cannot be read."""
    domain = _text(row, "domain").rstrip(".").lower()
    literal = b"" if _text(row, "name_source") else _address(domain)
    names = (*([domain] if domain and not literal else []), *_text(row, "names").lower().split())
    source = _choice(row, "name_source", NameSource, NameSource.SNI)
    app = _text(row, "app").lower() or "unknown"
    evidence = Evidence(
        profile=_text(row, "profile") or "careful",
        vendor=_text(row, "vendor"),
        family=_text(row, "kind"),
        facts=Facts(app_proto=app, alpn=tuple(_text(row, "alpn").split()), ech=_one_of(row, "ech", FLAGS)),
        names=tuple(Name(name, NameSource.DNS if number else source) for number, name in enumerate(names)),
        address=literal or _address(_text(row, "address")),
        port=_count(row, "remote_port", most=65_535) or PORTS.get(app, 0),
        proto=_protocol(row),
        local=_one_of(row, "scope", SCOPES),
        extent=_extent(row),
        pkts_out=_count(row, "pkts_out"),
        pkts_in=_count(row, "pkts_in"),
        bytes_out=_count(row, "bytes_out"),
        bytes_in=_count(row, "bytes_in"),
        media_bytes=_count(row, "media_bytes"),
        settled=_choice(row, "settled", Purpose, None),
    )
    return Line(
        id=_text(row, "id"),
        device=_text(row, "device"),
        run=_text(row, "run"),
        at=_number(row, "t"),
        destination=names[0] if names else domain or _text(row, "address"),
        evidence=evidence,
    )


def _extent(row: Mapping[str, str | None]) -> Extent:
    """As told, else: without counts a moment, without an end a burst."""
    _number(row, "duration")
    counted = _text(row, "bytes_out") or _text(row, "bytes_in")
    found = Extent.MOMENT if not counted else Extent.ENDED if _text(row, "duration") else Extent.BURST
    return _choice(row, "extent", Extent, found)


def _choice(row: Mapping[str, str | None], column: str, kind: type[E], default: D) -> E | D:
    text = _text(row, column)
    try:
        return kind(text) if text else default
    except ValueError:
        raise ColumnError(column, text, f"one of {', '.join(kind)}") from None


def _one_of(row: Mapping[str, str | None], column: str, known: Mapping[str, bool]) -> bool:
    text = _text(row, column)
    if text not in known:
        raise ColumnError(column, text, f"one of {', '.join(filter(None, known))}")
    return known[text]


def _protocol(row: Mapping[str, str | None]) -> int:
    text = _text(row, "transport").lower()
    if not text or text in PROTOCOLS:
        return PROTOCOLS.get(text, 0)
    number = _count(row, "transport", most=255) if text.isdigit() else -1
    if number < 0:
        raise ColumnError("transport", text, f"one of {', '.join(PROTOCOLS)}, or a number up to 255")
    return number


def _count(row: Mapping[str, str | None], column: str, *, most: int = MAX_COUNT) -> int:
    number = _number(row, column)
    if not 0 <= number <= most or number != int(number):
        raise ColumnError(column, _text(row, column), f"a whole number from 0 to {most}")
    return int(number)


def _number(row: Mapping[str, str | None], column: str) -> float:
    text = _text(row, column)
    try:
        number = float(text or 0)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise ColumnError(column, text, "a number")
    return number


def _address(text: str) -> bytes:
    try:
        return ip_address(text).packed if text else b""
    except ValueError:
        return b""


def _text(row: Mapping[str, str | None], column: str) -> str:
    text = (row.get(column) or "").strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(GUARDED) else text


def write_line(line: Line) -> dict[str, str]:
    """A row that ``read_line`` reads as this line; what is not known stays blank. Not said: our own resolver (``resolver``)."""
    evidence, facts = line.evidence, line.evidence.facts
    name = evidence.names[0] if evidence.names else None
    address = str(ip_address(evidence.address)) if evidence.address else ""
    row = {
        "id": line.id,
        "device": line.device,
        "vendor": evidence.vendor,
        "kind": evidence.family,
        "profile": evidence.profile,
        "run": line.run,
        "t": repr(line.at),
        "scope": "lan" if evidence.local else "wan",
        "transport": _PROTOCOL_NAMES.get(evidence.proto, str(evidence.proto or "")),
        "app": facts.app_proto,
        "alpn": " ".join(facts.alpn),
        "ech": "1" if facts.ech else "",
        "domain": name.text if name else address,
        "names": " ".join(other.text for other in evidence.names[1:]),
        "name_source": name.source if name else "",
        "address": address,
        "remote_port": str(evidence.port or ""),
        "extent": evidence.extent,
        "settled": evidence.settled or "",
        **{count: str(getattr(evidence, count)) for count in COUNTS},
    }
    return {column: f"'{text}" if text.startswith(GUARDED) else str(text) for column, text in row.items()}
