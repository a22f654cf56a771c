"""Work that comes again and again, and rests as long in proportion as it cost: however long it takes, it has its share."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Rest:
    """Of one kind of work. ``share``: how many times its CPU time it rests after it."""

    def __init__(
        self, share: float, *, clock: Callable[[], float] = time.monotonic, spent: Callable[[], float] = time.thread_time
    ) -> None:
        self._share, self._clock, self._spent = share, clock, spent
        self._cost_s = 0.0
        self._until = 0.0

    @property
    def is_over(self) -> bool:
        """The work may begin anew."""
        return self._clock() >= self._until

    @contextmanager
    def work(self) -> Iterator[None]:
        """A piece of the work: what it costs is added up."""
        began = self._spent()
        yield
        self._cost_s += self._spent() - began

    def begin(self) -> None:
        """The work is done."""
        self._until, self._cost_s = self._clock() + self._share * self._cost_s, 0.0
