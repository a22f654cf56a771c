"""Netlink as the kernel's packet filter speaks it: framing, attributes, acknowledgements (``linux/netlink.h``).

Header fields of netlink itself are in host order, the payload of most netfilter attributes in network order.
"""

import errno
import os
import socket
from collections.abc import Iterator
from struct import Struct
from types import TracebackType
from typing import Self

NETLINK_NETFILTER = 12
SOL_NETLINK = 270
NETLINK_NO_ENOBUFS = 5
SO_RCVBUFFORCE = 33

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP, NLM_F_CREATE = 0x1, 0x4, 0x300, 0x400
NLMSG_ERROR, NLMSG_DONE = 2, 3

SUBSYSTEM_CTNETLINK, SUBSYSTEM_QUEUE, SUBSYSTEM_NFTABLES = 1, 3, 10

HEADER = Struct("=IHHII")
"""Length, type, flags, sequence number, port."""
GENERIC = Struct("=BBH")
"""Family, version (0), resource id (network order); follows ``HEADER`` in every netfilter message."""
HEAD_BYTES = HEADER.size + GENERIC.size
ATTRIBUTE = Struct("=HH")
"""Length with this header, type."""
TYPE_MASK = 0x3FFF
"""Without the flags "nested" and "network order"."""
_CODE = Struct("=i")
_SMALLEST_BUFFER = 1 << 16


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    return ATTRIBUTE.pack(4 + len(payload), kind) + payload + bytes(-len(payload) & 3)


def message(kind: int, *attributes: bytes, flags: int = 0, family: int = 0, resource: int = 0, sequence: int = 0) -> bytes:
    """A whole netfilter message."""
    body = GENERIC.pack(family, 0, socket.htons(resource)) + b"".join(attributes)
    return HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST | flags, sequence, 0) + body


def messages(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """(type, flags, start of the payload, end) of every message in what one ``recv`` gave; stops at the first that is cut."""
    at, size = 0, len(data)
    while at + HEADER.size <= size:
        length, kind, flags, _, _ = HEADER.unpack_from(data, at)
        end = at + length
        if length < HEADER.size or end > size:
            return
        yield kind, flags, at + HEADER.size, end
        at = (end + 3) & ~3


def locate(data: bytes, at: int, end: int) -> dict[int, tuple[int, int]] | None:
    """Type -> (start, end) of the payload of every attribute in ``data[at:end]``; None if one of them is cut."""
    found = {}
    unpack = ATTRIBUTE.unpack_from
    while at + 4 <= end:
        length, kind = unpack(data, at)
        stop = at + length
        if length < 4 or stop > end:
            return None
        found[kind & TYPE_MASK] = (at + 4, stop)
        at = (stop + 3) & ~3
    return found


def error_of(data: bytes, at: int, end: int) -> int:
    """The errno of an ``NLMSG_ERROR`` payload; 0 is an acknowledgement, ``EBADMSG`` one that is cut."""
    return -int(_CODE.unpack_from(data, at)[0]) if at + 4 <= end else errno.EBADMSG


class NetfilterSocket:
    """A netlink socket of the packet filter in the network namespace of its maker."""

    def __init__(self, *, receive_buffer_bytes: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
        try:
            self._socket.bind((0, 0))
            self._widen(receive_buffer_bytes)
        except OSError:
            self._socket.close()
            raise
        self.fileno = self._socket.fileno
        self.send = self._socket.send
        self.receive = self._socket.recv

    def _widen(self, size: int) -> None:
        """Past ``rmem_max`` where we may; else (a user namespace) as far as the kernel lets us."""
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, size)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def set_option(self, option: int, value: int) -> None:
        """Set one of netlink's own options."""
        self._socket.setsockopt(SOL_NETLINK, option, value)

    def request(self, data: bytes, what: str) -> None:
        """Send a message that asks for an acknowledgement, and wait for it; ``OSError`` names ``what`` where it is refused."""
        self._socket.send(data)
        while True:
            answer = self._socket.recv(_SMALLEST_BUFFER)
            for kind, _, at, end in messages(answer):
                if kind != NLMSG_ERROR:
                    continue
                code = error_of(answer, at, end)
                if code:
                    raise OSError(code, f"{what}: {os.strerror(code)}")
                return

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
