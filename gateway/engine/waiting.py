"""Flows whose packets are held until our resolver was asked for their name."""

from typing import NamedTuple

from gateway.model.event import PacketSeen

from .flow import Flow

MAX_WAIT_S = 0.3
MAX_NAMES = 64
"""Asked for at the same time."""
MAX_FLOWS = 256


class Waiter(NamedTuple):
    """Who waits."""

    flow: Flow
    event: PacketSeen
    """The packet that made the name known; it is held, like all that follow."""


class Waiting:
    """Name -> the flows that wait for it. One question serves them all."""

    def __init__(self) -> None:
        self._waiters: dict[str, dict[int, Waiter]] = {}
        self._since: dict[int, tuple[float, str]] = {}
        """Flow id -> (since when, its name), longest first."""

    def __len__(self) -> int:
        return len(self._since)

    @property
    def has_room(self) -> bool:
        """Another flow may wait."""
        return len(self._since) < MAX_FLOWS

    @property
    def has_room_for_names(self) -> bool:
        """Another name may be asked for."""
        return self.has_room and len(self._waiters) < MAX_NAMES

    def asks(self, name: str) -> bool:
        """Is it being asked for?"""
        return name in self._waiters

    def holds(self, flow: Flow) -> bool:
        """Does it wait?"""
        return flow.id in self._since

    def join(self, flow: Flow, event: PacketSeen, name: str, *, at: float) -> bool:
        """The flow waits for the name, if it does not yet; True: it is the first, so somebody has to ask."""
        is_new = name not in self._waiters
        if flow.id not in self._since:
            self._waiters.setdefault(name, {})[flow.id] = Waiter(flow, event)
            self._since[flow.id] = (at, name)
        return is_new

    def leave(self, name: str) -> list[Waiter]:
        """The name was asked for: all who waited."""
        waiters = list(self._waiters.pop(name, {}).values())
        for waiter in waiters:
            del self._since[waiter.flow.id]
        return waiters

    def expire(self, at: float) -> list[Waiter]:
        """Who has waited too long."""
        late: list[Waiter] = []
        while self._since:
            flow_id, (since, name) = next(iter(self._since.items()))
            if at - since < MAX_WAIT_S:
                break
            late.append(self._take(flow_id, name))
        return late

    def forget(self, flow: Flow) -> None:
        """It waits no longer."""
        if flow.id in self._since:
            self._take(flow.id, self._since[flow.id][1])

    def _take(self, flow_id: int, name: str) -> Waiter:
        del self._since[flow_id]
        waiters = self._waiters[name]
        waiter = waiters.pop(flow_id)
        if not waiters:
            del self._waiters[name]
        return waiter
