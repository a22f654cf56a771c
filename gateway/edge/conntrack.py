"""The kernel's connection table, read over ctnetlink (``linux/netfilter/nfnetlink_conntrack.h``): who sent how much."""

from struct import Struct

from gateway.model.event import Counter, CountersRead
from gateway.model.packet import ICMP, ICMPV6, FlowKey

from .netlink import (
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

MAX_ENTRIES = 65_536
RECEIVE_BUFFER_BYTES = 4 << 20
_CHUNK_BYTES = 1 << 17

_NEW, _GET = SUBSYSTEM_CTNETLINK << 8, SUBSYSTEM_CTNETLINK << 8 | 1
_TUPLE, _MARK, _COUNTERS_ORIG, _COUNTERS_REPLY, _MARK_MASK = 1, 8, 9, 10, 21
_COUNTER_PACKETS, _COUNTER_BYTES = 1, 2
_GENERIC_BYTES = 4
_U32 = Struct("!I")
_COUNTERS = Struct("!4xQ4xQ")
"""Packets and bytes, as they lie where no padding stands between them."""
_ADDRESSES = {2: Struct("!8x4s4x4s"), 10: Struct("!8x16s4x16s")}
"""By address family, from the start of a tuple: header of the nested addresses, header of the first, the first, …"""
_PORTS = Struct("!8xB7xH6xH")
"""From the end of the addresses: headers, number of the protocol, header and value of two ports."""
_NUMBER_AT, _ICMP_TYPE_AT, _ICMP_CODE_AT = 8, 24, 32


class Conntrack:
    """Reads the table of this network namespace, at once or chunk by chunk between other work."""

    def __init__(self, *, limit: int = MAX_ENTRIES) -> None:
        self._socket = NetfilterSocket(receive_buffer_bytes=RECEIVE_BUFFER_BYTES)
        self.fileno = self._socket.fileno
        self._limit = limit
        self._counters: list[Counter] = []

    def read(self, *, mark: int = 0, mask: int = 0) -> CountersRead:
        """The counters of every connection with a mark; ``mark`` and ``mask`` leave others out in the kernel already."""
        self.request(mark=mark, mask=mask)
        while (done := self.receive()) is None:
            pass
        return done

    def request(self, *, mark: int = 0, mask: int = 0) -> None:
        """Ask for what ``read`` gives; then ``receive`` whenever the socket is readable. One request at a time."""
        wanted = (attribute(_MARK, _U32.pack(mark)), attribute(_MARK_MASK, _U32.pack(mask))) if mask else ()
        self._counters = []
        self._socket.send(message(_GET, *wanted, flags=NLM_F_DUMP))

    def receive(self) -> CountersRead | None:
        """Read one chunk of the table, about a hundred connections; None while there is more to come."""
        data = self._socket.receive(_CHUNK_BYTES)
        counters = self._counters
        for kind, _, at, end in messages(data):
            if kind == _NEW:
                if len(counters) < self._limit and (counter := _read(data, at, end)) is not None:
                    counters.append(counter)
            elif kind == NLMSG_DONE:
                self._counters = []
                return CountersRead(counters=tuple(counters))
            elif kind == NLMSG_ERROR:
                raise OSError(error_of(data, at, end), "read the connection table")
        return None

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


def _read(data: bytes, at: int, end: int) -> Counter | None:
    """One entry of the table; None without a mark, or for what is no IP."""
    found = locate(data, at + _GENERIC_BYTES, end)
    if found is None or _MARK not in found or _TUPLE not in found:
        return None
    key = _read_key(data, data[at], *found[_TUPLE])
    if key is None:
        return None
    packets_out, bytes_out = _read_counters(data, found.get(_COUNTERS_ORIG))
    packets_in, bytes_in = _read_counters(data, found.get(_COUNTERS_REPLY))
    mark = int.from_bytes(data[slice(*found[_MARK])], "big")
    return Counter(key=key, mark=mark, bytes_out=bytes_out, bytes_in=bytes_in, pkts_out=packets_out, pkts_in=packets_in)


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
