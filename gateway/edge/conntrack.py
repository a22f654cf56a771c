"""The kernel's connection table, over ctnetlink (``linux/netfilter/nfnetlink_conntrack.h``): who sent how much, and which of
them is to be asked about again."""

from errno import ENOENT
from struct import Struct
from typing import NamedTuple

from gateway.model.event import Counter, CountersRead
from gateway.model.mark import EPOCH_MASK
from gateway.model.packet import ICMP, ICMPV6, FlowKey

from .netlink import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLMSG_DONE,
    NLMSG_ERROR,
    SUBSYSTEM_CTNETLINK,
    NetfilterSocket,
    attribute,
    error_of,
    locate,
    message,
    messages,
)

RECEIVE_BUFFER_BYTES = 4 << 20
_ANSWER_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 15
_MAX_SHAPES = 64

_NEW, _GET = SUBSYSTEM_CTNETLINK << 8, SUBSYSTEM_CTNETLINK << 8 | 1
_TUPLE, _MARK, _COUNTERS_ORIG, _COUNTERS_REPLY, _MARK_MASK = 1, 8, 9, 10, 21
_COUNTER_PACKETS, _COUNTER_BYTES = 1, 2
_NESTED = 0x8000
_IP, _PROTO, _PROTO_NUMBER, _SOURCE_PORT, _TARGET_PORT = 1, 2, 1, 2, 3
_SOURCE_IP = {4: 1, 16: 3}
"""By the length of an address; the target's is the next."""
_FAMILIES = {4: 2, 16: 10}
_GENERIC_BYTES = 4
_U16, _U32 = Struct("!H"), Struct("!I")
_COUNTERS = Struct("!4xQ4xQ")
"""Packets and bytes, as they lie where no padding stands between them."""
_ADDRESSES = {2: Struct("!8x4s4x4s"), 10: Struct("!8x16s4x16s")}
"""By address family, from the start of a tuple: header of the nested addresses, header of the first, the first, …"""
_PORTS = Struct("!8xB7xH6xH")
"""From the end of the addresses: headers, number of the protocol, header and value of two ports."""
_NUMBER_AT, _ICMP_TYPE_AT, _ICMP_CODE_AT = 8, 24, 32
_FLOWS = {2: Struct("!8s8x4s4x4s8xB7xH6xH2x"), 10: Struct("!8s8x16s4x16s8xB7xH6xH2x")}
"""By address family, from the start of an entry whose tuple comes first and has ports: headers, addresses, protocol, ports."""
_COUNTED, _MARKED = Struct("!4s4xQ4xQ"), Struct("!4sI")
"""With the header of the attribute."""

Places = dict[int, tuple[int, int]]
"""Type -> (start, end) of the payload of an attribute."""


class Shape(NamedTuple):
    """Where an entry holds what, from its start; and the headers that stand there if it is so."""

    flow: Struct
    out_at: int
    in_at: int
    mark_at: int
    heads: tuple[bytes, ...]
    """Family and tuple, counters out, counters in, mark."""


class Conntrack:
    """Reads the table of this network namespace, chunk by chunk between other work."""

    def __init__(self) -> None:
        self._socket = NetfilterSocket(receive_buffer_bytes=RECEIVE_BUFFER_BYTES)
        self._writer = NetfilterSocket(receive_buffer_bytes=_ANSWER_BYTES)
        self.fileno = self._socket.fileno
        self._shapes: dict[int, Shape] = {}
        self.reading = False
        """Is there more to ``receive`` of the last ``request``?"""

    def request(self, *, mark: int = 0, mask: int = 0) -> None:
        """Ask for every connection with a mark, then ``receive`` whenever the socket is readable, until ``reading`` ends.

        ``mark`` and ``mask`` leave others out in the kernel already.
        """
        if self.reading:
            return  # the kernel walks once at a time for one socket
        self.reading = True
        wanted = (attribute(_MARK, _U32.pack(mark)), attribute(_MARK_MASK, _U32.pack(mask))) if mask else ()
        self._socket.send(message(_GET, *wanted, flags=NLM_F_DUMP))

    def receive(self) -> CountersRead | None:
        """Read one chunk of the table, about a hundred connections; None if none of them is ours."""
        data = self._socket.receive(_CHUNK_BYTES)
        counters: list[Counter] = []
        read = self._read
        for kind, _, at, end in messages(data):
            if kind == _NEW:
                if (counter := read(data, at, end)) is not None:
                    counters.append(counter)
            elif kind == NLMSG_DONE:
                self.reading = False
                return CountersRead(counters=tuple(counters))
            elif kind == NLMSG_ERROR:
                self.reading = False
                raise OSError(error_of(data, at, end), "read the connection table")
        return CountersRead(counters=tuple(counters), complete=False) if counters else None

    def ask_again(self, key: FlowKey) -> bool:
        """Take the epoch out of the mark of this connection of TCP or UDP: its next packet is of none, so it is asked about,
        and lost where nobody answers. False: the kernel has no such connection any more. OSError where it refuses.

        Nothing else of the entry changes, and whatever is in the mark by then: an entry that is another one meanwhile is
        asked about too.
        """
        cleared = attribute(_MARK, _U32.pack(0)), attribute(_MARK_MASK, _U32.pack(EPOCH_MASK))
        update = message(_NEW, _write_key(key), *cleared, flags=NLM_F_ACK, family=_FAMILIES[len(key.src)])
        try:
            self._writer.request(update, "have a connection asked about again")
        except OSError as err:
            if err.errno != ENOENT:
                raise
            return False
        return True

    def close(self) -> None:
        """Give the sockets back."""
        self._writer.close()
        self._socket.close()

    def _read(self, data: bytes, at: int, end: int) -> Counter | None:
        """One entry of the table: nearly all look like one before."""
        shape = self._shapes.get(end - at)
        if shape is not None:
            flow, out_at, in_at, mark_at, heads = shape
            start, src, dst, proto, sport, dport = flow.unpack_from(data, at)
            out, pkts_out, bytes_out = _COUNTED.unpack_from(data, at + out_at)
            into, pkts_in, bytes_in = _COUNTED.unpack_from(data, at + in_at)
            marked, mark = _MARKED.unpack_from(data, at + mark_at)
            if (start, out, into, marked) == heads:
                return Counter(FlowKey(proto, src, sport, dst, dport), mark, bytes_out, bytes_in, pkts_out, pkts_in)
        found = locate(data, at + _GENERIC_BYTES, end)
        if found is None or _MARK not in found or _TUPLE not in found:
            return None
        if (shape := _shape(data, at, found)) is not None and len(self._shapes) < _MAX_SHAPES:
            self._shapes[end - at] = shape
        return _read_entry(data, data[at], found)


