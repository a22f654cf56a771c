"""Cameras that want to send and may not, and who began that: the device, which reported something first, or perhaps a viewer.

All tries without a long pause between them are one story, and it is told once. What began without a viewer stays so: tries come
with commands of their own, so nobody could tell a viewer who joins later.
"""

from collections.abc import Callable, Iterator

from gateway.model.device import Mac
from gateway.model.event import Now
from gateway.model.purpose import Purpose
from gateway.purpose import Beginner, Beginning, Context, who_began

from .flow import Flow

WANT_S = 20.0
"""A camera that was refused wants to send for so long,"""
PAUSE_S = 10.0
"""and begins anew after so long a silence."""
REPORT_S = 10.0
"""A report so short a time before makes it the device's story."""
COUNTED_WITHIN_S = 3.0
"""The counters are waited for so long: they show what was said on connections that are open already."""
LATEST_S = 1.5
"""What was heard so long after the first try may have come before it: the counters are a second late."""
MAX_WANTS = 256
NOBODY = Beginning(Beginner.NOBODY)

Until = Callable[[Flow, float], Context]
"""What the device of a flow did until a moment."""


class Want:
    """The tries of one camera."""

    __slots__ = ("first", "flow", "last", "story")

    def __init__(self, flow: Flow, at: float) -> None:
        self.flow = flow
        self.first = self.last = at
        self.story: Beginning | None = None
        """None: it is not known yet."""


class Wants:
    """Those that are going on."""

    def __init__(self, until: Until) -> None:
        self._until = until
        self._wants: dict[Mac, Want] = {}
        self._walked_at = float("-inf")

    def __iter__(self) -> Iterator[tuple[Mac, Want]]:
        return iter(tuple(self._wants.items()))

    def note(self, flow: Flow, now: Now) -> None:
        """A camera was refused: a try, unless it only goes on with what passed until now."""
        if flow.passed:
            return
        mac = flow.device.mac
        want = self._wants.get(mac)
        if want is None or now.mono - want.last > PAUSE_S:
            self._wants.pop(mac, None)
            want = self._wants[mac] = Want(flow, now.mono)
            if len(self._wants) > MAX_WANTS:
                del self._wants[next(iter(self._wants))]
        want.last = now.mono

    def forget(self, mac: Mac) -> None:
        """It got what it wanted, or was told no by a person."""
        self._wants.pop(mac, None)

    def tick(self, now: Now) -> None:
        """Whoever did not try for long wants no more."""
        self._wants = {mac: want for mac, want in self._wants.items() if now.mono - want.last <= WANT_S}

    def walked(self, now: Now) -> None:
        """The kernel's counters are known up to now."""
        self._walked_at = now.mono

    def story(self, want: Want, now: Now) -> Beginning:
        """Who began; nobody as long as the counters may tell more."""
        if want.story is None and (self._walked_at > want.first or now.mono - want.first >= COUNTED_WITHIN_S):
            want.story = self._tell(want, now)
        return want.story or NOBODY

    def _tell(self, want: Want, now: Now) -> Beginning:
        """A report makes it the device's own story, even where it may be a moment late: it stays closed in doubt."""
        late = self._until(want.flow, min(now.mono, want.first + LATEST_S))
        reports = late.within(REPORT_S + LATEST_S, Purpose.MOTION_EVENT)
        if reports:
            place = reports[-1].destination or "a place without a name"
            return Beginning(Beginner.DEVICE, f"{place} heard of it first: the device began")
        early = who_began(self._until(want.flow, want.first))
        return early if early.by is Beginner.VIEWER else who_began(late)
