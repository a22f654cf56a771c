"""DNS questions: how many a second are judged and answered, and what that adds to dnsmasq alone."""

from .plan import Lanes, Plan, turns
from .row import COMPARED, Sample, Spec, by_lane, percentile

TITLE = "DNS questions"
WORKERS = 16
ROWS = (
    Spec(id="dns_queries_per_s", title=f"DNS answers to {WORKERS} clients", unit="1/s", goal=2_000, more_is_better=True),
    Spec(id="dns_added_ms", title="added to a DNS answer, median", unit="ms", reads="added", goal=0.5),
)


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """Names that dnsmasq remembers, each question from a port of its own, as stubs ask."""
    own = {name: lane for name, lane in lanes.items() if name in COMPARED}
    many = turns(plan.repetitions, own, lambda lane: lane.run("queries", seconds=plan.seconds, workers=WORKERS))
    alone = turns(plan.repetitions, own, lambda lane: lane.run("queries", seconds=plan.seconds, workers=1))
    failed = sum(run["errors"] for turn in (*many, *alone) for run in turn.values())
    note = f"{failed} questions were not answered" if failed else ""
    return {
        "dns_queries_per_s": Sample(values=by_lane(many, lambda run: float(run["per_s"])), note=note),
        "dns_added_ms": Sample(values=by_lane(alone, lambda run: percentile(run["ns"], 0.5) / 1e6), note=note),
    }
