"""What devices with a camera did: the memory that says who began when pictures follow (``purpose.order``).

The judge sees how flows begin. That a connection which was open all the time speaks again shows in the kernel's counters only,
a second later. So a report is taken to have been sent as early as it can have been, and everything else as late: what is not
sure does not make a viewer of a device. What the kernel refuses by itself is heard of later still.
"""

from ipaddress import ip_address

from gateway.model.action import Effect
from gateway.model.device import Mac
from gateway.model.purpose import Purpose
from gateway.purpose import NOTHING_BEFORE, Context, Habits, Seen, has_camera

from .flow import Flow

JUST_BEFORE_S = 1e-6
"""A flow does not come before itself."""


class Doings:
    """Bounded, as ``Habits`` is."""

    def __init__(self) -> None:
        self._habits = Habits()

    def begin(self, flow: Flow) -> None:
        """It was judged, or is one more try of what was refused."""
        if flow.noted or not _counts(flow) or flow.assessment is None or flow.decision is None:
            return
        flow.noted = flow.decision.effect is Effect.PASS
        self._add(flow, flow.began if flow.noted else flow.touched)

    def go_on(self, flow: Flow, *, earliest: float, latest: float) -> None:
        """It was silent, and was heard again in between."""
        if flow.assessment is None or not _counts(flow):
            return
        reports = Purpose.MOTION_EVENT in (flow.assessment.purpose, *flow.assessment.also)
        self._add(flow, earliest if reports else latest)

    def forget(self, mac: Mac) -> None:
        """A device that did nothing."""
        self._habits.forget(mac)

    def before(self, flow: Flow) -> Context:
        """What its device did until it began."""
        return self.until(flow, flow.began - JUST_BEFORE_S)

    def until(self, flow: Flow, at: float) -> Context:
        """What its device did until then."""
        if not _counts(flow):
            return NOTHING_BEFORE
        return self._habits.before(flow.device.mac, Seen(_place(flow), at, flow.key.proto))

    def _add(self, flow: Flow, at: float) -> None:
        assert flow.assessment is not None
        purposes = (flow.assessment.purpose, *flow.assessment.also)
        self._habits.add(flow.device.mac, Seen(_place(flow), at, flow.key.proto, purposes, flow.bytes_out))


def _counts(flow: Flow) -> bool:
    return has_camera(flow.device.family) and not flow.local


def _place(flow: Flow) -> str:
    """A name, else the address."""
    evidence = flow.evidence
    if evidence is not None and evidence.names:
        return evidence.names[0].text
    return str(ip_address(flow.key.dst))
