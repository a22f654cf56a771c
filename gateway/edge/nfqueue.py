"""The packet queue of the kernel, spoken over a plain netlink socket (``linux/netfilter/nfnetlink_queue.h``).

One thread, one queue. ``receive`` turns what waits into events, ``send`` answers one of them; a packet that is never answered
is held by the kernel until the socket closes, which drops it.
"""

import select
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from struct import Struct
from typing import Literal

from gateway.model.command import SetVerdict
from gateway.model.device import Mac, mac_from_bytes
from gateway.model.event import Hook, PacketSeen, PacketUndecodable
from gateway.model.mark import ASK
from gateway.wire.ip import decode_ip

from .netlink import (
    HEAD_BYTES,
    HEADER,
    NETLINK_NO_ENOBUFS,
    NLM_F_ACK,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    SUBSYSTEM_QUEUE,
    NetfilterSocket,
    attribute,
    error_of,
    locate,
    message,
    messages,
)

QUEUE_PACKETS = 8192
RECEIVE_BUFFER_BYTES = 32 << 20
"""Holds a full queue of small packets: where it overflows the kernel fails open, and the ruleset then denies."""
BATCH = 16
"""Packets judged together, of those that wait anyway: side by side they cost less. Clocks and requests are not starved."""
MESSAGE_BYTES = 70_000

_PACKET, _VERDICT, _CONFIG = (SUBSYSTEM_QUEUE << 8 | kind for kind in (0, 1, 2))
_CFG_COMMAND, _CFG_PARAMS, _CFG_MAXLEN, _CFG_MASK, _CFG_FLAGS = 1, 2, 3, 4, 5
_BIND, _COPY_PACKET, _COPY_RANGE = 1, 2, 0xFFFF
_FAIL_OPEN, _GSO = 0x1, 0x4
_PACKET_HDR, _VERDICT_HDR, _MARK, _OUTDEV, _HWADDR, _PAYLOAD, _CAP_LEN, _SKB_INFO = 1, 2, 3, 6, 9, 10, 13, 14
_SKB_GSO = 0x2
_NF_DROP, _NF_ACCEPT = 0, 1
_HOOKS = {0: Hook.QUERY, 2: Hook.FORWARD, 3: Hook.ANSWER}
"""``NF_INET_PRE_ROUTING``, ``NF_INET_FORWARD``, ``NF_INET_LOCAL_OUT``."""

_ATTRIBUTE = Struct("=HH")
_U32 = Struct("!I")
_ID_HOOK = Struct("!IxxB")
_ANSWER = Struct("!II4sI")
"""Verdict, packet, the head of the mark's attribute, mark."""
_MARK_HEAD = _ATTRIBUTE.pack(8, _MARK)
_VERDICT_BYTES = HEAD_BYTES + 12 + 8
_MAX_MACS = 4096
_ORDER: Literal["little", "big"] = sys.byteorder
_COUNTERS = Path("/proc/thread-self/net/netfilter/nfnetlink_queue")

Event = PacketSeen | PacketUndecodable


def _locate(data: bytes) -> dict[int, tuple[int, int]] | None:
    """Where the attributes of a packet message lie; None if it is no packet message, or one that is cut."""
    if len(data) < HEAD_BYTES:
        return None
    end, kind, _, _, _ = HEADER.unpack_from(data)
    return locate(data, HEAD_BYTES, end) if kind == _PACKET and end == len(data) else None


