"""A capture through the same tables and the same judgement: nobody waits for a verdict, and both directions are seen."""

from functools import lru_cache
from ipaddress import ip_address

from gateway.model.assessment import Evidence
from gateway.model.command import Command, Record
from gateway.model.device import Mac
from gateway.model.event import Now, PacketSeen
from gateway.model.mark import LOOKS
from gateway.model.packet import ACK, SYN, TCP, UDP, FlowKey, Packet, key_of
from gateway.purpose import classify, has_medium
from gateway.wire import parse_dns

from .counted import LEAST_BYTES, MEDIA, Counts
from .flow import Flow
from .look import first_look_of, media_bytes_of
from .report import record
from .state import State

IDLE_S = 300.0
DNS_PORT = 53
MOST_BYTES = max(LOOKS.values())


class Replay:
    """Feeds a capture's packets; a flow is recorded when it leaves the table."""

    def __init__(self, state: State, *, decides: bool) -> None:
        self._state = state
        self._decides = decides
        self._macs: dict[bytes, Mac] = {}
        """Address -> the MAC last seen sending from it, for captures that show it."""
        self._looks: dict[int, list[tuple[int, Counts]]] = {}
        """Flow's id -> the looks that the kernel would have taken: direction, and the bytes that way and back by then."""

    def handle(self, event: PacketSeen, now: Now) -> list[Command]:
        """One packet of a capture."""
        packet = event.packet
        key = key_of(packet)
        flow = self._state.flows.get(key) or self._state.flows.get(key.reversed())
        commands: list[Command] = []
        if flow is not None and self._starts_anew(flow, packet):
            commands += self.leave(flow)
            flow = None
        if flow is None:
            flow = self._begin(key, event, now)
            evicted = self._state.flows.add(flow)
            commands += self.leave(evicted) if evicted else []
        direction = 0 if key == flow.table_key else 1
        self._state.flows.touch(flow, now.mono)
        self._count(flow, packet, event, direction)
        if packet.sport == DNS_PORT and packet.payload:
            self._bind(event, now)
        if packet.payload and not (flow.reader is not None and flow.settled):
            self._read(flow, packet, direction, now)
        return commands

    def expire(self, now: Now) -> list[Command]:
        """Record the flows that have been idle for long in the capture's own time."""
        commands: list[Command] = []
        while (flow := self._state.flows.oldest()) is not None and now.mono - flow.touched > IDLE_S:
            commands += self.leave(flow)
        return commands

    def finish(self) -> list[Command]:
        """The capture ended: record all flows, in the order they began."""
        flows = sorted(self._state.flows, key=lambda flow: flow.id)
        return [command for flow in flows for command in self.leave(flow)]

    def leave(self, flow: Flow) -> list[Command]:
        """Judge a flow for the last time, and let it go."""
        self._state.flows.remove(flow)
        self._judge(flow, Now(flow.touched, flow.touched))
        return [Record(record(flow))]

    @staticmethod
    def _starts_anew(flow: Flow, packet: Packet) -> bool:
        """The same ports opened again: a SYN with another sequence number."""
        return packet.proto == TCP and packet.flags & (SYN | ACK) == SYN and flow.isn not in (-1, packet.seq)

    def _begin(self, key: FlowKey, event: PacketSeen, now: Now) -> Flow:
        packet = event.packet
        flow = Flow(
            flow_id=self._state.new_id(),
            key=key if _is_group(event.peer_mac) else _from_initiator(key, packet),
            device=self._state.roster.stranger,
            number=0,
            wall=now.wall,
            mono=now.mono,
        )
        flow.table_key = key
        if packet.proto == TCP and packet.flags & SYN:
            flow.syn_seen = True
            flow.isn = -1 if packet.flags & ACK else packet.seq
        return flow

    def _count(self, flow: Flow, packet: Packet, event: PacketSeen, direction: int) -> None:
        if event.mac is not None:
            flow.macs[direction] = event.mac
            self._macs[packet.src] = event.mac
            if len(self._macs) > 65_536:
                self._macs.clear()
        if flow.macs[1 - direction] is None:
            flow.macs[1 - direction] = event.peer_mac
        sent = flow.bytes_in if direction else flow.bytes_out
        if sent < MOST_BYTES and sent + packet.length > LEAST_BYTES:
            self._note_looks(flow, sent, packet.length, direction)
        if direction == 0:
            flow.bytes_out += packet.length
            flow.pkts_out += 1
        else:
            flow.bytes_in += packet.length
            flow.pkts_in += 1

    def _note_looks(self, flow: Flow, sent: int, length: int, direction: int) -> None:
        """A packet that no longer fits is held and asked about: so many bytes went before it, and no more."""
        received = flow.bytes_out if direction else flow.bytes_in
        crossed = [Counts(size, received) for size in LOOKS.values() if sent <= size < sent + length]
        self._looks.setdefault(flow.id, []).extend((direction, counts) for counts in crossed)

    def _read(self, flow: Flow, packet: Packet, direction: int, now: Now) -> None:
        if packet.proto not in (TCP, UDP) and flow.other is not None and flow.other.done:
            return
        flow.read(packet, direction, scapy=_always)
        if flow.reader is not None and flow.reader.hello_from is not None and not flow.syn_seen:
            flow.key = flow.table_key if flow.reader.hello_from == 0 else flow.table_key.reversed()
        flow.dirty = True

    def _bind(self, event: PacketSeen, now: Now) -> None:
        message = parse_dns(event.packet.payload)
        if message is None or not message.is_response or message.question is None:
            return
        client = event.packet.dst
        device = self._macs.get(client) or client.hex()
        self._state.bindings.add(device, message.addresses, message.question.name, at=now.mono)
        if device != client.hex():
            self._state.bindings.add(client.hex(), message.addresses, message.question.name, at=now.mono)

    def _judge(self, flow: Flow, now: Now) -> None:
        inner, mac, other = self._private_side(flow)
        remote, address = (flow.key.dst, flow.key.src) if inner == 0 else (flow.key.src, flow.key.dst)
        flow.device = self._state.roster.describe(mac) if mac else self._state.roster.stranger
        flow.inbound, flow.local = inner == 1, is_home(remote)
        if flow.local:
            flow.peer = self._state.roster.describe(other) if other else self._state.roster.stranger
        if flow.key != flow.table_key:
            flow.bytes_out, flow.bytes_in = flow.bytes_in, flow.bytes_out
            flow.pkts_out, flow.pkts_in = flow.pkts_in, flow.pkts_out
        wall = Now(flow.touched, flow.started_wall)
        names = self._state.bound_names(mac or address.hex(), remote, wall) or self._state.bound_names(
            address.hex(), remote, wall
        )
        flow.candidates = flow.facts.names + names
        evidence = Evidence(
            profile=flow.device.profile,
            vendor=flow.device.vendor,
            family=flow.device.family,
            facts=flow.facts,
            names=flow.candidates,
            address=remote,
            port=flow.key.dport,
            proto=flow.key.proto,
            local=flow.local,
            bytes_out=flow.bytes_out,
            bytes_in=flow.bytes_in,
            media_bytes=media_bytes_of(self._state.policy, flow.device),
        )
        flow.evidence = evidence = self._as_looked_at(flow, evidence)
        if self._decides:
            flow.assessment, flow.decision = self._state.judge(evidence, flow, wall)
        else:
            flow.assessment = classify(self._state.policy.catalogue, evidence)

    def _as_looked_at(self, flow: Flow, evidence: Evidence) -> Evidence:
        """With the bytes of the look that made pictures or sound of it, by which it would have been judged; else with all."""
        upwards = int(flow.key != flow.table_key)
        first = first_look_of(evidence.media_bytes)
        for direction, counts in self._looks.pop(flow.id, ()):
            if direction != upwards or counts.out < first or evidence.local or not has_medium(evidence.family):
                continue
            looked_at = evidence._replace(bytes_out=counts.out, bytes_in=counts.into)
            if classify(self._state.policy.catalogue, looked_at).purpose in MEDIA:
                return looked_at
        return evidence

    def _private_side(self, flow: Flow) -> tuple[int, Mac | None, Mac | None]:
        """(0 initiator or 1 responder, its MAC, the other's): the side in the home, the initiator if both or neither are."""
        side = 1 if is_home(flow.key.dst) and not is_home(flow.key.src) else 0
        place = side if flow.key == flow.table_key else 1 - side
        return side, flow.macs[place], flow.macs[1 - place]


