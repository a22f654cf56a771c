"""Refused tries: one line in the ledger for all of the same kind, and which of them the kernel is to refuse by itself.

A device that is refused comes again, with another source port each time. The first try is the line; those that follow are
counted in it. Once a destination was refused often enough, or can serve nothing else, the kernel remembers it for half a
minute (``Tried`` brings its counts back), so that a thousand tries cost the judge a handful of packets – as far as there is
room (``remembered``).
"""

from collections import OrderedDict
from collections.abc import Container

from gateway.model.device import Mac
from gateway.model.event import Now, Tried

from .flow import Flow
from .remembered import Destination, Remembered
from .share import IsNamed

LINE_S = 60.0
"""After so long without a try, the next one begins a new line."""
LONGEST_S = 3_600.0
"""A line is not carried on for longer, so that a day's tries show when they were."""
MAX_LINES = 2_048
REMEMBER_AFTER = 3
"""Tries of one destination, all refused, after which the kernel refuses by itself."""


class Line:
    """All tries of one destination, for one reason."""

    __slots__ = ("began", "flow", "kernel_packets", "said", "tries")

    def __init__(self, flow: Flow, now: Now) -> None:
        self.flow = flow
        """The first try: its id and 5-tuple stand in the ledger."""
        self.began = now.mono
        self.said = _said(flow)
        self.tries = 0
        """That the judge has seen."""
        self.kernel_packets = 0
        """Of those that the kernel counts, how many are in the line already."""


class Tries:
    """The lines that are still being written to; the least recently tried leave first."""

    def __init__(self, is_named: IsNamed) -> None:
        self._lines: OrderedDict[Destination, Line] = OrderedDict()
        self._grown: dict[int, Flow] = {}
        self._remembered = Remembered(is_named)

    def take(self, flow: Flow, now: Now) -> Line:
        """A flow was refused: the line that counts it, its own or an earlier one's."""
        place = _destination(flow)
        line = self._lines.get(place)
        if line is None or self._is_over(line, now) or line.said != _said(flow) or line.flow.passed:
            line = self._lines[place] = Line(flow, now)
            if len(self._lines) > MAX_LINES:
                self._lines.popitem(last=False)
        else:
            self._grow(line, 1)
        self._lines.move_to_end(place)
        line.tries += 1
        line.kernel_packets = 0  # it asked, so it remembers nothing
        line.flow.touched = now.mono
        return line

    def count(self, tried: Tried, now: Now) -> int:
        """The kernel's count of a destination it refuses by itself; how many tries are new."""
        line = self._lines.get(Destination(*tried[:4]))
        if line is None:
            return 0
        more = tried.packets - max(line.kernel_packets, 1)  # the packet that made the kernel remember was counted here
        line.kernel_packets = tried.packets
        if more <= 0:
            return 0
        self._grow(line, more)
        line.flow.touched = now.mono
        return more

    def remember(self, flow: Flow, now: Now) -> bool:
        """The kernel is to refuse this destination by itself from now on; False: its memory has no room for it."""
        return self._remembered.add(_destination(flow), now)

    def forget(self, mac: Mac, addresses: Container[bytes]) -> list[Destination]:
        """Another name leads to these addresses: what the kernel has to be told to forget."""
        return self._remembered.forget(mac, addresses)

    def forget_device(self, mac: Mac) -> None:
        """It tried nothing."""
        for place in [place for place in self._lines if place.mac == mac]:
            del self._lines[place]
        self._grown = {number: flow for number, flow in self._grown.items() if flow.device.mac != mac}
        self._remembered.forget_device(mac)

    def take_grown(self) -> list[Flow]:
        """The lines that count more than they last told."""
        grown, self._grown = list(self._grown.values()), {}
        return grown

    def expire(self, now: Now) -> None:
        """Take out the lines that nothing will be added to."""
        while self._lines and now.mono - next(iter(self._lines.values())).flow.touched > LINE_S:
            self._lines.popitem(last=False)

    def _grow(self, line: Line, tries: int) -> None:
        line.flow.attempts += tries
        self._grown[line.flow.id] = line.flow

    @staticmethod
    def _is_over(line: Line, now: Now) -> bool:
        return now.mono - line.flow.touched > LINE_S or now.mono - line.began > LONGEST_S


def _destination(flow: Flow) -> Destination:
    return Destination(flow.device.mac, flow.key.dst, flow.key.proto, flow.key.dport)


def _said(flow: Flow) -> tuple[object, ...]:
    """What must be alike for two tries to share a line."""
    name = flow.assessment.name if flow.assessment else None
    return flow.decision and (flow.decision.purpose, flow.decision.action, flow.decision.rule), name and name.text
