"""How long a judgement holds: until a schedule turns or an exception ends, and as long as the wall clock goes on as it did.

A clock that was set back behind the moment of judging, or that won or lost its trust, ends the term like a schedule does: what
was judged then may be wrong now.
"""

from typing import Any, NamedTuple

from gateway.model.event import Now
from gateway.model.policy import Policy
from gateway.policy import next_change


class Term(NamedTuple):
    """The time in which the judgements of one epoch are right."""

    since: float
    """Wall time of its beginning."""
    until: float | None
    """Wall time of the next change; None: nothing changes by the clock."""
    trusted: bool
    """The clock was believed: else no schedule is open and no exception applies, whatever it shows."""

    def holds(self, now: Now) -> bool:
        """What was judged in this term still is right."""
        if now.wall_trusted is not self.trusted:
            return False
        return not self.trusted or (self.since <= now.wall and (self.until is None or now.wall < self.until))

    def dump(self) -> list[Any]:
        """Plain values for ``state.json``."""
        return [self.since, self.until, self.trusted]


def begin(policy: Policy, now: Now) -> Term:
    """The term that begins now."""
    return Term(now.wall, next_change(policy, now.wall) if now.wall_trusted else None, now.wall_trusted)


NEVER = Term(float("inf"), None, True)
"""Nothing was judged yet."""
