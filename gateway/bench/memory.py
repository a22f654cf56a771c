"""Resident memory of the process that judges: at rest, and with very many flows known.

*Known* are flows that were judged and whose connections still stand in the kernel's table, all of which the gateway's walks
through that table show it. In detail it keeps the last 8,192. ``plan.parked`` of them are opened by gadgets that then fall
silent; where that is less than all, connections with the same marks are put into the table for the rest.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from gateway.edge.conntrack import Conntrack
from gateway.lab.namespace import LabError
from gateway.model.event import Counter

from . import gadget
from .lane import WAN4, Lane
from .plan import Lanes, Plan, curtain_of
from .row import OURS, Sample, Spec
from .server import PARK_PORT

TITLE = "memory with many flows"
WORKERS = 8
WATCHED_S = 3.0
POLL_S = 0.1
IDLE_ROWS = (Spec(id="gateway_rss_mib", title="resident memory of the gateway at rest", unit="MiB", goal=80),)
ROWS = (
    Spec(id="gateway_rss_mib_200000", title="resident memory of the gateway with 200,000 flows known", unit="MiB", goal=160),
)
MAXIMUM = Path("/proc/sys/net/netfilter/nf_conntrack_max")
_SILENCE = f"""\
table inet silence {{
  chain out {{
    type filter hook output priority filter
    tcp sport {PARK_PORT} tcp flags & (fin | rst) != 0 drop
    tcp dport {PARK_PORT} tcp flags & (fin | rst) != 0 drop
  }}
}}
"""
_PORTS = range(1_025, 32_768)
"""Below those that clients are given."""


def measure_idle(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """After the start, before any load."""
    return {"gateway_rss_mib": _watch(lanes, seconds=0.0)}


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """After all load, with a full table of connections: the most of some seconds, in which the gateway walks through it."""
    lane, _ = curtain_of(lanes)
    most = int(MAXIMUM.read_text())
    if most < plan.known:
        raise LabError(f"the connection table here holds {most} (net.netfilter.nf_conntrack_max), not {plan.known}")
    _park(lane, plan.parked)
    known = _fill(lane, plan.known)
    found = _watch({OURS: lane}, seconds=WATCHED_S)
    note = f"{known:,} connections in the kernel's table, {plan.parked:,} left there by gadgets, the rest put beside them"
    return {"gateway_rss_mib_200000": Sample(values=found.values, note="; ".join(filter(None, (note, found.note))))}


def _park(lane: Lane, flows: int) -> None:
    """Open so many, and leave them without a word that the gateway could see."""
    for machine in (lane.gadgets, lane.internet):
        machine.run("nft", "-f", "-", text=_SILENCE)
    told = lane.run("park", workers=WORKERS, count=-(-flows // WORKERS))
    if told["errors"]:
        raise LabError(f"{told['errors']} of {flows} flows failed\n{lane.middle.last_words()}")


def _fill(lane: Lane, known: int) -> int:
    """Put as many connections beside those as there shall be in all; returns how many there are then."""
    parked = _parked(lane)
    marks = {read.key.src[-1]: read.mark for read in parked}
    with tempfile.NamedTemporaryFile("w", suffix=".conntrack") as file:
        file.writelines(islice(_entries(marks), max(0, known - len(parked))))
        file.flush()
        lane.gateway.run("conntrack", "--load-file", file.name)
    return int(lane.gateway.run("conntrack", "-C"))


def _parked(lane: Lane) -> list[Counter]:
    """What was left there, with the marks of the gateway's judgements."""
    with lane.gateway.entered():
        table = Conntrack()
    try:
        table.request()
        found: list[Counter] = []
        while table.reading:
            read = table.receive()
            found += [one for one in (read.counters if read else ()) if one.key.dport == PARK_PORT]
        return found
    finally:
        table.close()


def _entries(marks: Mapping[int, int]) -> Iterator[str]:
    """As ``conntrack`` loads them: of each gadget, with its mark, in turn."""
    for port in _PORTS:
        for host, mark in marks.items():
            yield (
                f"-A -t 86400 -u SEEN_REPLY,ASSURED -s {gadget.address(host)} -d {gadget.server(host)}"
                f" -r {gadget.server(host)} -q {WAN4} -p tcp --sport {port} --dport {PARK_PORT}"
                f" --reply-port-src {PARK_PORT} --reply-port-dst {port} --state ESTABLISHED -m {mark}\n"
            )


def _watch(lanes: Lanes, *, seconds: float) -> Sample:
    pids = {name: lane.middle.pid for name, lane in lanes.items() if lane.middle.pid is not None}
    until, most = time.monotonic() + seconds, dict.fromkeys(pids, 0.0)
    while True:
        for name, pid in pids.items():
            most[name] = max(most[name], resident_mib(pid))
        if time.monotonic() >= until:
            break
        time.sleep(POLL_S)
    beside = [f"{name} {mib:.1f} MiB" for pid in pids.values() for name, mib in children(pid)]
    return Sample(
        values={name: [mib] for name, mib in most.items()}, note=f"beside it: {', '.join(beside)}" if beside else ""
    )


def resident_mib(pid: int, proc: Path = Path("/proc")) -> float:
    """Of one process; OSError where it is gone."""
    return int(_status(proc / str(pid))["VmRSS"].split()[0]) / 1024


def children(pid: int, proc: Path = Path("/proc")) -> list[tuple[str, float]]:
    """Names and MiB of the processes it started; those that ended are left out."""
    found = []
    for folder in proc.glob("[0-9]*"):
        try:
            fields = _status(folder)
        except OSError:
            continue
        if fields.get("PPid") == str(pid) and "VmRSS" in fields:
            found.append((fields["Name"], int(fields["VmRSS"].split()[0]) / 1024))
    return sorted(found)


def _status(folder: Path) -> dict[str, str]:
    lines = (folder / "status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
