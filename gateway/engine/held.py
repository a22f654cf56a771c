"""Packets that wait for their flow to be judged: in the kernel's queue, by their ids, within bounds."""

from gateway.model.event import Now, PacketSeen

from .flow import Flow
from .share import Accounts, IsNamed

MAX_PACKETS = 64
MAX_BYTES = 16_384
MAX_S = 3.0
MAX_PACKETS_OF_DEVICE = 256


class Held:
    """Which flows hold packets, and how many each device does – or all together that nobody has named (``share``)."""

    def __init__(self, is_named: IsNamed) -> None:
        self._flows: dict[int, Flow] = {}
        """By id: whoever uses its ports again is another flow, and what it held is to be answered all the same."""
        self._counts: Accounts[_Count] = Accounts(is_named, _Count)
        self._counted: dict[int, tuple[_Count, ...]] = {}
        """Flow id -> where its packets count."""

    def __bool__(self) -> bool:
        return bool(self._flows)

    def add(self, flow: Flow, event: PacketSeen, now: Now) -> bool:
        """Hold one more packet of a flow; False: that was more than it, or its device, may hold."""
        if not flow.held:
            flow.held_since = now.mono
            self._flows[flow.id] = flow
            self._counted[flow.id] = self._counts.of(flow.ends[0].mac)
        flow.held.append(event.queue_id)
        flow.held_bytes += event.packet.payload_length
        has_room = len(flow.held) <= MAX_PACKETS and flow.held_bytes <= MAX_BYTES
        for count in self._counted[flow.id]:
            count.packets += 1
            has_room = has_room and count.packets <= count.most
        return has_room

    def take(self, flow: Flow) -> tuple[list[int], int]:
        """(Ids of all it holds, in the order they came; their payload in bytes): it holds nothing any more."""
        if not flow.held:
            return [], 0
        ids, size = flow.held, flow.held_bytes
        flow.held, flow.held_bytes = [], 0
        for count in self._counted.pop(flow.id):
            count.packets -= len(ids)
        del self._flows[flow.id]
        return ids, size

    def late(self, now: Now) -> list[Flow]:
        """Flows that have held packets for too long."""
        return [flow for flow in self._flows.values() if now.mono - flow.held_since > MAX_S]


class _Count:
    """Packets that one device holds, or several together."""

    __slots__ = ("most", "packets")

    def __init__(self, devices: int) -> None:
        self.most = devices * MAX_PACKETS_OF_DEVICE
        self.packets = 0
