"""Throughput of flows that were judged, towards the gadgets, as films and updates come: the kernel forwards them alone."""

from . import gadget
from .plan import Lanes, Plan, turns
from .row import Sample, Spec, by_lane
from .sample import name_of, quic_initial

TITLE = "throughput of judged flows"
LEAST = 0.97
MANY = 16
ROWS = (
    Spec(id="tcp_bulk_1", title="TCP, one flow", unit="Gbit/s", reads="ratio", goal=LEAST, more_is_better=True),
    Spec(id="tcp_bulk_16", title=f"TCP, {MANY} flows", unit="Gbit/s", reads="ratio", goal=LEAST, more_is_better=True),
    Spec(id="udp_bulk", title="QUIC, one flow", unit="Gbit/s", reads="ratio", goal=LEAST, more_is_better=True),
)


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """Gbit/s that arrive."""
    host = gadget.HOSTS[0]
    quic = {"hello": quic_initial(name_of(host)).hex(), "servers": [gadget.server(host)]}
    ways = {
        "tcp_bulk_1": lambda lane: lane.run("bulk", seconds=plan.bulk_s, workers=1),
        "tcp_bulk_16": lambda lane: lane.run("bulk", seconds=plan.bulk_s, workers=MANY),
        "udp_bulk": lambda lane: lane.run("datagrams", seconds=plan.bulk_s, **quic),
    }
    return {
        name: Sample(values=by_lane(turns(plan, lanes, way), lambda result: float(result["bytes_per_s"]) * 8 / 1e9))
        for name, way in ways.items()
    }
