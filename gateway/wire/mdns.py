"""What a device offers, and what it looks for, on the local link: multicast DNS (RFC 6762, 6763) -> ``MdnsMessage``."""

import re
import struct
from typing import NamedTuple

from .dns import PTR, Known, read_name

PORT = 5353
MAX_RECORDS = 200
MAX_SERVICES = 32
MAX_PAIRS = 64
"""Keys and values kept of one service."""

_TXT, _SRV = 16, 33
_HEADER, _QUESTION, _RECORD = struct.Struct("!6H"), struct.Struct("!HH"), struct.Struct("!HHIH")
_RESPONSE, _OPCODE = 0x8000, 0x7800
_SERVICE = re.compile(r"(?:(.+)\.)?(_[a-z0-9-]+\._(?:tcp|udp)\.local)", re.DOTALL).fullmatch
_ESCAPED = re.compile(r"\\(\d{3})")


class Service(NamedTuple):
    """One service that the sender says it has."""

    type: str
    """``_hap._tcp.local``."""
    name: str = ""
    """The instance, in lower case: ``philips hue - 2476ff``; empty where only the type was told."""
    txt: tuple[tuple[str, str], ...] = ()
    """Its keys (in lower case) and values."""


class MdnsMessage(NamedTuple):
    """One message."""

    asked: tuple[str, ...] = ()
    """Types of service that the sender looks for."""
    offered: tuple[Service, ...] = ()


Offers = dict[tuple[str, str], dict[str, str]]
"""(type, instance) -> keys and values."""


def parse_mdns(data: bytes) -> MdnsMessage | None:
    """The message in a UDP payload; None where it is not mDNS. What stands behind damage or a capture's cut is missing."""
    if len(data) < _HEADER.size:
        return None
    _, flags, questions, answers, authority, additional = _HEADER.unpack_from(data)
    if flags & _OPCODE or not 0 < questions + answers + authority + additional <= MAX_RECORDS:
        return None
    known: Known = {}
    asked: list[str] = []
    offers: Offers = {}
    try:
        at = _HEADER.size
        for _ in range(questions):
            at = _read_question(data, at, known, asked)
        if flags & _RESPONSE:
            for _ in range(answers + authority + additional):
                at = _read_record(data, at, known, offers)
        else:
            # The answers in a query are what its sender heard from others (RFC 6762, 7.1), those of the authority section
            # are its own, which it means to use (8.2).
            for number in range(answers + authority):
                at = _read_record(data, at, known, offers if number >= answers else {})
    except (ValueError, IndexError, struct.error):
        if not asked and not offers:
            return None
    return MdnsMessage(tuple(dict.fromkeys(asked)), tuple(Service(*key, tuple(txt.items())) for key, txt in offers.items()))


def _read_question(data: bytes, at: int, known: Known, asked: list[str]) -> int:
    name, at = read_name(data, at, known)
    kind, _ = _QUESTION.unpack_from(data, at)
    found = _SERVICE(name)
    if kind == PTR and found and not found[1]:
        asked.append(found[2])
    return at + _QUESTION.size


def _read_record(data: bytes, at: int, known: Known, offers: Offers) -> int:
    """Note what one record offers; the offset behind it."""
    name, at = read_name(data, at, known)
    kind, _, ttl_s, size = _RECORD.unpack_from(data, at)
    start = at + _RECORD.size
    if start + size > len(data):
        raise ValueError("record ends behind the message")
    if ttl_s:  # else a goodbye (RFC 6762, 10.1)
        if kind == PTR:
            _offer(offers, read_name(data, start, known)[0])
        elif kind in (_SRV, _TXT):
            txt = _offer(offers, name)
            if kind == _TXT and txt is not None:
                _read_pairs(data[start : start + size], txt)
    return start + int(size)


def _offer(offers: Offers, name: str) -> dict[str, str] | None:
    """The pairs of the instance that is called so; None where that is no service (or one too many)."""
    found = _SERVICE(name)
    if found is None or (found[1] or "").startswith("_"):  # a subtype (RFC 6763, 7.1)
        return None
    key = found[2], _plain(found[1] or "")
    return offers.setdefault(key, {}) if key in offers or len(offers) < MAX_SERVICES else None


def _read_pairs(data: bytes, txt: dict[str, str]) -> None:
    """``key=value`` strings (RFC 6763, 6.4): keys have no case, and the first of a key counts."""
    at = 0
    while at < len(data) and len(txt) < MAX_PAIRS:
        key, _, value = data[at + 1 : at + 1 + data[at]].partition(b"=")
        if key:
            txt.setdefault(key.decode("ascii", "replace").lower(), value.decode("utf-8", "replace"))
        at += 1 + data[at]


def _plain(text: str) -> str:
    """An instance's name as people see it: UTF-8, where ``read_name`` wrote ``\\DDD`` for odd bytes."""
    raw = _ESCAPED.sub(lambda found: chr(int(found[1]) & 0xFF), text)
    return raw.encode("latin-1", "replace").decode("utf-8", "replace").lower()
