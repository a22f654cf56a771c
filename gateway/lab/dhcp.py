"""A gadget's DHCP client (RFC 2131): remembers its last lease (INIT-REBOOT) and starts over if it is refused."""

import os
import socket
import struct
import time
from dataclasses import dataclass
from ipaddress import ip_address

COOKIE = bytes.fromhex("63825363")
DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
SUBNET, ROUTER, RESOLVER, HOSTNAME, REQUESTED, KIND, SERVER, WANTED, VENDOR = 1, 3, 6, 12, 50, 53, 54, 55, 60
SO_BINDTODEVICE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What a DHCP server gave."""

    address: str
    prefix: int
    router: str
    resolver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks."""

    interface: str
    mac: bytes
    hostname: str
    vendor_class: str = ""

    def obtain(self, *, last: str = "", timeout_s: float = 12.0) -> Lease:
        """A lease; ``TimeoutError`` if nobody gave one."""
        deadline = time.monotonic() + timeout_s
        with self._open() as sock:
            wait_s = 0.1
            while time.monotonic() < deadline:
                answer = self._reboot(sock, last, wait_s) if last else self._discover(sock, wait_s)
                if answer is not None and answer[0] == ACK:
                    return _lease(answer[1], answer[2])
                if answer is not None and answer[0] == NAK:
                    last = ""
                wait_s = min(wait_s * 1.5, 4.0)
        raise TimeoutError(f"no DHCP lease on {self.interface}")

    def _open(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, self.interface.encode() + b"\0")
        sock.bind(("0.0.0.0", 68))
        return sock

    def _reboot(self, sock: socket.socket, last: str, wait_s: float) -> tuple[int, str, dict[int, bytes]] | None:
        return self._exchange(sock, REQUEST, {REQUESTED: ip_address(last).packed}, wait_s)

    def _discover(self, sock: socket.socket, wait_s: float) -> tuple[int, str, dict[int, bytes]] | None:
        offer = self._exchange(sock, DISCOVER, {}, wait_s)
        if offer is None or offer[0] != OFFER:
            return None
        options = {REQUESTED: ip_address(offer[1]).packed, SERVER: offer[2].get(SERVER, b"")}
        return self._exchange(sock, REQUEST, options, max(wait_s, 1.0))

    def _exchange(
        self, sock: socket.socket, kind: int, options: dict[int, bytes], wait_s: float
    ) -> tuple[int, str, dict[int, bytes]] | None:
        """Broadcast one message; kind, address and options of the answer to it."""
        transaction = os.urandom(4)
        sock.sendto(self._message(kind, transaction, options), ("255.255.255.255", 67))
        deadline = time.monotonic() + wait_s
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                data = sock.recv(2048)
            except TimeoutError:
                break
            if len(data) > 240 and data[0] == 2 and data[4:8] == transaction:
                answer = _options(data[240:])
                return answer.get(KIND, b"\0")[0], str(ip_address(data[16:20])), answer
        return None

    def _message(self, kind: int, transaction: bytes, options: dict[int, bytes]) -> bytes:
        broadcast = 0x8000  # we have no address to be answered at yet
        head = struct.pack("!BBBB4sHH16x6s10x192x4s", 1, 1, 6, 0, transaction, 0, broadcast, self.mac, COOKIE)
        own = {
            KIND: bytes([kind]),
            HOSTNAME: self.hostname.encode(),
            VENDOR: self.vendor_class.encode(),
            WANTED: bytes([SUBNET, ROUTER, RESOLVER]),
            **options,
        }
        body = b"".join(bytes([code, len(value)]) + value for code, value in own.items() if value)
        return head + body + b"\xff"


def _options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 1 < len(data) and data[at] != 0xFF:
        if data[at] == 0:
            at += 1
            continue
        length = data[at + 1]
        found[data[at]] = data[at + 2 : at + 2 + length]
        at += 2 + length
    return found


def _lease(address: str, options: dict[int, bytes]) -> Lease:
    mask = int.from_bytes(options.get(SUBNET, b"\xff\xff\xff\0"))
    router = str(ip_address(options[ROUTER][:4])) if ROUTER in options else ""
    resolver = str(ip_address(options[RESOLVER][:4])) if RESOLVER in options else router
    return Lease(address=address, prefix=mask.bit_count(), router=router, resolver=resolver)
