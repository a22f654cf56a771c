"""Set-up time: a new device's first minutes, in which nearly everything passes – and to whom they are given.

A gadget that is somebody new all the time would be set up for ever. So whoever joins gets that time within the first hour of a
gateway that remembers nobody; after that, so many newcomers a day do, and no more. All is counted on the monotonic clock, and a
restart gives nobody a second more (``absence``): what is left is counted by the longest time a clock shows, what is given anew
by the shortest.
"""

from typing import Any

from gateway.model.device import Mac
from gateway.model.event import Now

from .absence import leave, left

LASTS_S = 900.0
FIRST_S = 3_600.0
"""A home is set up: as long everybody who joins gets it."""
A_DAY, DAY_S = 3, 86_400.0


class SetUps:
    """Who is being set up now."""

    def __init__(self, *, lasts_s: float = LASTS_S, first_s: float = FIRST_S) -> None:
        self._lasts_s = lasts_s
        self._first_s = first_s
        self._first_until = 0.0
        self._given: list[float] = []
        """When it was given after the first hour, in the last day."""
        self._until: dict[Mac, float] = {}

    def begin(self, now: Now) -> None:
        """The gateway remembers nobody: its first hour begins."""
        self._first_until = now.mono + self._first_s

    def join(self, mac: Mac, now: Now) -> bool:
        """Somebody joined; True if there is set-up time left for it."""
        if self._lasts_s <= 0 or not self._may_give(now):
            return False
        self._until[mac] = now.mono + self._lasts_s
        return True

    def __contains__(self, mac: Mac) -> bool:
        return mac in self._until

    def __len__(self) -> int:
        return len(self._until)

    def left_s(self, mac: Mac, now: Now) -> float:
        """How much of it a device has left."""
        return max(0.0, self._until.get(mac, now.mono) - now.mono)

    def end(self, mac: Mac) -> None:
        """It is over, or the device has left."""
        self._until.pop(mac, None)

    def expire(self, now: Now) -> list[Mac]:
        """Those whose time has just run out."""
        over = [mac for mac, until in self._until.items() if now.mono >= until]
        for mac in over:
            del self._until[mac]
        return over

    def dump(self, now: Now) -> dict[str, Any]:
        """Plain values for ``state.json``."""
        return {
            "saved": leave(now),
            "first_s": max(0.0, self._first_until - now.mono),
            "given_s": [now.mono - at for at in self._given],
            "left_s": {mac: until - now.mono for mac, until in self._until.items()},
        }

    def restore(self, dumped: dict[str, Any], now: Now) -> bool:
        """The inverse of ``dump``; True if somebody's time ran out meanwhile."""
        away = left(dumped["saved"])
        gone_s, surely_s = away.at_most_s(now), away.at_least_s(now)
        self._first_until = now.mono + min(self._first_s, float(dumped["first_s"])) - gone_s
        self._given = [now.mono - float(age_s) - surely_s for age_s in dumped["given_s"]]
        spans = {Mac(mac): min(self._lasts_s, float(span_s)) - gone_s for mac, span_s in dumped["left_s"].items()}
        self._until |= {mac: now.mono + span_s for mac, span_s in spans.items() if span_s > 0}
        return len(self._until) < len(spans)

    def _may_give(self, now: Now) -> bool:
        if now.mono < self._first_until:
            return True
        self._given = [at for at in self._given if now.mono - at < DAY_S]
        if len(self._given) >= A_DAY:
            return False
        self._given.append(now.mono)
        return True
