"""What a gadget can do that its own kernel would not: raw frames, and TCP from a program, segment by segment.

It runs in the gadget's process and network namespace. The kernel there never sees the answers to ``PORTS``, so it resets
nothing, and complains of nothing, that it did not open itself.
"""

import itertools
import os
import select
import socket
import struct
import subprocess
import time
from collections.abc import Iterable
from typing import Any

from gateway.model.device import mac_to_bytes

from . import frame
from .topology import CURTAIN4, CURTAIN6, GATEWAY_LAN_MAC

INTERFACE = "eth0"
PORTS = range(61000, 65536)
"""Above what a kernel gives its own sockets."""
QUIET = f"""\
table inet quiet {{
  chain quiet {{
    type filter hook prerouting priority raw; policy accept;
    meta l4proto {{ tcp, udp }} th dport {PORTS[0]}-{PORTS[-1]} drop
  }}
}}
"""
ETH_P_ALL = 3


class Attacker:
    """One gadget's hold on its cable."""

    def __init__(self) -> None:
        subprocess.run(["nft", "-f", "-"], input=QUIET.encode(), check=True)
        self._cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._cable.bind((INTERFACE, 0))
        self.mac = self._cable.getsockname()[4].hex(":")
        self.address4 = _own_address(CURTAIN4.format(1))
        self.address6 = _own_address(CURTAIN6.format(1))
        self.gateway_mac = GATEWAY_LAN_MAC
        self.gateway4, self.gateway6 = CURTAIN4.format(1), CURTAIN6.format(1)
        self._ports = itertools.cycle(PORTS)
        self._ears: list[socket.socket] = []
        self.kept: dict[bytes, Any] = {}
        """What a case that is played twice holds on to, by its token."""

    def own(self, dst: str) -> str:
        """Its address of the destination's family."""
        return self.address6 if ":" in dst else self.address4

    def port(self) -> int:
        """A source port that was not used lately."""
        return next(self._ports)

    def send_frame(self, data: bytes) -> None:
        """These very bytes."""
        self._cable.send(data)

    def send_ethernet(
        self, payload: bytes, kind: int, *, dst: str = "", src: str = "", tags: Iterable[tuple[int, int]] = ()
    ) -> None:
        """A frame; to the gateway and from itself unless told otherwise."""
        self.send_frame(frame.ethernet(payload, dst=dst or self.gateway_mac, src=src or self.mac, kind=kind, tags=tags))

    def send_ip(self, packet: bytes, *, trailer: bytes = b"", tags: Iterable[tuple[int, int]] = (), dst: str = "") -> None:
        """An IP packet by way of the gateway; ``trailer``: bytes of the frame behind it."""
        kind = frame.ETH_IPV6 if packet[0] >> 4 == 6 else frame.ETH_IPV4
        self.send_ethernet(packet + trailer, kind, tags=tags, dst=dst)

    def send_udp(self, data: bytes, dst: str, dport: int, *, sport: int = 0, src: str = "", **fields: Any) -> None:
        """A datagram of its own making."""
        src = src or self.own(dst)
        datagram = frame.udp(data, src=src, dst=dst, sport=sport or self.port(), dport=dport, **fields)
        self.send_ip(frame.ip(datagram, src=src, dst=dst, proto=frame.UDP))

    def listen(self) -> socket.socket:
        """Everything that arrives from now on; ``hang_up`` when it is enough."""
        if self._ears:
            ear = self._ears.pop()
            _drain(ear)
            return ear
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        opened.bind((INTERFACE, ETH_P_ALL))
        opened.setblocking(False)
        return opened

    def hang_up(self, ear: socket.socket) -> None:
        """Kept for the next one: the kernel takes long to close such a socket."""
        self._ears.append(ear)

    def stream(self, dst: str, dport: int = 443, **options: Any) -> "Stream":
        """A TCP connection that is not open yet."""
        return Stream(self, dst, dport, **options)


