"""How long whoever guessed wrong has to wait: by address and by account, in tables that outlive a restart and never grow.

* An **address** may err five times; then it waits a second, two, four … up to 15 minutes. It is forgotten after a day
  without error.
* An **account** may be missed 20 times by addresses that never logged into it; then each further try from such an address
  waits, up to a minute. So a guesser with many addresses has some 1,500 guesses a day, against passwords that are not among
  the common ones.

The trade-off: an account's count must not lock its owner out, or anybody in the home could do that by guessing. So
addresses that have logged into the account within 90 days wait for their own errors only. What remains: while somebody
guesses all the time, its owner on a *new* device shares that minute's one try with the guesser, and may lose; a login link
always works. And whoever takes the owner's own address can use up its five errors. IPv6 addresses count one by one, not by
their network: a home has one, and its gadgets would lock out its people; many addresses are what the account's count is
for.

Accounts are counted in 256 buckets that only this box can compute, whether they exist or not: waiting tells nothing of
that, and made-up names fill no table. Times are wall times; a clock that was set back lets nobody wait longer than the
ceiling."""

import hmac
from collections.abc import Callable
from dataclasses import asdict, dataclass
from threading import RLock
from typing import Any

from .keep import Keep

_BUCKETS = 256
_MAX_KNOWN = 16
"""Addresses of one account that are remembered."""
_KNOWN_S = 90 * 86_400.0
_TABLE, _KNOWN_TABLE = "throttle", "known_addresses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What is forgiven, and how waiting grows."""

    free: int
    ceiling_s: float
    forget_s: float
    most_rows: int

    def wait_s(self, errors: int) -> float:
        """After so many errors."""
        if errors < self.free:
            return 0.0
        return min(self.ceiling_s, 2.0 ** min(errors - self.free, 30))


ADDRESS = Pace(free=5, ceiling_s=900.0, forget_s=86_400.0, most_rows=256)
ACCOUNT = Pace(free=20, ceiling_s=60.0, forget_s=86_400.0, most_rows=_BUCKETS)
_PACES = {"address": ADDRESS, "account": ACCOUNT}


@dataclass(slots=True)
class Errors:
    """Of one address or account."""

    count: int
    last: float


class Throttle:
    """Asked before a password is looked at, told afterwards."""

    def __init__(self, keep: Keep, wall: Callable[[], float]) -> None:
        self._keep = keep
        self._wall = wall
        self._lock = RLock()
        self._key = hmac.digest(keep.secret, b"netcurtain.throttle", "sha256")
        self._errors: dict[tuple[str, str], Errors] = {}
        for row in keep.rows(_TABLE):
            self._take(row)
        self._known = [row for row in keep.rows(_KNOWN_TABLE) if {"account", "address", "at"} <= row.keys()]

    def wait_s(self, address: str, account: str) -> float:
        """Seconds until a try is looked at; 0: now."""
        with self._lock:
            return max((self._left_s(kind, key) for kind, key in self._counted(address, account)), default=0.0)

    def failed(self, address: str, account: str) -> None:
        """A wrong password."""
        now = self._wall()
        with self._lock:
            for kind, key in self._counted(address, account):
                errors = self._errors.pop((kind, key), None) or Errors(count=0, last=now)
                fresh = Errors(count=1, last=now)
                is_old = now - errors.last > _PACES[kind].forget_s
                self._errors[kind, key] = fresh if is_old else Errors(count=errors.count + 1, last=now)
                self._bound(kind)
            self._write()

    def passed(self, address: str, account: str) -> None:
        """The right one: this address is forgiven, and known for the account, whose count stays: it is a stranger's."""
        now = self._wall()
        with self._lock:
            was_counted = self._errors.pop(("address", address), None) is not None
            was_known = self._is_known(address, account)
            others = [row for row in self._known if (row["account"], row["address"]) != (account, address)]
            mine = [row for row in others if row["account"] == account][-(_MAX_KNOWN - 1) :]
            rest = [row for row in others if row["account"] != account]
            self._known = [*rest, *mine, {"account": account, "address": address, "at": now}]
            self._keep.try_put(_KNOWN_TABLE, self._known)
            if was_counted or not was_known:
                self._write()

    def forget(self, account: str) -> None:
        """Nobody is known for an account any more: it was removed."""
        with self._lock:
            self._known = [row for row in self._known if row["account"] != account]
            self._keep.try_put(_KNOWN_TABLE, self._known)

    def _counted(self, address: str, account: str) -> list[tuple[str, str]]:
        keys = [("address", address)]
        return keys if self._is_known(address, account) else [*keys, ("account", self._bucket(account))]

    def _is_known(self, address: str, account: str) -> bool:
        now = self._wall()
        return any(
            row["account"] == account and row["address"] == address and now - row["at"] <= _KNOWN_S for row in self._known
        )  # fmt: skip

    def _left_s(self, kind: str, key: str) -> float:
        errors = self._errors.get((kind, key))
        if errors is None:
            return 0.0
        errors.last = min(errors.last, self._wall())  # the clock was set back
        return max(0.0, errors.last + _PACES[kind].wait_s(errors.count) - self._wall())

    def _bucket(self, account: str) -> str:
        return str(hmac.digest(self._key, account.encode("utf-8", "replace"), "sha256")[0] % _BUCKETS)

    def _bound(self, kind: str) -> None:
        """The one that erred least recently makes room."""
        rows = [key for key in self._errors if key[0] == kind]
        for key in rows[: max(0, len(rows) - _PACES[kind].most_rows)]:
            del self._errors[key]

    def _take(self, row: dict[str, Any]) -> None:
        if {"kind", "key", "count", "last"} <= row.keys() and row["kind"] in _PACES:
            self._errors[row["kind"], row["key"]] = Errors(count=row["count"], last=row["last"])

    def _write(self) -> None:
        rows = ({"kind": kind, "key": key, **asdict(errors)} for (kind, key), errors in self._errors.items())
        self._keep.try_put(_TABLE, rows)
