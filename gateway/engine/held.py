"""Packets that wait for their flow to be judged: in the kernel's queue, by their ids, within bounds."""

from gateway.model.event import Now, PacketSeen
from gateway.model.packet import FlowKey

from .flow import Flow

MAX_PACKETS = 64
MAX_BYTES = 16_384
MAX_S = 3.0
MAX_PACKETS_OF_DEVICE = 256


class Held:
    """Which flows hold packets, and how many each device does."""

    def __init__(self) -> None:
        self._flows: dict[FlowKey, Flow] = {}
        self._packets_of: dict[int, int] = {}
        """Device number -> packets held."""

    def __bool__(self) -> bool:
        return bool(self._flows)

    def add(self, flow: Flow, event: PacketSeen, now: Now) -> bool:
        """Hold one more packet of a flow; False: that was more than it, or its device, may hold."""
        if not flow.held:
            flow.held_since = now.mono
            self._flows[flow.table_key] = flow
        flow.held.append(event.queue_id)
        flow.held_bytes += event.packet.payload_length
        of_device = self._packets_of[flow.number] = self._packets_of.get(flow.number, 0) + 1
        return len(flow.held) <= MAX_PACKETS and flow.held_bytes <= MAX_BYTES and of_device <= MAX_PACKETS_OF_DEVICE

    def take(self, flow: Flow) -> tuple[list[int], int]:
        """(Ids of all it holds, in the order they came; their payload in bytes): it holds nothing any more."""
        if not flow.held:
            return [], 0
        ids, size = flow.held, flow.held_bytes
        flow.held, flow.held_bytes = [], 0
        self._packets_of[flow.number] -= len(ids)
        if self._flows.get(flow.table_key) is flow:
            del self._flows[flow.table_key]
        return ids, size

    def late(self, now: Now) -> list[Flow]:
        """Flows that have held packets for too long."""
        return [flow for flow in self._flows.values() if now.mono - flow.held_since > MAX_S]
