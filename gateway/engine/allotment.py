"""How often, and how long, a device may open the curtain by what it does itself: so much in an hour, and no more.

The order of flows and the press of a bell are signs that a device alone could imitate. What is opened by them is kept here, and
what one device may have of it has an end, whatever it does.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from gateway.model.device import Mac

HOUR_S = 3_600.0
MAX_DEVICES, MAX_SPANS = 256, 64
"""Devices, of which the one that was opened longest ago leaves; spans of one of them."""


class Bound(NamedTuple):
    """What one sign may open within an hour."""

    openings: int
    seconds: float


class Span(NamedTuple):
    """A time in which something was open by one sign, monotonic seconds."""

    by: str
    since: float
    until: float


class Allotments:
    """What was open by such signs, device by device, in the last hour."""

    def __init__(self) -> None:
        self._spans: dict[Mac, deque[Span]] = {}

    def left_s(self, mac: Mac, by: str, bound: Bound, *, at: float) -> float:
        """For how long it may still be open by that sign in this hour; 0: not at all, or not once more."""
        spans = self._recent(mac, by, at)
        if sum(span.since > at - HOUR_S for span in spans) >= bound.openings:
            return 0.0
        return self.rest_s(mac, by, bound, at=at)

    def rest_s(self, mac: Mac, by: str, bound: Bound, *, at: float) -> float:
        """The same for what is open already."""
        used = sum(min(span.until, at) - max(span.since, at - HOUR_S) for span in self._recent(mac, by, at))
        return max(0.0, bound.seconds - used)

    def begin(self, mac: Mac, by: str, *, at: float) -> None:
        """It is opened by that sign."""
        spans = self._spans.pop(mac, None)
        self._spans[mac] = spans = deque(maxlen=MAX_SPANS) if spans is None else spans
        spans.append(Span(by, at, at))
        if len(self._spans) > MAX_DEVICES:
            del self._spans[next(iter(self._spans))]

    def forget(self, mac: Mac) -> None:
        """Nothing of it was open."""
        self._spans.pop(mac, None)

    def go_on(self, mac: Mac, *, at: float) -> None:
        """What was opened last is open still."""
        spans = self._spans.get(mac)
        if spans:
            spans[-1] = spans[-1]._replace(until=max(spans[-1].until, at))

    def _recent(self, mac: Mac, by: str, at: float) -> list[Span]:
        return [span for span in self._spans.get(mac, ()) if span.by == by and span.until > at - HOUR_S]

    def dump(self, *, at: float) -> list[list[Any]]:
        """Plain values for ``state.json``: how long ago each began and ended, and on which clock that was so."""
        spans = ((mac, span) for mac, spans in self._spans.items() for span in spans if span.until > at - HOUR_S)
        return [[mac, span.by, at - span.since, at - span.until, at] for mac, span in spans]

    def restore(self, dumped: Iterable[Iterable[Any]], *, at: float) -> None:
        """The inverse of ``dump``. The monotonic clock begins anew with the machine: then nothing is forgiven yet."""
        for mac, by, began, ended, then in dumped:
            gone_s = max(0.0, at - float(then))
            span = Span(str(by), at - gone_s - float(began), at - gone_s - float(ended))
            self._spans.setdefault(Mac(mac), deque(maxlen=MAX_SPANS)).append(span)