def _from_initiator(key: FlowKey, packet: Packet) -> FlowKey:
    """SYN: its sender; SYN+ACK: its receiver; else whoever has the higher port."""
    if packet.proto == TCP and packet.flags & SYN:
        return key.reversed() if packet.flags & ACK else key
    if packet.proto in (TCP, UDP) and packet.sport < packet.dport:
        return key.reversed()
    return key


def _always() -> bool:
    """Nobody waits for a capture."""
    return True


def _is_group(mac: Mac | None) -> bool:
    """A multicast or broadcast frame: nobody answers by it, so its sender began (IEEE 802, I/G bit)."""
    return mac is not None and int(mac[:2], 16) & 1 == 1


@lru_cache(maxsize=65_536)
def is_home(address: bytes) -> bool:
    """A private, link-local, multicast or broadcast address: it stays in the home."""
    parsed = ip_address(address)
    return (parsed.is_private and not _is_documentation(address)) or parsed.is_multicast or parsed.is_unspecified


def _is_documentation(address: bytes) -> bool:
    """Documentation prefixes (RFC 5737, 3849, 9637) count as the internet: examples and test homes use them so."""
    return address[:3] in (b"\xc0\x00\x02", b"\xc6\x33\x64", b"\xcb\x00\x71") or (
        len(address) == 16 and (address[:4] == b"\x20\x01\x0d\xb8" or address[:2] == b"\x3f\xff")
    )
