"""A small home on the real kernel: two stations behind a bridge, the gateway's ruleset and queue, and one server upstream.

``Home`` is built inside ``gateway.lab.namespace.inside``; a test gives it a judge, a plain function from a queued packet to the
verdicts it has for it. What left the house is read from a capture on the server's side.
"""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from struct import pack
from types import TracebackType
from typing import Any, Self, TypeVar

from gateway.edge.nfqueue import PacketQueue
from gateway.edge.nft import Nft
from gateway.edge.rawsend import RawSender
from gateway.edge.sysctl import Sysctls
from gateway.lab.namespace import Namespace
from gateway.model.command import RulesetPlan, SetVerdict
from gateway.model.device import Mac
from gateway.model.event import PacketSeen
from gateway.model.mark import FlowClass
from gateway.model.mark import pack as pack_mark
from gateway.model.packet import TCP, UDP, Packet
from gateway.ruleset import render
from gateway.wire import decode_ip

QUEUE = 7
BELL, PHONE = Mac("02:00:5e:10:00:01"), Mac("02:00:5e:10:00:aa")
BELL_NUMBER, PHONE_NUMBER = 1, 2
BELL4, PHONE4, BELL6, PHONE6 = "10.77.0.20", "10.77.0.30", "fd77::20", "fd77::30"
GATEWAY4, GATEWAY6, WAN4, WAN6 = "10.77.0.1", "fd77::1", "203.0.113.1", "2001:db8::1"
CLOUD4, CLOUD6 = "203.0.113.10", "2001:db8::10"
"""Upstream knows no way to the stations: what comes back proves the masquerade."""

Judge = Callable[[PacketSeen], Iterable[SetVerdict]]
T = TypeVar("T")


def mark(flow_class: FlowClass, *, device: int = BELL_NUMBER, epoch: int = 1, purpose: int = 1) -> int:
    """A mark as the engine would set it."""
    return pack_mark(device, epoch, purpose, flow_class)


def verdict(seen: PacketSeen, flow_class: FlowClass, **where: int) -> SetVerdict:
    """Let a packet go on as a class."""
    return SetVerdict(seen.queue_id, True, mark(flow_class, **where))


def pass_all(seen: PacketSeen) -> list[SetVerdict]:
    """The judge of those who have nothing to hide."""
    return [verdict(seen, FlowClass.PASS, device=PHONE_NUMBER if seen.mac == PHONE else BELL_NUMBER)]


