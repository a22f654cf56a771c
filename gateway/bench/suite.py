"""Which rows there are, and the order they are taken in."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from gateway.lab.namespace import WORK, LabError, inside, set_resolver

from . import bulk, disk, flow, gadget, memory, parse, question, reload, start, wake
from .lane import Lane, Middle
from .machine import describe
from .plan import Lanes, Plan, curtain_of
from .router import Curtain, PlainRouter
from .row import COMPARED, OURS, PLAIN, SURICATA, Report, Row, Sample, Spec, fill, unmeasured
from .server import RESOLVER4
from .suricata import Suricata

Say = Callable[[str], None]
MIDDLES: Mapping[str, Callable[..., Middle]] = {PLAIN: PlainRouter, OURS: Curtain, SURICATA: Suricata}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows that are measured together."""

    title: str
    rows: Sequence[Spec]
    measure: Callable[[Plan, Lanes], Mapping[str, Sample]]


def _come_home(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    lanes[OURS].warm_up(gadget.HOME)
    return {}


def _come_all(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """From a home of ordinary size to as many gadgets as make the load."""
    _, curtain = curtain_of(lanes)
    curtain.change_policy(gadget.HOSTS)
    for lane in lanes.values():
        lane.warm_up(gadget.HOSTS)
    return {}


SECTIONS = (
    Section(title=start.TITLE, rows=start.ROWS, measure=start.measure),  # first: from here on the gateway runs
    Section(title="memory at rest", rows=memory.IDLE_ROWS, measure=memory.measure_idle),
    Section(title="thirty gadgets come", rows=(), measure=_come_home),
    Section(title=reload.TITLE, rows=reload.ROWS, measure=reload.measure),
    Section(title="every gadget comes", rows=(), measure=_come_all),
    Section(title=bulk.TITLE, rows=bulk.ROWS, measure=bulk.measure),
    Section(title=flow.TITLE, rows=flow.ROWS, measure=flow.measure),
    Section(title=question.TITLE, rows=question.ROWS, measure=question.measure),
    Section(title=memory.TITLE, rows=memory.ROWS, measure=memory.measure),  # last on the wire: it fills the tables
    Section(title=disk.TITLE, rows=disk.ROWS, measure=disk.measure),
    Section(title=parse.TITLE, rows=parse.ROWS, measure=parse.measure),
    Section(title=wake.TITLE, rows=wake.ROWS, measure=wake.measure),
)


def measure(plan: Plan, say: Say, *, lanes: Sequence[str] = COMPARED) -> Report:
    """Everything, in a sealed world of its own; ``say`` is told what is being done. LabError where that cannot be built."""
    host, began = describe(), time.monotonic()
    rows = inside(lambda: _measure(plan, say, lanes))
    return Report(host={**host, "seconds": round(time.monotonic() - began, 1)}, rows=tuple(rows))


def _measure(plan: Plan, say: Say, names: Sequence[str]) -> list[Row]:
    set_resolver(RESOLVER4)
    with ExitStack() as stack:
        lanes = {name: stack.enter_context(Lane(name, WORK / name, middle=MIDDLES[name])) for name in names}
        for lane in lanes.values():
            if lane.name != OURS:
                lane.middle.start()
        return [row for section in SECTIONS for row in _take(section, plan, say, lanes)]


def _take(section: Section, plan: Plan, say: Say, lanes: Lanes) -> list[Row]:
    """What fails is said at its rows, and the others are measured all the same."""
    say(section.title)
    try:
        samples = section.measure(plan, lanes)
    except (LabError, OSError, ValueError) as err:
        say(f"{section.title}: {err}")
        samples = unmeasured(section.rows, str(err))
    return fill(section.rows, samples, lanes=tuple(lanes))
