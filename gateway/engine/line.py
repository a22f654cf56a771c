"""One line in the ledger for all tries of the same thing: what is asked again and again is told once, with a count."""

from gateway.model.assessment import Assessment, Evidence
from gateway.model.decision import Decision
from gateway.model.device import Mac
from gateway.model.event import Now
from gateway.model.facts import Facts
from gateway.model.packet import FlowKey

from .flow import Flow
from .roster import Member
from .state import State

MAX_LINES = 1_024


class Lines:
    """The lines that are still being written to; the oldest leave first."""

    def __init__(self, state: State, *, pause_s: float, longest_s: float = 86_400.0) -> None:
        """A try after ``pause_s`` of silence begins a new line, and so does the first one after ``longest_s``."""
        self._state = state
        self._pause_s = pause_s
        self._longest_s = longest_s
        self._open: dict[tuple[str, ...], tuple[Flow, float]] = {}
        """(device, what) -> its line, and when it began."""
        state.keepers.append(self.forget_device)

    def count(
        self,
        member: Member,
        what: tuple[str, ...],
        judged: tuple[Assessment, Decision],
        now: Now,
        *,
        key: FlowKey,
        facts: Facts,
        evidence: Evidence,
        refused_bytes: int = 0,
    ) -> None:
        """One more try. ``key``: the 5-tuple that a new line shows; ``evidence``: what it was judged by."""
        place = (member.device.mac, *what)
        flow, began = self._open.get(place, (None, 0.0))
        if flow is None or now.mono - flow.touched > self._pause_s or now.mono - began > self._longest_s:
            flow = self._begin(place, member, now, key=key)
        else:
            flow.attempts += 1
        flow.touched = now.mono
        flow.facts = facts
        flow.assessment, flow.decision = judged
        flow.evidence = evidence
        flow.refused_bytes += refused_bytes
        self._state.unreported.append(flow)

    def forget_device(self, mac: Mac) -> None:
        """It tried nothing."""
        for place in [place for place in self._open if place[0] == mac]:
            del self._open[place]

    def forget(self, now: Now) -> None:
        """Take out the lines that nothing will be added to."""
        for place in [place for place, (flow, _) in self._open.items() if now.mono - flow.touched > self._pause_s]:
            del self._open[place]

    def _begin(self, place: tuple[str, ...], member: Member, now: Now, *, key: FlowKey) -> Flow:
        flow = Flow(
            flow_id=self._state.new_id(), key=key, device=member.device, number=member.number, wall=now.wall, mono=now.mono
        )
        self._open.pop(place, None)
        if len(self._open) >= MAX_LINES:
            del self._open[next(iter(self._open))]
        self._open[place] = (flow, now.mono)
        return flow