def _shape(data: bytes, at: int, found: Places) -> Shape | None:
    """The shape of a counted entry of TCP, UDP and their like; None for one of another kind."""
    places = [found.get(kind, (0, 0)) for kind in (_TUPLE, _COUNTERS_ORIG, _COUNTERS_REPLY, _MARK)]
    flow = _FLOWS.get(data[at])
    if flow is None or [stop - start for start, stop in places] != [flow.size - 8, _COUNTERS.size, _COUNTERS.size, _U32.size]:
        return None
    if places[0][0] != at + 8:
        return None
    out_at, in_at, mark_at = (start - 4 - at for start, _ in places[1:])
    heads = (data[at : at + 8], *(data[at + place : at + place + 4] for place in (out_at, in_at, mark_at)))
    return Shape(flow, out_at, in_at, mark_at, heads)


def _read_entry(data: bytes, family: int, found: Places) -> Counter | None:
    """An entry of whatever shape; None for what is no IP."""
    key = _read_key(data, family, *found[_TUPLE])
    if key is None:
        return None
    packets_out, bytes_out = _read_counters(data, found.get(_COUNTERS_ORIG))
    packets_in, bytes_in = _read_counters(data, found.get(_COUNTERS_REPLY))
    mark = int.from_bytes(data[slice(*found[_MARK])], "big")
    return Counter(key=key, mark=mark, bytes_out=bytes_out, bytes_in=bytes_in, pkts_out=packets_out, pkts_in=packets_in)


def _write_key(key: FlowKey) -> bytes:
    """As ``_read_key`` reads it."""
    source = _SOURCE_IP[len(key.src)]
    addresses = attribute(source, key.src) + attribute(source + 1, key.dst)
    ports = attribute(_SOURCE_PORT, _U16.pack(key.sport)) + attribute(_TARGET_PORT, _U16.pack(key.dport))
    proto = attribute(_PROTO_NUMBER, bytes((key.proto,))) + ports
    return attribute(_NESTED | _TUPLE, attribute(_NESTED | _IP, addresses) + attribute(_NESTED | _PROTO, proto))


def _read_key(data: bytes, family: int, at: int, end: int) -> FlowKey | None:
    addresses = _ADDRESSES.get(family)
    if addresses is None or at + addresses.size + 12 > end:
        return None
    src, dst = addresses.unpack_from(data, at)
    at += addresses.size
    proto = data[at + _NUMBER_AT]
    if proto in (ICMP, ICMPV6):
        return FlowKey(proto, src, data[at + _ICMP_TYPE_AT], dst, data[at + _ICMP_CODE_AT]) if at + 36 <= end else None
    if at + _PORTS.size > end:
        return FlowKey(proto, src, 0, dst, 0)
    _, sport, dport = _PORTS.unpack_from(data, at)
    return FlowKey(proto, src, sport, dst, dport)


def _read_counters(data: bytes, place: tuple[int, int] | None) -> tuple[int, int]:
    """(packets, bytes) of one direction; (0, 0) where the kernel does not count."""
    if place is None:
        return 0, 0
    if place[1] - place[0] == _COUNTERS.size:
        packets, size = _COUNTERS.unpack_from(data, place[0])
        return packets, size
    found = locate(data, *place) or {}
    packets, size = (
        int.from_bytes(data[slice(*found[kind])], "big") if kind in found else 0 for kind in (_COUNTER_PACKETS, _COUNTER_BYTES)
    )
    return packets, size
