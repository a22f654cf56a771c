"""Which of its bytes a flow is judged by: all of them, or those of its last stretch.

A connection that fetched an update for minutes hides an upload: of all its bytes, most came down. So what was counted is looked
at twice, as a whole and since more came down than could be for an upload (``goes_up``). Once its bytes said what a flow is for,
it is judged by those, whatever comes later: what has sent pictures is nothing else because it goes on to listen.
"""

from typing import NamedTuple

from gateway.model.assessment import Assessment, Evidence
from gateway.model.mark import LOOKS
from gateway.model.purpose import Purpose
from gateway.purpose import goes_up

MEDIA = frozenset({Purpose.VIDEO, Purpose.VOICE})
LEAST_BYTES = min(LOOKS.values())
"""A stretch says nothing before that."""


class Counts(NamedTuple):
    """Bytes, from the device and to it."""

    out: int
    into: int


class Counted(NamedTuple):
    """How a flow's bytes are to be looked at."""

    since: Counts = Counts(0, 0)
    """What was counted when its last stretch began."""
    telling: Counts | None = None
    """Those that said what it is for."""

    def weigh(self, total: Counts) -> Counts:
        """The bytes to judge by."""
        if self.telling is not None:
            return self.telling
        stretch = Counts(total.out - self.since.out, total.into - self.since.into)
        return stretch if stretch.out >= LEAST_BYTES and goes_up(*stretch) and not goes_up(*total) else total

    def grow(self, before: Counts, total: Counts) -> "Counted":
        """More was counted: what mostly came down ends a stretch."""
        if total.out < before.out:
            return self  # what a look has said already
        grown = Counts(total.out - before.out, total.into - before.into)
        return self if goes_up(*grown) else self._replace(since=total)

    def judged(self, evidence: Evidence, assessment: Assessment) -> "Counted":
        """What came of it."""
        if assessment.purpose not in MEDIA or not evidence.bytes_out:
            return self if self.telling is None else self._replace(telling=None)
        return self._replace(telling=Counts(evidence.bytes_out, evidence.bytes_in))


WHOLE = Counted()
