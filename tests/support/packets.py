"""Packets as the kernel's queue would give them, and hellos as real clients write them."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from gateway.model.device import Mac
from gateway.model.event import Hook, PacketSeen
from gateway.model.packet import ACK, PSH, SYN, TCP, UDP, Packet

BELL = Mac("02:00:5e:10:00:01")
PHONE = Mac("02:00:5e:10:00:aa")
HOME = bytes((10, 77, 0, 20))
PHONE_ADDRESS = bytes((10, 77, 0, 30))
GATEWAY = bytes((10, 77, 0, 1))
CLOUD = bytes((203, 0, 113, 10))
OTHER_CLOUD = bytes((198, 51, 100, 7))


@cache
def client_hello(name: str | None) -> bytes:
    """The first flight of Python's own TLS client."""
    context = ssl.create_default_context()
    context.check_hostname = name is not None
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def tcp(
    payload: bytes = b"", *, flags: int = ACK | PSH, seq: int = 1,
    src: bytes = HOME, dst: bytes = CLOUD, sport: int = 40_000, dport: int = 443,
) -> Packet:  # fmt: skip
    """A TCP segment."""
    return Packet(4, src, dst, TCP, sport, dport, flags, seq, payload, 40 + len(payload), len(payload))


def syn(*, seq: int = 0, src: bytes = HOME, dst: bytes = CLOUD, sport: int = 40_000, dport: int = 443) -> Packet:
    """A SYN."""
    return tcp(flags=SYN, seq=seq, src=src, dst=dst, sport=sport, dport=dport)


def udp(payload: bytes, *, src: bytes = HOME, dst: bytes = CLOUD, sport: int = 40_000, dport: int = 443) -> Packet:
    """A UDP datagram."""
    return Packet(4, src, dst, UDP, sport, dport, 0, 0, payload, 28 + len(payload), len(payload))


@dataclass(slots=True)
class Queue:
    """Numbers packets as the kernel's queue does."""

    mac: Mac = BELL
    _ids: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    def seen(
        self, packet: Packet, *, hook: Hook = Hook.FORWARD, mark: int = 0, to_lan: bool = False, mac: Mac | None = None
    ) -> PacketSeen:
        """The packet as an event."""
        sender = None if hook is Hook.ANSWER else (mac or self.mac)
        return PacketSeen(packet, hook, sender, mark, next(self._ids), to_lan)