class Stream:
    """TCP from a program: it sends what it is told, where it is told, and acknowledges what comes."""

    def __init__(self, attacker: Attacker, dst: str, dport: int, *, sport: int = 0, ttl: int = 64, src: str = "") -> None:
        self._attacker = attacker
        self.src, self.dst = src or attacker.own(dst), dst
        self.sport, self.dport = sport or attacker.port(), dport
        self.ttl = ttl
        self.first = int.from_bytes(os.urandom(4))
        """Sequence number of its SYN; the payload begins one later."""
        self.ack = 0
        self.greeted = 0
        """What the other side acknowledged when it answered the SYN: where it says that the payload begins."""
        self.sent_bytes = 0
        """Up to where payload was sent in order."""
        self.received = b""
        self.reset = False
        self.parted = False
        """The other side said goodbye."""
        self.closed = False
        self._ear = attacker.listen()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def segment(self, data: bytes = b"", *, at: int | None = None, flags: int = frame.PSH | frame.ACK, **fields: Any) -> bytes:
        """An IP packet with ``data`` at that offset of the stream (default: where the last one in order ended)."""
        seq = self.first + (0 if flags & frame.SYN else 1 + (self.sent_bytes if at is None else at))
        fields.setdefault("ack", self.ack if flags & frame.ACK else 0)
        ends = frame.between(src=self.src, dst=self.dst, sport=self.sport, dport=self.dport)
        body = frame.tcp(data, **ends, seq=seq, flags=flags, **fields)
        return frame.ip(body, src=self.src, dst=self.dst, proto=frame.TCP, ttl=self.ttl)

    def send(self, data: bytes, *, at: int | None = None, flags: int = frame.PSH | frame.ACK, **fields: Any) -> None:
        """One segment on its way."""
        self._attacker.send_ip(self.segment(data, at=at, flags=flags, **fields))
        if at is None and not flags & frame.SYN:
            self.sent_bytes += len(data)

    def connect(self, data: bytes = b"", *, options: bytes = frame.MSS, timeout_s: float = 1.0) -> bool:
        """The handshake, with ``data`` in the SYN; did the other side answer?"""
        self.send(data, flags=frame.SYN, options=options)
        self.read(timeout_s, until=lambda: bool(self.ack) or self.reset)
        return bool(self.ack) and not self.reset

    def write(self, data: bytes, *, size: int = 1400, every_s: float = 0.0) -> None:
        """All of it in order, in segments of that size."""
        for begin in range(0, len(data), size):
            self.send(data[begin : begin + size])
            time.sleep(every_s)

    def read(self, timeout_s: float = 0.3, *, until: Any = None) -> bytes:
        """Take and acknowledge what comes in that time, or until something holds; all that was received so far."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0 and not self.reset and not (until and until()):
            if select.select([self._ear], [], [], left)[0]:
                self._take(self._ear.recv(65_536))
        return self.received

    def part(self) -> bool:
        """Say goodbye, and wait for the other side's; did it come?"""
        self.send(b"", flags=frame.FIN | frame.ACK)
        self.sent_bytes += 1
        self.read(1.0, until=lambda: self.parted)
        return self.parted

    def close(self) -> None:
        """End it with a reset, unless it has ended."""
        if self.ack and not self.reset and not self.closed and not self.parted:
            self.send(b"", flags=frame.RST | frame.ACK)
        if not self.closed:
            self._attacker.hang_up(self._ear)
        self.closed = True

    def _take(self, data: bytes) -> None:
        segment = _segment_for(data, self)
        if segment is None:
            return
        seq, ack, flags, payload = segment
        if flags & frame.RST:
            self.reset = True
        elif flags & frame.SYN:
            self.ack, self.greeted = seq + 1, ack
            self.send(b"", flags=frame.ACK)
        elif (payload or flags & frame.FIN) and seq == self.ack % 2**32:
            self.parted = bool(flags & frame.FIN)
            self.ack = seq + len(payload) + self.parted
            self.received += payload
            self.send(b"", flags=frame.ACK)


def _segment_for(data: bytes, stream: Stream) -> tuple[int, int, int, bytes] | None:
    """Sequence and acknowledgement number, flags and payload of a segment of the other side."""
    kind = int.from_bytes(data[12:14])
    if kind == frame.ETH_IPV4:
        size = (data[14] & 15) * 4
        ends, proto, segment = data[26:34], data[23], data[14 + size : 14 + int.from_bytes(data[16:18])]
    elif kind == frame.ETH_IPV6:
        ends, proto, segment = data[22:54], data[20], data[54 : 54 + int.from_bytes(data[18:20])]
    else:
        return None
    if proto != frame.TCP or ends != frame.packed(stream.dst) + frame.packed(stream.src) or len(segment) < 20:
        return None
    sport, dport, seq, ack, words, flags = struct.unpack("!HHIIBB", segment[:14])
    if (sport, dport) != (stream.dport, stream.sport):
        return None
    return seq, ack, flags, segment[(words >> 4) * 4 :]


def _drain(ear: socket.socket) -> None:
    try:
        while True:
            ear.recv(65_536)
    except BlockingIOError:
        return


def _own_address(gateway: str) -> str:
    family = socket.AF_INET6 if ":" in gateway else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((gateway, 9))
        return str(probe.getsockname()[0])


def impersonate(attacker: Attacker, addresses: tuple[str, str], *, for_s: float) -> tuple[int, int]:
    """Say to the gateway, over and over, that these addresses are here: how often, and how many bytes for them came."""
    four, six = addresses
    ear, until, told, received = attacker.listen(), time.monotonic() + for_s, 0, 0
    gateway = (attacker.gateway_mac, attacker.gateway4)
    claims = [(frame.arp(kind=kind, sender=(attacker.mac, four), target=gateway), frame.ETH_ARP) for kind in (1, 2)]
    ends = frame.between(src=six, dst=attacker.gateway6)
    body = frame.packed(six) + b"\x02\x01" + mac_to_bytes(attacker.mac)
    advert = frame.icmp6(136, 0, b"\x60\0\0\0", body, **ends)
    claims.append((frame.ipv6(advert, **ends, proto=frame.ICMPV6, ttl=255), frame.ETH_IPV6))
    while time.monotonic() < until:
        for payload, kind in claims:
            attacker.send_ethernet(payload, kind)
        told += 1
        while select.select([ear], [], [], 0.02)[0]:
            received += _meant_for(ear.recv(65_536), attacker, addresses)
    attacker.hang_up(ear)
    return told, received


def _meant_for(data: bytes, attacker: Attacker, addresses: tuple[str, str]) -> int:
    if data[:6] != mac_to_bytes(attacker.mac):
        return 0
    kind, own = int.from_bytes(data[12:14]), {frame.packed(address) for address in addresses}
    if kind == frame.ETH_IPV4 and data[30:34] in own:
        return len(data) - 34
    return len(data) - 54 if kind == frame.ETH_IPV6 and data[38:54] in own and data[20] != frame.ICMPV6 else 0
