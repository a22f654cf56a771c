"""DNS messages: bytes -> ``DnsMessage`` (RFC 1035, EDNS of RFC 6891, HTTPS and SVCB of RFC 9460), and the answers we give.

Every walk is bounded: 500 records, names of 255 bytes, 128 steps a name, 2,048 labels a message, each of which is read once,
and a compression pointer only leads backwards.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.model.packet import UDP, Packet

from .datagram import build_datagram

A, NS, CNAME, SOA, PTR, AAAA, DNAME, OPT, SVCB, HTTPS, ANY = 1, 2, 5, 6, 12, 28, 39, 41, 64, 65, 255
IN = 1
QUERY = 0
NO_ERROR, NO_SUCH_NAME = 0, 3
RESPONSE, RECURSION_DESIRED, RECURSION_AVAILABLE, CHECKING_DISABLED = 0x8000, 0x0100, 0x0080, 0x0010

MAX_RECORDS = 500
MAX_NAME_BYTES = 255
MAX_NAME_STEPS = 128
MAX_LABELS = 2_048
"""Read in one message: 500 records need a label or two each, and pointers to the rest."""
EDNS_BYTES = 1232
"""The datagram size we say we take: no fragments on any link (DNS flag day 2020)."""

_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_OPCODES = frozenset({0, 1, 2, 4, 5})
_CLASSES = frozenset({1, 3, 4, 254, 255})
_ADDRESS_BYTES = {A: 4, AAAA: 16}
_NAMED = frozenset({NS, CNAME, PTR, DNAME})
_SVCB_ECH, _SVCB_HINTS = 5, {4: 4, 6: 16}
_PLAIN = re.compile(rb"[A-Za-z0-9_-]+").fullmatch
_PRINTABLE = frozenset(range(0x21, 0x7F)) - frozenset(b".\\")
_SPELT = [chr(byte).lower() if byte in _PRINTABLE else f"\\{byte:03d}" for byte in range(256)]


Known = dict[int, tuple[str, int]]
"""Offset in a message -> the name there, and how many bytes it takes written out."""


class Question(NamedTuple):
    """What is asked."""

    name: str
    type: int
    class_: int


class Answer(NamedTuple):
    """One record of class IN of the answer section."""

    name: str
    type: int
    ttl: int
    data: bytes
    """The record's data as it was sent; for A and AAAA the packed address."""
    target: str = ""
    """The name that a CNAME, DNAME, NS, PTR, HTTPS or SVCB record points to; empty: the root, or "the owner itself"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsMessage:
    """A query or an answer. Names are lower case without the last dot; odd bytes in them stand as ``\\DDD``."""

    id: int
    is_response: bool
    opcode: int = QUERY
    rcode: int = 0
    """With the upper bits that EDNS adds."""
    truncated: bool = False
    """The TC bit: the client will ask again over TCP."""
    questions: tuple[Question, ...] = ()
    answers: tuple[Answer, ...] = ()
    edns_bytes: int = 0
    """The datagram size the sender takes; 0: no EDNS."""
    dnssec_ok: bool = False
    whole: bool = True
    """False where records after the question could not be read, as in a cut capture: ``answers`` are those before."""

    @property
    def question(self) -> Question | None:
        """The first question; nobody sends more."""
        return self.questions[0] if self.questions else None

    @property
    def chain(self) -> tuple[str, ...]:
        """The name asked for, then every name its CNAMEs lead to."""
        if not self.questions:
            return ()
        aliases = {answer.name: answer.target for answer in self.answers if answer.type == CNAME}
        names = [self.questions[0].name]
        while (target := aliases.pop(names[-1], None)) is not None and target not in names:
            names.append(target)
        return tuple(names)

    @property
    def addresses(self) -> tuple[bytes, ...]:
        """Packed addresses that the answer gives for the name asked for: A, AAAA and the hints of HTTPS and SVCB."""
        chain = frozenset(self.chain)
        found: dict[bytes, None] = {}
        for answer in self.answers:
            if answer.name not in chain:
                continue
            if answer.type in _ADDRESS_BYTES:
                found[answer.data] = None
            elif answer.type in (HTTPS, SVCB):
                found.update(dict.fromkeys(_hints(answer.data)))
        return tuple(found)

    @property
    def ech(self) -> bool:
        """An HTTPS or SVCB record carries the keys of an encrypted ClientHello."""
        return any(
            key == _SVCB_ECH for answer in self.answers if answer.type in (HTTPS, SVCB) for key, _ in _parameters(answer.data)
        )


def parse_dns(data: bytes) -> DnsMessage | None:
    """The message in a UDP payload; None where it is not DNS (mDNS is not)."""
    try:
        return _parse(data)
    except (ValueError, IndexError, struct.error):
        return None


def parse_dns_tcp(data: bytes) -> tuple[DnsMessage | None, int]:
    """The first message of a TCP stream, and how many bytes it took. ``(None, 0)``: incomplete; ``(None, n)``: not DNS."""
    if len(data) < 2:
        return None, 0
    end = 2 + int.from_bytes(data[:2])
    if len(data) >= 14 and not _plausible(data[2:14]) or end < 14:
        return None, end
    return (parse_dns(data[2:end]), end) if len(data) >= end else (None, 0)


def answer_query(
    packet: Packet, *, rcode: int = 0, addresses: tuple[bytes, ...] = (), ttl_s: int = 60
) -> bytes | None:
    """The raw IP packet that answers a query in the place of the server it was sent to; None where the packet is no query.

    Without addresses of the family asked for, rcode 0 says "no such data". What is refused is remembered for ``ttl_s`` too:
    only with an SOA may a negative answer be cached (RFC 2308 5).
    """
    if packet.proto != UDP or packet.fragment or not packet.sport or not packet.dport:
        return None
    query = parse_dns(packet.payload)
    if query is None or query.is_response or query.opcode != QUERY or len(query.questions) != 1:
        return None
    question = query.questions[0]
    records = [_address_record(address, ttl_s) for address in addresses if rcode == 0 and _suits(address, question)]
    sent_flags = int.from_bytes(packet.payload[2:4])
    flags = RESPONSE | RECURSION_AVAILABLE | sent_flags & (RECURSION_DESIRED | CHECKING_DISABLED) | rcode & 0xF
    edns = b"\0" + _RECORD.pack(OPT, EDNS_BYTES, 0x8000 * query.dnssec_ok, 0) if query.edns_bytes else b""
    _, end = read_name(packet.payload, _HEADER.size)
    # The question goes back as it came, upper case included: clients that mix cases check it.
    asked = packet.payload[_HEADER.size : end + 4]
    authority = b"" if records or rcode not in (NO_ERROR, NO_SUCH_NAME) else _negative(ttl_s)
    head = _HEADER.pack(query.id, flags, 1, len(records), bool(authority), bool(edns))
    message = head + asked + b"".join(records) + authority + edns
    return build_datagram((packet.dst, packet.dport), (packet.src, packet.sport), message)


def build_query(name: str, type_: int, *, id: int) -> bytes | None:
    """A question of our own, in the clear form of names; None where no host can be called so."""
    labels = name.encode("ascii", "replace").split(b".")
    if not all(0 < len(label) < 64 and _PLAIN(label) for label in labels) or len(name) + 2 > MAX_NAME_BYTES:
        return None
    asked = b"".join(bytes((len(label),)) + label for label in labels) + b"\0" + struct.pack("!HH", type_, IN)
    edns = b"\0" + _RECORD.pack(OPT, EDNS_BYTES, 0, 0)
    return _HEADER.pack(id, RECURSION_DESIRED, 1, 0, 0, 1) + asked + edns


def _negative(ttl_s: int) -> bytes:
    """The SOA of a negative answer, of the root: whatever was asked for lies under it. Its serial number means nothing."""
    data = b"\0\0" + struct.pack("!5I", 1, ttl_s, ttl_s, ttl_s, ttl_s)
    return b"\0" + _RECORD.pack(SOA, IN, ttl_s, len(data)) + data


def _suits(address: bytes, question: Question) -> bool:
    return question.type == ANY or _ADDRESS_BYTES.get(question.type) == len(address)


def _address_record(address: bytes, ttl_s: int) -> bytes:
    owner = struct.pack("!H", 0xC000 | _HEADER.size)
    return owner + _RECORD.pack(A if len(address) == 4 else AAAA, IN, ttl_s, len(address)) + address


def read_name(data: bytes, at: int, known: Known | None = None) -> tuple[str, int]:
    """The name at an offset, and the offset after it. ValueError or IndexError: no name there.

    ``known`` is what was read of the same message before: however many names point to a label, it is read once.
    """
    known = {} if known is None else known
    path: list[tuple[int, bytes | None]] = []
    after, floor = 0, at
    rest = "", 1
    while (length := data[at]) != 0:
        if len(path) >= MAX_NAME_STEPS:
            raise ValueError("name has too many labels")
        if length < 0x40:
            path.append((at, data[at + 1 : at + 1 + length]))
            at += 1 + length
        elif length >= 0xC0:
            path.append((at, None))
            after = after or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
            # Only backwards, so that no loop is possible (RFC 1035 4.1.4 speaks of a *prior* occurrence).
            if not _HEADER.size <= at < floor:
                raise ValueError("compression pointer leads forwards")
            floor = at
            if (found := known.get(at)) is not None:
                rest = found
                break
        else:
            raise ValueError("unknown label type")
    if len(known) + len(path) > MAX_LABELS:
        raise ValueError("the message has too many labels")
    for place, label in reversed(path):
        if label is not None:
            name, size = rest
            if size + 1 + len(label) > MAX_NAME_BYTES:
                raise ValueError("name too long")
            rest = f"{_text(label)}.{name}" if name else _text(label), size + 1 + len(label)
        known[place] = rest
    return rest[0], after or at + 1


def _text(label: bytes) -> str:
    if _PLAIN(label):
        return label.decode("ascii").lower()
    return label.decode("latin-1").translate(_SPELT)


def _plausible(header: bytes) -> bool:
    """Whether twelve bytes can be a DNS header: what noise and mDNS mostly fail."""
    _, flags, questions, answers, authority, additional = _HEADER.unpack(header)
    opcode, response = flags >> 11 & 0xF, flags >= RESPONSE
    if opcode not in _OPCODES or questions + answers + authority + additional > MAX_RECORDS:
        return False
    if response:
        # An answer may lack its question only where the server understood nothing of it.
        return questions > 0 or bool(flags & 0xF and not answers)
    # Known answers in a query are the mark of mDNS.
    return questions > 0 and not flags & 0xF and not (opcode == QUERY and answers)


def _parse(data: bytes) -> DnsMessage:
    if not _plausible(data[: _HEADER.size]):
        raise ValueError("not a DNS header")
    ident, flags, asked, answered, authority, additional = _HEADER.unpack_from(data)
    known: Known = {}
    questions, at = _read_questions(data, asked, known)
    if not ident and not flags & RECURSION_DESIRED and any(q.name.endswith(("local", ".arpa")) for q in questions):
        raise ValueError("mDNS")
    answers: list[Answer] = []
    opt, whole = None, True
    try:
        for _ in range(answered):
            answer, at = _read_answer(data, at, known)
            if answer:
                answers.append(answer)
        opt = _find_opt(data, at, authority + additional, known)
    except (ValueError, IndexError, struct.error):
        whole = False
    edns_bytes, extended = opt or (0, 0)
    return DnsMessage(
        id=ident,
        is_response=flags >= RESPONSE,
        opcode=flags >> 11 & 0xF,
        rcode=flags & 0xF | extended >> 24 << 4,
        truncated=bool(flags & 0x0200),
        questions=questions,
        answers=tuple(answers),
        edns_bytes=edns_bytes,
        dnssec_ok=bool(extended & 0x8000),
        whole=whole,
    )


def _read_questions(data: bytes, count: int, known: Known) -> tuple[tuple[Question, ...], int]:
    questions, at = [], _HEADER.size
    for _ in range(count):
        name, at = read_name(data, at, known)
        type_, class_ = struct.unpack_from("!HH", data, at)
        if class_ not in _CLASSES:
            raise ValueError("unknown class")
        questions.append(Question(name, type_, class_))
        at += 4
    return tuple(questions), at


def _read_answer(data: bytes, at: int, known: Known) -> tuple[Answer | None, int]:
    name, at = read_name(data, at, known)
    type_, class_, ttl, size = _RECORD.unpack_from(data, at)
    start = at + _RECORD.size
    end = start + size
    if end > len(data) or _ADDRESS_BYTES.get(type_, size) != size:
        raise ValueError("record data of a wrong size")
    if class_ != IN:
        return None, end
    target = ""
    if type_ in _NAMED or type_ in (HTTPS, SVCB):
        target, stop = read_name(data, start if type_ in _NAMED else start + 2, known)
        if stop > end:
            raise ValueError("name outside its record")
    return Answer(name, type_, ttl, data[start:end], target), end


def _find_opt(data: bytes, at: int, count: int, known: Known) -> tuple[int, int] | None:
    """(datagram size, extended flags) of the EDNS record among the next ones."""
    for _ in range(count):
        name, at = read_name(data, at, known)
        type_, class_, ttl, size = _RECORD.unpack_from(data, at)
        if type_ == OPT and not name:
            return max(class_, 512), ttl
        at += _RECORD.size + size
    return None


def _hints(data: bytes) -> Iterator[bytes]:
    for key, value in _parameters(data):
        width = _SVCB_HINTS.get(key, 0)
        if width and len(value) % width == 0:
            yield from (value[at : at + width] for at in range(0, len(value), width))


def _parameters(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Keys and values of an HTTPS or SVCB record; its target is never compressed (RFC 9460 2.2)."""
    try:
        _, at = read_name(data, 2)
        while at < len(data):
            key, size = struct.unpack_from("!HH", data, at)
            at += 4 + size
            if at > len(data):
                return
            yield key, data[at - size : at]
    except (ValueError, IndexError, struct.error):
        return
