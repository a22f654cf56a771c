"""Times of the day in the household's zone: is a span open now, and when does the next one turn?"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..model.policy import DevicePolicy, Policy, Schedule

HORIZON_S = 72 * 3600
"""A span of the day turns within a day, or within two where the clocks skip it."""
MAX_WALL = 250_000_000_000.0
"""The year 9892: beyond it the calendar ends within our reach."""


@lru_cache(maxsize=16)
def zone_of(name: str) -> tzinfo:
    """UTC where there is no such zone: a decision is made whatever happens."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def minute_of(wall: float, zone: str) -> int | None:
    """The minute of the local day; None for what is no time."""
    try:
        local = datetime.fromtimestamp(wall, zone_of(zone))
    except (ValueError, OverflowError, OSError):
        return None
    return local.hour * 60 + local.minute


def is_open(span: Schedule, minute: int) -> bool:
    """``start > end`` passes midnight."""
    if span.start_minute <= span.end_minute:
        return span.start_minute <= minute < span.end_minute
    return minute >= span.start_minute or minute < span.end_minute


def next_change(policy: Policy, wall: float) -> float | None:
    """The next wall time at which a span opens or closes, or an exception ends; None where nothing does."""
    now = minute_of(wall, policy.timezone) if 0 <= wall <= MAX_WALL else None
    if now is None:
        return None
    spans, ends = _spans(policy), (end for end in _ends(policy) if end > wall)
    return min((*_turns(spans, policy.timezone, wall=wall, minute=now), *ends), default=None)


def _turns(spans: frozenset[Schedule], zone: str, *, wall: float, minute: int) -> Iterator[float]:
    """The first instant at which any span is in another state than now."""
    state = [is_open(span, minute) for span in spans]
    for moment in sorted(_instants(spans, zone_of(zone), wall)):
        then = minute_of(moment, zone)
        if then is not None and [is_open(span, then) for span in spans] != state:
            yield moment
            return


def _instants(spans: Iterable[Schedule], zone: tzinfo, wall: float) -> set[float]:
    """Every later instant at which a span may turn: its edges on the coming days, and the changes of the clocks."""
    found: set[float] = set()
    edges = {edge for span in spans for edge in (span.start_minute, span.end_minute)}
    if not edges:
        return found
    today = datetime.fromtimestamp(wall, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    for day in range(-1, 4):
        for edge in edges:
            local = today + timedelta(days=day, minutes=edge)
            found.update(local.replace(fold=fold).timestamp() for fold in (0, 1))
    found.update(_clock_changes(zone, wall))
    return {moment for moment in found if moment > wall}


def _clock_changes(zone: tzinfo, wall: float) -> Iterator[float]:
    """Where the zone's offset changes, to the second."""

    def offset(moment: float) -> timedelta | None:
        return datetime.fromtimestamp(moment, zone).utcoffset()

    start = int(wall)
    for low in range(start, start + HORIZON_S, 3600):
        high = low + 3600
        if offset(low) == offset(high):
            continue
        before = offset(low)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == before else (low, middle)
        yield float(high)


def _entries(policy: Policy) -> Iterator[DevicePolicy]:
    yield from policy.devices.values()
    yield from policy.profiles.values()


def _spans(policy: Policy) -> frozenset[Schedule]:
    return frozenset(
        rule.when for entry in _entries(policy) for level in entry.levels for rule in level.rules.values() if rule.when
    )


def _ends(policy: Policy) -> Iterator[float]:
    for entry in _entries(policy):
        for level in entry.levels:
            yield from (exemption.until for exemption in level.exemptions if exemption.until is not None)
