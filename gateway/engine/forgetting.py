"""Devices that a household wants forgotten: counted down as long as that can be taken back, then out of every table and file.

The household's files decide: while one of them names the device, it is not forgotten, and some seconds after its time it is
kept. What is begun outlives a restart, and is over once the ledger has told that nothing is left there. ``forget`` does the
rest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.model.device import Mac
from gateway.model.event import Now

PATIENCE_S = 15.0
"""A policy file that was changed is compiled by then."""
MAX_FORGETTINGS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """One of them."""

    mac: Mac
    names: tuple[str, ...]
    """What it was called until now."""
    until: float
    """Monotonic seconds: so long it can be taken back."""
    last: int = 0
    """What the ledger holds of it up to this flow is being erased; 0: not yet."""


class Forgettings:
    """Those that are not over."""

    def __init__(self) -> None:
        self._known: dict[Mac, Forgetting] = {}

    def __iter__(self) -> Iterator[Forgetting]:
        return iter(tuple(self._known.values()))

    def __len__(self) -> int:
        return len(self._known)

    def get(self, mac: Mac) -> Forgetting | None:
        """If it is to be forgotten."""
        return self._known.get(mac)

    def begin(self, mac: Mac, names: Iterable[str], seconds: float, now: Now) -> Forgetting:
        """Forget it in so many seconds. ``ValueError`` where there are too many of them."""
        known = self._known.get(mac)
        if known is None and len(self._known) >= MAX_FORGETTINGS:
            raise ValueError(f"{MAX_FORGETTINGS} devices are being forgotten already")
        if known is not None and known.last:
            return known
        before = known.names if known is not None else ()
        self._known[mac] = begun = Forgetting(mac=mac, names=tuple(dict.fromkeys((*before, *names))), until=now.mono + seconds)
        return begun

    def keep(self, mac: Mac) -> bool:
        """Do not forget it after all; False where it is too late, or nobody wanted that."""
        known = self._known.get(mac)
        if known is None or known.last:
            return False
        del self._known[mac]
        return True

    def due(self, is_named: Callable[[str], bool], now: Now) -> tuple[list[Forgetting], list[Forgetting]]:
        """(those whose time has come, those that are kept because a file names them all the same)."""
        over = [one for one in self._known.values() if not one.last and now.mono >= one.until]
        kept = [one for one in over if is_named(one.mac) and now.mono - one.until >= PATIENCE_S]
        for one in kept:
            del self._known[one.mac]
        return [one for one in over if not is_named(one.mac)], kept

    def erase(self, mac: Mac, last: int) -> Forgetting:
        """It is out of the engine; the ledger follows, up to this flow."""
        self._known[mac] = erasing = replace(self._known[mac], last=last)
        return erasing

    def done(self, mac: Mac) -> bool:
        """Nothing is left of it; False if that is known already."""
        return self._known.pop(mac, None) is not None

    def dump(self, now: Now) -> list[dict[str, Any]]:
        """Plain values for ``state.json``: what remains, and on which clock that was so."""
        return [
            {"mac": one.mac, "names": list(one.names), "remaining_s": one.until - now.mono, "mono": now.mono, "last": one.last}
            for one in self._known.values()
        ]

    def restore(self, dumped: Iterable[Mapping[str, Any]], now: Now) -> None:
        """The inverse of ``dump``. The monotonic clock begins anew with the machine: then no time has gone by."""
        for row in dumped:
            gone_s = max(0.0, now.mono - float(row["mono"]))
            mac, until = Mac(row["mac"]), now.mono + float(row["remaining_s"]) - gone_s
            self._known[mac] = Forgetting(mac=mac, names=tuple(row["names"]), until=until, last=int(row["last"]))
