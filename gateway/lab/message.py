"""The messages both ends of the lab speak: DNS (RFC 1035, 6763), STUN (RFC 8489), RTP (RFC 3550), NTP (RFC 5905).

Written apart from the gateway's own parsers, so that one side's mistake cannot hide the other's.
"""

import os
import socket
import struct
import time
from collections.abc import Mapping
from typing import NamedTuple

A, CNAME, PTR, TXT, AAAA, HTTPS = 1, 5, 12, 16, 28, 65
NOERROR, NXDOMAIN = 0, 3
TRUNCATED = 0x0200


class Question(NamedTuple):
    """What a DNS query asks."""

    id: int
    name: str
    kind: int


class Answer(NamedTuple):
    """What a DNS answer says."""

    id: int
    code: int
    addresses: tuple[str, ...]


def _write_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    labels: list[str] = []
    after = 0
    for _ in range(128):
        length = data[at]
        if length >= 0xC0:
            after = after or at + 2
            at = struct.unpack_from("!H", data, at)[0] & 0x3FFF
        elif length:
            labels.append(data[at + 1 : at + 1 + length].decode("ascii").lower())
            at += 1 + length
        else:
            return ".".join(labels), after or at + 1
    raise ValueError("a name that points in circles")


def dns_query(name: str, kind: int, *, id: int | None = None) -> bytes:
    """A query, recursion desired."""
    number = int.from_bytes(os.urandom(2)) if id is None else id
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + _write_name(name) + struct.pack("!HH", kind, 1)


def read_question(data: bytes) -> Question:
    """The first question of a query."""
    name, at = _read_name(data, 12)
    return Question(struct.unpack_from("!H", data)[0], name, struct.unpack_from("!H", data, at)[0])


def dns_answer(query: bytes, addresses: tuple[str, ...], *, code: int = NOERROR, ttl_s: int = 60) -> bytes:
    """The answer to a query: these addresses, or nothing."""
    question = read_question(query)
    asked = _write_name(question.name) + struct.pack("!HH", question.kind, 1)
    family = socket.AF_INET6 if question.kind == AAAA else socket.AF_INET
    records = b""
    for address in addresses:
        raw = socket.inet_pton(family, address)
        records += struct.pack("!HHHIH", 0xC00C, question.kind, 1, ttl_s, len(raw)) + raw
    return struct.pack("!6H", question.id, 0x8180 | code, 1, len(addresses), 0, 0) + asked + records


def dns_truncated(query: bytes) -> bytes:
    """An answer that says: ask again over TCP."""
    answer = dns_answer(query, ())
    return answer[:2] + (int.from_bytes(answer[2:4]) | TRUNCATED).to_bytes(2) + answer[4:]


def read_answer(data: bytes) -> Answer:
    """Code and addresses of an answer."""
    number, flags, questions, answers = struct.unpack_from("!4H", data)
    at = 12
    for _ in range(questions):
        at = _read_name(data, at)[1] + 4
    addresses = []
    for _ in range(answers):
        at = _read_name(data, at)[1]
        kind, _class, _ttl, length = struct.unpack_from("!HHIH", data, at)
        at += 10
        if kind in (A, AAAA):
            addresses.append(socket.inet_ntop(socket.AF_INET if kind == A else socket.AF_INET6, data[at : at + length]))
        at += length
    return Answer(number, flags & 0xF, tuple(addresses))


MDNS_GROUP, MDNS_PORT = "224.0.0.251", 5353


def mdns_announcement(service: str, name: str, txt: Mapping[str, str]) -> bytes:
    """A service that the sender has (RFC 6763): ``name`` is its instance of ``service``, ``txt`` its keys and values."""
    kind = service.removesuffix(".local") + ".local"
    instance = bytes([len(name.encode())]) + name.encode() + _write_name(kind)
    pairs = b"".join(bytes([len(pair)]) + pair for pair in (f"{key}={value}".encode() for key, value in txt.items())) or b"\0"
    records = (
        (_write_name(kind), PTR, 1, instance),
        (instance, TXT, 0x8001, pairs),
    )
    body = b"".join(
        owner + struct.pack("!HHIH", number, family, 120, len(data)) + data for owner, number, family, data in records
    )
    return struct.pack("!6H", 0, 0x8400, 0, len(records), 0, 0) + body


STUN_COOKIE = 0x2112A442
BINDING, ALLOCATE = 0x0001, 0x0003


def stun_request(method: int = BINDING) -> bytes:
    """A STUN request with a SOFTWARE attribute."""
    software = b"lab camera  "
    attribute = struct.pack("!HH", 0x8022, len(software)) + software
    return struct.pack("!HHI", method, len(attribute), STUN_COOKIE) + os.urandom(12) + attribute


def is_stun(data: bytes) -> bool:
    """Does this datagram carry the magic cookie?"""
    return len(data) >= 20 and data[0] < 4 and struct.unpack_from("!I", data, 4)[0] == STUN_COOKIE


def stun_response(request: bytes, host: str, port: int) -> bytes:
    """Success, with the address the request came from (and, to ALLOCATE, a relayed one)."""
    method = struct.unpack_from("!H", request)[0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    raw = socket.inet_pton(family, host)
    mask = struct.pack("!I", STUN_COOKIE) + request[8:20]
    mixed = bytes(byte ^ mask[index] for index, byte in enumerate(raw))
    value = struct.pack("!BBH", 0, 2 if family == socket.AF_INET6 else 1, port ^ STUN_COOKIE >> 16) + mixed
    attributes = struct.pack("!HH", 0x0020, len(value)) + value
    if method == ALLOCATE:
        attributes += struct.pack("!HH", 0x0016, len(value)) + value
    return struct.pack("!HHI", method | 0x0100, len(attributes), STUN_COOKIE) + request[8:20] + attributes


class RtpStream:
    """One stream of RTP packets: fixed SSRC, rising sequence and clock."""

    def __init__(self, payload_type: int = 96) -> None:
        self._type = payload_type
        self._ssrc = os.urandom(4)
        self._sequence = int.from_bytes(os.urandom(2)) & 0x7FFF
        self._clock = int.from_bytes(os.urandom(4)) & 0x7FFFFFFF

    def packet(self, size_bytes: int) -> bytes:
        """The next packet, ``size_bytes`` with its header."""
        self._sequence = self._sequence + 1 & 0xFFFF
        self._clock = self._clock + 3000 & 0xFFFFFFFF
        head = struct.pack("!BBHI", 0x80, self._type, self._sequence, self._clock) + self._ssrc
        return head + os.urandom(max(size_bytes - len(head), 1))


def rtcp_report(rtp: bytes) -> bytes:
    """A receiver report about the stream this packet belongs to."""
    ssrc, sequence = rtp[8:12], struct.unpack_from("!H", rtp, 2)[0]
    return struct.pack("!BBHI", 0x81, 201, 7, 1) + ssrc + struct.pack("!IIIII", 0, sequence, 0, 0, 0)


NTP_EPOCH_S = 2_208_988_800


def ntp_request() -> bytes:
    """Mode 3, version 4."""
    return struct.pack("!B39xQ", 0x23, int((time.time() + NTP_EPOCH_S) * 2**32))


def ntp_response(request: bytes) -> bytes:
    """Mode 4, stratum 2, with the lab's own clock."""
    now = int((time.time() + NTP_EPOCH_S) * 2**32)
    return struct.pack("!BBbbII4sQ8sQQ", 0x24, 2, 6, -20, 0, 0, b"LAB\0", now, request[40:48], now, now)
