"""What each device may do, and what all may do together that nobody has named: a gadget may be somebody new all the time.

A device that a policy file names has an account of its own. Any other has one too, but what it takes counts towards one more as
well, that all of them share: a few times what one device has, however many they are. Byte budgets are kept in the same way, by
the kernel (``ruleset.budget``).
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.ruleset.budget import NEWCOMERS

MAX_NEWCOMERS = 512
"""Accounts of their own; who came first begins anew, within what all of them share."""

Account = TypeVar("Account")
IsNamed = Callable[[str], bool]
"""Does a policy file name this MAC?"""


class Accounts(Generic[Account]):
    """The accounts that what a device does counts towards: its own, and where nobody has named it the shared one."""

    def __init__(self, is_named: IsNamed, begin: Callable[[int], Account], *, newcomers: int = NEWCOMERS) -> None:
        """``begin``: an empty account that is good for so many devices."""
        self._is_named = is_named
        self._begin = begin
        self._named: dict[str, tuple[Account, ...]] = {}
        self._newcomers: dict[str, tuple[Account, ...]] = {}
        self._shared = begin(newcomers)

    def of(self, device: str) -> tuple[Account, ...]:
        """``device``: its MAC."""
        if self._is_named(device):
            own = self._named.get(device)
            if own is None:
                own = self._named[device] = (self._begin(1),)
            return own
        known = self._newcomers.get(device)
        if known is None:
            known = self._newcomers[device] = (self._begin(1), self._shared)
            if len(self._newcomers) > MAX_NEWCOMERS:
                del self._newcomers[next(iter(self._newcomers))]
        return known

    def forget(self, device: str) -> None:
        """It has done nothing; what it took of what all share is taken."""
        self._named.pop(device, None)
        self._newcomers.pop(device, None)


class Bucket:
    """So many at once, and so many a second after that. A clock that goes back gives nothing."""

    __slots__ = ("_at", "_burst", "_left", "_per_s")

    def __init__(self, burst: float, per_s: float) -> None:
        self._left = self._burst = float(burst)
        self._per_s = per_s
        self._at = 0.0

    def has_one(self, at: float) -> bool:
        """Is there one to be taken?"""
        if at != self._at:
            self._left = min(self._burst, self._left + max(0.0, at - self._at) * self._per_s)
            self._at = at
        return self._left >= 1.0

    def take(self) -> None:
        """Take one, once there is one."""
        self._left -= 1.0

    def give_back(self, at: float) -> None:
        """It was not used."""
        self.has_one(at)
        self._left = min(self._burst, self._left + 1.0)


class Shares:
    """A bucket for each device, one for all that nobody has named, and perhaps one for everybody."""

    def __init__(
        self, is_named: IsNamed, *, burst: float, per_s: float, newcomers: int = NEWCOMERS, everybody: Bucket | None = None
    ) -> None:
        """``burst`` and ``per_s``: of one device. ``newcomers``: so many times that for all that nobody has named."""
        self._buckets: Accounts[Bucket] = Accounts(
            is_named, lambda devices: Bucket(devices * burst, devices * per_s), newcomers=newcomers
        )
        self._everybody = () if everybody is None else (everybody,)

    def take(self, device: str, *, at: float) -> bool:
        """One more; False where the device, or all it shares with, has none left: then nobody pays."""
        buckets = self._buckets.of(device) + self._everybody
        if not all([bucket.has_one(at) for bucket in buckets]):
            return False
        for bucket in buckets:
            bucket.take()
        return True

    def forget(self, device: str) -> None:
        """It has taken nothing yet."""
        self._buckets.forget(device)

    def give_back(self, device: str, *, at: float) -> None:
        """What was taken was not used."""
        for bucket in self._buckets.of(device) + self._everybody:
            bucket.give_back(at)
