"""Flows whose packets are held until our resolver was asked for their name."""

from .flow import Flow

MAX_WAIT_S = 0.3
MAX_NAMES = 64
"""Asked for at the same time."""
MAX_FLOWS = 256


class Waiting:
    """Name -> the flows that wait for it. One question serves them all."""

    def __init__(self) -> None:
        self._flows: dict[str, dict[int, Flow]] = {}
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
        return self.has_room and len(self._flows) < MAX_NAMES

    def asks(self, name: str) -> bool:
        """Is it being asked for?"""
        return name in self._flows

    def holds(self, flow: Flow) -> bool:
        """Does it wait?"""
        return flow.id in self._since

    def join(self, flow: Flow, name: str, *, at: float) -> bool:
        """The flow waits for the name, if it does not yet; True: it is the first, so somebody has to ask."""
        is_new = name not in self._flows
        if flow.id not in self._since:
            self._flows.setdefault(name, {})[flow.id] = flow
            self._since[flow.id] = (at, name)
        return is_new

    def leave(self, name: str) -> list[Flow]:
        """The name was asked for: the flows that waited."""
        flows = list(self._flows.pop(name, {}).values())
        for flow in flows:
            del self._since[flow.id]
        return flows

    def expire(self, at: float) -> list[Flow]:
        """The flows that have waited too long."""
        late: list[Flow] = []
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

    def _take(self, flow_id: int, name: str) -> Flow:
        del self._since[flow_id]
        flows = self._flows[name]
        flow = flows.pop(flow_id)
        if not flows:
            del self._flows[name]
        return flow