class PacketQueue:
    """The queue that asked-about packets wait in. Register its ``fileno`` for reading."""

    def __init__(self, queue: int, *, lan: Iterable[str], index_of: Callable[[str], int] = socket.if_nametoindex) -> None:
        self._queue = queue
        self._lan = {name: 0 for name in lan}
        self._index_of = index_of
        self._lan_indexes: frozenset[int] = frozenset()
        self._macs: dict[bytes, Mac] = {}
        self._unwritable: set[int] = set()
        self.errors = 0
        """Verdicts that the kernel refused."""
        self.malformed = 0
        """Messages that were no packet."""
        self._socket = NetfilterSocket(receive_buffer_bytes=RECEIVE_BUFFER_BYTES)
        try:
            self.find_interfaces()
            self._bind()
        except OSError:
            self._socket.close()
            raise
        self.fileno = self._socket.fileno
        self._poll = select.epoll()
        self._poll.register(self.fileno(), select.EPOLLIN)
        prefix = HEADER.pack(_VERDICT_BYTES, _VERDICT, NLM_F_REQUEST, 0, 0) + b"\0\0" + queue.to_bytes(2, "big")
        self._verdict = prefix + _ATTRIBUTE.pack(12, _VERDICT_HDR)

    def find_interfaces(self) -> None:
        """Look up the numbers of the curtain's interfaces; again whenever one may have come anew."""
        indexes = set()
        for name in self._lan:
            try:
                indexes.add(self._index_of(name))
            except OSError:
                continue  # gone for now: nothing can leave by it either
        self._lan_indexes = frozenset(indexes)

    def _bind(self) -> None:
        flags = _U32.pack(_FAIL_OPEN | _GSO)
        for what, attributes in (
            ("bind the packet queue (does another gateway run here?)", (attribute(_CFG_COMMAND, bytes((_BIND, 0, 0, 0))),)),
            ("copy whole packets", (attribute(_CFG_PARAMS, _U32.pack(_COPY_RANGE) + bytes((_COPY_PACKET,))),)),
            ("size the packet queue", (attribute(_CFG_MAXLEN, _U32.pack(QUEUE_PACKETS)),)),
            ("fail open into the ruleset", (attribute(_CFG_FLAGS, flags), attribute(_CFG_MASK, flags))),
        ):
            self._socket.request(message(_CONFIG, *attributes, flags=NLM_F_ACK, resource=self._queue), what)
        self._socket.set_option(NETLINK_NO_ENOBUFS, 1)

    def waits(self) -> bool:
        """Is there anything to receive? Cheaper than to try."""
        return bool(self._poll.poll(0))

    def receive(self) -> list[Event]:
        """What waits now, at most ``BATCH`` packets."""
        take, read, found = self._socket.receive, self._read, list[Event]()
        for _ in range(BATCH):
            try:
                data = take(MESSAGE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            event = read(data)
            if event is not None:
                found.append(event)
        return found

    def _read(self, data: bytes) -> Event | None:
        """One packet message; anything else is counted."""
        found = _locate(data)
        head = found.get(_PACKET_HDR) if found is not None else None
        if found is None or head is None or head[1] - head[0] < 7:
            self._read_other(data)
            return None
        queue_id, number = _ID_HOOK.unpack_from(data, head[0])
        mac = None
        if (place := found.get(_HWADDR)) is not None:
            address = data[place[0] + 4 : place[0] + 10]
            mac = self._macs.get(address) or self._remember(address)
        mark = int.from_bytes(data[slice(*found[_MARK])], "big") if _MARK in found else 0
        outdev = int.from_bytes(data[slice(*found[_OUTDEV])], "big") if _OUTDEV in found else 0
        cut = _CAP_LEN in found
        if cut or (_SKB_INFO in found and data[found[_SKB_INFO][1] - 1] & _SKB_GSO):
            self._unwritable.add(queue_id)
        hook = _HOOKS.get(number)
        payload = found.get(_PAYLOAD)
        packet = None if cut or payload is None or hook is None else decode_ip(data[payload[0] : payload[1]])
        if packet is None or hook is None:
            return PacketUndecodable(queue_id=queue_id, mac=mac, hook=Hook.FORWARD if hook is None else hook)
        return PacketSeen(packet, hook, mac, mark, queue_id, outdev in self._lan_indexes)

    def _remember(self, address: bytes) -> Mac:
        """The text of a hardware address, kept, since making it costs more than looking it up."""
        if len(self._macs) >= _MAX_MACS:
            self._macs.clear()
        mac = self._macs[address] = mac_from_bytes(address)
        return mac

    def _read_other(self, data: bytes) -> None:
        """The kernel only speaks unasked where it refused a verdict."""
        for kind, _, at, end in messages(data):
            if kind == NLMSG_ERROR and error_of(data, at, end):
                self.errors += 1
                return
        self.malformed += 1

    def send(self, verdict: SetVerdict) -> None:
        """Answer one packet: its mark is set with the ask bit clear, its bytes replaced, or it is lost where they cannot be."""
        queue_id, accept, mark, payload = verdict
        if self._unwritable and queue_id in self._unwritable:
            self._unwritable.discard(queue_id)
            accept = accept and payload is None  # the bytes as they came are not what was let out
            payload = None
        kind = _NF_ACCEPT if accept else _NF_DROP
        data = self._verdict + _ANSWER.pack(kind, queue_id, _MARK_HEAD, mark & ~ASK & 0xFFFFFFFF)
        if payload is not None:
            data += attribute(_PAYLOAD, payload)
            data = len(data).to_bytes(4, _ORDER) + data[4:]
        try:
            self._socket.send(data)
        except OSError:
            self.errors += 1

    def dropped(self) -> int | None:
        """Packets that found no room since the queue was bound, in it or in the socket; None where nobody may know."""
        try:
            lines = _COUNTERS.read_text().splitlines()
        except OSError:  # a user namespace: the file is root's
            return None
        for fields in map(str.split, lines):
            if int(fields[0]) == self._queue:
                return int(fields[5]) + int(fields[6])
        return None

    def close(self) -> None:
        """Unbind: the kernel drops what is still held."""
        self._poll.close()
        self._socket.close()
