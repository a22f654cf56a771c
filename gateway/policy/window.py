"""Budgets, counted again from records: what had no room in one, and how much was sent within any window.

A record tells when a flow began and what it sent in all, not when it sent it. So all of it counts from the moment it began: a
connection that lasts for days counts at once, which overrates what its first window held, never what a whole flow sent.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable

from ..model.action import Action
from .treatment import Treatment

MAX_WINDOWS = 65_536
SLICES = 60
"""Parts of a window that are kept apart."""


class Windows:
    """Windows as the kernel has them: one begins with the first bytes after the last one was over. The oldest leave first."""

    def __init__(self) -> None:
        self._open: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        """Whose -> (when it began, what was sent in it)."""

    def over(self, who: str, treatment: Treatment, sent_bytes: int, *, at: float) -> int:
        """Count a flow that a treatment lets pass; the bytes of it that had no room."""
        if treatment.action is not Action.LIMIT or not treatment.budget_bytes:
            return 0
        if not treatment.budget_window_s:
            return max(0, sent_bytes - treatment.budget_bytes)
        place = (who, treatment.purpose, treatment.budget_bytes, treatment.budget_window_s)
        began, sent = self._open.get(place, (at, 0))
        if at - began >= treatment.budget_window_s:
            began, sent = at, 0
        fits = min(sent_bytes, treatment.budget_bytes - sent)
        self._open[place] = (began, sent + fits)
        if len(self._open) > MAX_WINDOWS:
            self._open.popitem(last=False)
        return sent_bytes - fits


class Highest:
    """The most that was sent within any window, wherever it begins: never less than that, up to a slice's bytes more."""

    def __init__(self, window_s: float) -> None:
        self._slice_s = window_s / SLICES
        self._slices: deque[list[int]] = deque()
        """[number of the slice, bytes in it], oldest first."""
        self._sum = 0
        self.most_bytes = 0

    def add(self, sent_bytes: int, *, at: float) -> None:
        """Count a flow. One that comes late counts as if it began with the latest."""
        number = int(at // self._slice_s)
        if not self._slices or number > self._slices[-1][0]:
            self._slices.append([number, 0])
        self._slices[-1][1] += sent_bytes
        self._sum += sent_bytes
        while self._slices[0][0] < self._slices[-1][0] - SLICES:
            self._sum -= self._slices.popleft()[1]
        self.most_bytes = max(self.most_bytes, self._sum)