class Home:
    """Machines, ruleset and judge; each test builds its own."""

    def __init__(self, judge: Judge | None = pass_all, *, originals: Path = Path("/run/sysctl.json"), **plan: Any) -> None:
        self.judge = judge
        self.seen: list[PacketSeen] = []
        self.plan = RulesetPlan(
            **{
                "lan": ("br0",), "wan": ("wan0",), "epoch": 1, "digest": "cafe", "native_queue": False, "queue": QUEUE,
                "owners": ((BELL, BELL_NUMBER), (PHONE, PHONE_NUMBER)), **plan,
            }
        )  # fmt: skip
        self.bell, self.phone, self.gateway, self.cloud = (Namespace(name) for name in ("bell", "phone", "gateway", "cloud"))
        self.sysctls = Sysctls(originals)
        self._parts = ExitStack()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._wire()
        with self.gateway.entered():
            self.sysctls.prepare()
            self.nft = Nft(queue=QUEUE, lan=("br0",))
            self.plan = replace(self.plan, native_queue=self.nft.native_queue)
            self.nft.load(render(self.plan))
            self.sysctls.forward(("br0",), ("wan0",))
            self.raw = RawSender()
        self._parts.callback(self.raw.close)
        with self.cloud.entered():
            self._wan = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self._wan.bind(("eth0", 0))
        self._wan.setblocking(False)
        self._parts.callback(self._wan.close)
        if self.judge is not None:
            self.listen()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.deafen()
        self._parts.close()
        if self.failure is not None and error is None:
            raise self.failure

    def _wire(self) -> None:
        for machine in (self.bell, self.phone, self.gateway, self.cloud):
            machine.sysctl(net__ipv6__conf__all__accept_dad=0, net__ipv6__conf__default__accept_dad=0)
        self.gateway.ip(
            "link add br0 address 02:00:5e:77:00:01 type bridge mcast_snooping 0",
            "link set br0 up",
            "addr add 10.77.0.1/24 dev br0",
            "addr add fd77::1/64 dev br0 nodad",
        )
        for station, address, v4, v6 in ((self.bell, BELL, BELL4, BELL6), (self.phone, PHONE, PHONE4, PHONE6)):
            port = f"p-{station.name}"
            self.gateway.ip(
                f"link add {port} type veth peer name eth0 address {address} netns {station.path}",
                f"link set {port} master br0 up",
                f"link set {port} type bridge_slave isolated on",
                peers=(station,),
            )
            self._address(station, v4, v6)
            station.ip("route add default via 10.77.0.1", "route add default via fd77::1")
        self.gateway.ip(
            f"link add wan0 type veth peer name eth0 address 02:00:5e:99:00:01 netns {self.cloud.path}",
            "link set wan0 up",
            f"addr add {WAN4}/24 dev wan0",
            f"addr add {WAN6}/64 dev wan0 nodad",
            peers=(self.cloud,),
        )
        self._address(self.cloud, CLOUD4, CLOUD6)

    def _address(self, machine: Namespace, v4: str, v6: str) -> None:
        machine.ip("link set eth0 up", f"addr add {v4}/24 dev eth0", f"addr add {v6}/64 dev eth0 nodad")

    def listen(self) -> None:
        """Start to judge, as a process that comes up."""
        ready = threading.Event()
        self._stop.clear()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(5)

    def deafen(self) -> None:
        """Stop to judge, as a process that dies: whatever is held is lost."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
            self._thread = None

    def _serve(self, ready: threading.Event) -> None:
        try:
            with self.gateway.entered():
                self.queue = PacketQueue(QUEUE, lan=("br0",))
                ready.set()
                try:
                    while not self._stop.is_set():
                        select.select([self.queue], [], [], 0.02)
                        for event in self.queue.receive():
                            assert isinstance(event, PacketSeen), event
                            self.seen.append(event)
                            assert self.judge is not None
                            for answer in self.judge(event):
                                self.queue.send(answer)
                finally:
                    self.queue.close()
        except BaseException as err:
            self.failure = err
            ready.set()

    def reload(self, **changes: Any) -> None:
        """Load the next generation."""
        self.plan = replace(self.plan, **changes)
        with self.gateway.entered():
            self.nft.load(render(self.plan))

    def wan(self, *protocols: int) -> list[Packet]:
        """What the server received since the last look; TCP and UDP where nothing else is asked for."""
        packets = (decode_ip(data) for data in self.wan_raw())
        return [packet for packet in packets if packet is not None and packet.proto in (protocols or (TCP, UDP))]

    def wan_raw(self) -> list[bytes]:
        """The same from the network layer up, as it was."""
        found = []
        while True:
            try:
                frame, (_, _, kind, _, _) = self._wan.recvfrom(70_000)
            except BlockingIOError:
                return found
            if kind != socket.PACKET_OUTGOING and frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
                found.append(frame[14:])

    @contextmanager
    def server(self, port: int, address: str = "::", *, machine: Namespace | None = None) -> Iterator[socket.socket]:
        """A listening socket upstream (or on ``machine``), for both families."""
        with (machine or self.cloud).entered():
            listener = socket.create_server((address, port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
        listener.settimeout(3)
        with listener:
            yield listener

    def connect(self, machine: Namespace, where: tuple[str, int], *, timeout_s: float = 3.0) -> socket.socket:
        """A TCP connection from a machine."""
        with machine.entered():
            return socket.create_connection(where, timeout=timeout_s)

    def datagrams(self, machine: Namespace, *, v6: bool = False, port: int = 0) -> socket.socket:
        """A UDP socket on a machine."""
        with machine.entered():
            made = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
            if v6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind(("", port))
        made.settimeout(1)
        return made

    def answer(self, port: int, *, machine: Namespace | None = None, answer: bytes = b"answer") -> None:
        """Answer every datagram to a port (of the gateway) alike: its first two bytes, as an id, then ``answer``."""
        listeners = [self.datagrams(machine or self.gateway, v6=v6, port=port) for v6 in (False, True)]

        def serve() -> None:
            while not self._stop.is_set():
                for ready in select.select(listeners, [], [], 0.02)[0]:
                    data, sender = ready.recvfrom(2048)
                    ready.sendto(data[:2] + answer, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self._parts.callback(lambda: [each.close() for each in listeners])
        self._parts.callback(thread.join, 2)
        self._parts.callback(self._stop.set)


def wait_for(condition: Callable[[], T], *, timeout_s: float = 2.0) -> T:
    """Poll until something is true; what it was at the end."""
    end = time.monotonic() + timeout_s
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.002)
    return value


def payloads(packets: Iterable[Packet]) -> bytes:
    """All transport payload, put together."""
    return b"".join(packet.payload for packet in packets)


def ip4(payload: bytes, *, proto: int, src: str, dst: str, options: bytes = b"") -> bytes:
    """An IPv4 packet; the kernel fills in the checksum."""
    words = 5 + len(options) // 4
    head = pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(payload), 0, 0, 64, proto, 0)
    return head + socket.inet_aton(src) + socket.inet_aton(dst) + options + payload


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def tcp4(
    payload: bytes, *, src: str, dst: str, ports: tuple[int, int], flags: int,
    options: bytes = b"", seq: int = 1000, ack: int = 0,
) -> bytes:  # fmt: skip
    """A TCP segment over IPv4 with its checksum."""
    size = 20 + len(options) + len(payload)
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + pack("!HH", 6, size)
    head = pack("!HHIIBBH", *ports, seq, ack, (5 + len(options) // 4) << 4, flags, 65_535)
    total = checksum(pseudo + head + b"\0\0\0\0" + options + payload)
    return ip4(head + pack("!HH", total, 0) + options + payload, proto=6, src=src, dst=dst)
