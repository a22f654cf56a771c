"""What really left the home: read from the lab's own captures, on both sides of the gateway.

The gateway masquerades, so a frame on its WAN cable does not say whose it is. It is told by what translation cannot change:
for TCP the initial sequence number towards that server, for everything else the payload itself. What on the WAN matches
nothing any gadget sent is the gateway's own (its resolver, its clock) or, if it is neither, ``unattributed``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from gateway.edge.pcap import CaptureError, read_capture
from gateway.model.device import Mac
from gateway.model.packet import ACK, ICMP, ICMPV6, SYN, TCP, UDP, FlowKey, Packet, key_of
from gateway.wire import FlowReader, decode_ip

ETHERTYPES = (b"\x08\x00", b"\x86\xdd")
OWN_PORTS = {(UDP, 53), (TCP, 53), (UDP, 123)}
UNREACHABLE = {(ICMP, 3), (ICMPV6, 1)}
"""(protocol, type)."""
HALF = 1 << 31


class Seen(NamedTuple):
    """One IP packet of a capture."""

    at: float
    source: Mac
    packet: Packet


class Sender(NamedTuple):
    """Whose flow it is, and how it looks inside the home."""

    actor: str
    key: FlowKey


@dataclass(slots=True)
class WanFlow:
    """One flow on the WAN cable, outward."""

    key: FlowKey
    started: float
    sender: Sender | None = None
    sent: list[tuple[float, int]] = field(default_factory=list)
    """(when, payload bytes not seen before)."""
    name: str | None = None
    ended: float = 0.0
    """When its last packet was seen."""
    _covered: list[tuple[int, int]] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)
    _base: int = 0
    _reader: FlowReader | None = None

    @property
    def payload_bytes(self) -> int:
        """All of it, retransmissions once."""
        return sum(size for _, size in self.sent)

    def bytes_between(self, since: float, until: float = float("inf")) -> int:
        """What left in that span of wall time."""
        return sum(size for at, size in self.sent if since <= at < until)

    def add(self, seen: Seen) -> None:
        """Count one packet, and read the name it may carry."""
        packet = seen.packet
        self.ended = seen.at
        fresh = self._fresh_bytes(packet)
        if fresh:
            self.sent.append((seen.at, fresh))
        if self._reader is None:
            self._reader = FlowReader(packet.proto, packet.dport)
        self._reader.feed(packet, 0)
        if self.name is None and self._reader.facts.names:
            self.name = self._reader.facts.names[0].text

    def _fresh_bytes(self, packet: Packet) -> int:
        if packet.proto != TCP:
            if not packet.payload_length or packet.payload in self._seen:
                return 0
            self._seen.add(packet.payload)
            return packet.payload_length
        if packet.flags & SYN:
            self._base = packet.seq
        begin = (packet.seq - self._base + HALF) % (1 << 32) - HALF + (1 if packet.flags & SYN else 0)
        return self._cover(begin, begin + packet.payload_length)

    def _cover(self, begin: int, end: int) -> int:
        """Bytes of [begin, end) that no earlier segment carried."""
        if begin >= end:
            return 0
        touching = [span for span in self._covered if span[0] <= end and begin <= span[1]]
        before = sum(high - low for low, high in touching)
        low, high = min(begin, *(s[0] for s in touching), begin), max(end, *(s[1] for s in touching), end)
        self._covered = [span for span in self._covered if span not in touching] + [(low, high)]
        return high - low - before


def read_frames(path: Path) -> Iterator[Seen]:
    """The IP packets of an Ethernet capture; one that is still being written ends where it ends."""
    try:
        for captured in read_capture(path):
            frame = captured.data
            packet = decode_ip(frame[14:]) if frame[12:14] in ETHERTYPES else None
            if packet is not None:
                yield Seen(captured.at, Mac(frame[6:12].hex(":")), packet)
    except CaptureError:
        return


def _signature(packet: Packet) -> tuple[object, ...]:
    if packet.proto == TCP:
        return packet.proto, packet.dst, packet.dport, packet.seq
    return packet.proto, packet.dst, packet.dport if packet.proto == UDP else 0, packet.payload


def _opens(packet: Packet) -> bool:
    return packet.proto != TCP or packet.flags & (SYN | ACK) == SYN


class Truth:
    """The flows that reached the internet, and whose they were."""

    def __init__(self, flows: Iterable[WanFlow]) -> None:
        self.flows = tuple(flows)

    def of(self, actor: str) -> tuple[WanFlow, ...]:
        """The flows of one gadget or phone."""
        return tuple(flow for flow in self.flows if flow.sender and flow.sender.actor == actor)

    def bytes_to(self, *addresses: str, actor: str = "", since: float = 0.0, until: float = float("inf")) -> int:
        """Payload that left for these addresses."""
        wanted = {ip_address(address).packed for address in addresses}
        flows = self.of(actor) if actor else self.flows
        return sum(flow.bytes_between(since, until) for flow in flows if flow.key.dst in wanted)

    def by_purpose(self, purpose_of: Callable[[WanFlow], str]) -> dict[str, int]:
        """Payload of gadgets and phones by purpose; what belongs to nobody is ``unattributed``."""
        totals: Counter[str] = Counter()
        for flow in self.flows:
            if flow.payload_bytes:
                totals[purpose_of(flow) if flow.sender else "unattributed"] += flow.payload_bytes
        return dict(sorted(totals.items()))


def read_truth(wan: Path, lan: Mapping[str, tuple[Path, Mac]], *, gateway_mac: Mac, resolver: Iterable[str]) -> Truth:
    """Compare both sides. ``lan``: each actor's capture and MAC; ``resolver``: whom the gateway itself asks names."""
    senders: dict[tuple[object, ...], list[tuple[float, Sender]]] = {}
    for actor, (path, mac) in lan.items():
        for seen in read_frames(path):
            if seen.source == mac and _opens(seen.packet):
                senders.setdefault(_signature(seen.packet), []).append((seen.at, Sender(actor, key_of(seen.packet))))
    own = {ip_address(address).packed for address in resolver}
    flows: dict[FlowKey, WanFlow] = {}
    done: list[WanFlow] = []
    for seen in read_frames(wan):
        if seen.source != gateway_mac or _stays(seen.packet):
            continue
        key = key_of(seen.packet)
        flow = flows.get(key)
        if flow is None or (seen.packet.proto == TCP and _reopened(flow, seen.packet)):
            done += [flow] if flow else []
            flow = flows[key] = WanFlow(key, seen.at)
        if flow.sender is None and _opens(seen.packet):
            flow.sender = _latest(senders.get(_signature(seen.packet), ()), seen.at)
        flow.add(seen)
    return Truth(flow for flow in (*done, *flows.values()) if not _is_gateways_own(flow, own))


