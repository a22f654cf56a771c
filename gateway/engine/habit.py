"""What a device did before, by the flows that were judged and are still remembered: how often, and what on a beat."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from statistics import median

from gateway.model.device import Mac
from gateway.model.event import Now
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord

BEATS_KNOWN = 4
"""So many gaps of one length make a beat."""
REGULAR = 0.2
"""A gap may be off by so much of the beat."""
SHORTEST_BEAT_S = 1.0
REMEMBERED_S = 7 * 86_400.0
"""What is older was seen under another clock, or is no habit any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What a device did before; rates by the minute, None where too little was seen."""

    retries: float | None = None
    """Calls for the purpose that is refused now, whether they passed or not."""
    reconnects: float | None = None
    """Connections for all other purposes."""
    beats: Mapping[str, float] = field(default_factory=dict)
    """Destination that was called on a beat -> seconds between two calls."""


def habit_of(records: Iterable[FlowRecord], mac: Mac, purpose: Purpose, now: Now, *, least_s: float) -> Habit:
    """What it did; nothing is known where less than ``least_s`` was seen, or the clock is not believed."""
    since = now.wall - REMEMBERED_S
    own = [record for record in records if record.device == mac and not record.local and since <= record.started <= now.wall]
    span_s = now.wall - min((record.started for record in own), default=now.wall)
    if span_s < least_s or not now.wall_trusted:
        return Habit()
    same = sum(record.attempts for record in own if record.purpose == purpose)
    others = [record for record in own if record.purpose != purpose and record.effect == "pass"]
    return Habit(retries=60.0 * same / span_s, reconnects=60.0 * len(others) / span_s, beats=dict(_beats(others, now)))


def _beats(records: Iterable[FlowRecord], now: Now) -> Iterator[tuple[str, float]]:
    calls: dict[str, list[float]] = {}
    for record in records:
        calls.setdefault(place_of(record), []).append(record.started)
    for place, starts in calls.items():
        starts.sort()
        gaps = [later - earlier for earlier, later in zip(starts, starts[1:], strict=False)]
        beat_s = median(gaps) if len(gaps) >= BEATS_KNOWN else 0.0
        regular = all(abs(gap - beat_s) <= REGULAR * beat_s for gap in gaps)
        if beat_s >= SHORTEST_BEAT_S and regular and 0 <= now.wall - starts[-1] <= (1 + REGULAR) * beat_s:
            yield place, beat_s


def place_of(record: FlowRecord) -> str:
    """A destination, as people know it."""
    return record.server_name or f"{ip_address(record.dst)} port {record.dport}"