def _latest(candidates: Iterable[tuple[float, Sender]], at: float) -> Sender | None:
    """Whoever sent it last before it was seen outside."""
    return max((pair for pair in candidates if pair[0] <= at + 0.001), default=(0.0, None), key=lambda pair: pair[0])[1]


def _reopened(flow: WanFlow, packet: Packet) -> bool:
    """The ports are used again: another first number, or the same one after something was said."""
    return _opens(packet) and (packet.seq != flow._base or bool(flow.sent))


def _stays(packet: Packet) -> bool:
    """Traffic within the old network: neighbour discovery, its router."""
    address = ip_address(packet.dst)
    return (
        address.is_multicast
        or packet.dst[:3] == bytes((192, 168, 178))
        or packet.dst[:8] == ip_address("2001:db8:178::").packed[:8]
        or address.is_link_local
    )


def _is_gateways_own(flow: WanFlow, resolvers: set[bytes]) -> bool:
    """The gateway's own questions to its resolver and clock; nothing else may hide behind its address.

    An answer that comes twice meets a closed port: the kernel's "unreachable" then quotes that answer back to the resolver.
    """
    key = flow.key
    asks = (key.proto, key.dport) in OWN_PORTS or (key.proto, key.sport) in UNREACHABLE
    return flow.sender is None and key.dst in resolvers and asks
