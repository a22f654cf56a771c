"""What a measurement is: repetitions with and without the curtain, one number out of them, and what was hoped for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median, quantiles
from typing import Any

PLAIN, OURS, SURICATA = "plain", "netcurtain", "suricata"
"""The lanes: what stands in the middle."""
COMPARED = (PLAIN, OURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One row before it was measured."""

    id: str
    title: str
    unit: str
    """Of the repetitions."""
    reads: str = "ours"
    """What its number is: ``ours``, ``ratio`` (ours / plain) or ``added`` (ours - plain), the median of all repetitions."""
    goal: float | None = None
    more_is_better: bool = False
    """The goal is a least, not a most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The repetitions of one row: lane -> values, turn by turn; and what has to be said about them."""

    values: Mapping[str, Sequence[float]] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the report."""

    spec: Spec
    plain: tuple[float, ...] = ()
    ours: tuple[float, ...] = ()
    note: str = ""
    """For a row that could not be measured: why."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """One for each repetition. Of pairs, since both were measured one right after the other."""
        if self.spec.reads == "ours":
            return self.ours
        pairs = zip(self.plain, self.ours, strict=True)
        return tuple(ours / plain if self.spec.reads == "ratio" else ours - plain for plain, ours in pairs)

    @property
    def median(self) -> float | None:
        """None: it could not be measured."""
        return rounded(median(self.numbers)) if self.numbers else None

    @property
    def spread(self) -> float | None:
        """From the first to the third quartile of its numbers, in their own unit."""
        return rounded(_quartiles(self.numbers)) if self.numbers else None

    @property
    def ok(self) -> bool | None:
        """Whether it was measured and its goal holds; None where nobody hoped for anything."""
        if self.median is None:
            return False
        goal = self.spec.goal
        if goal is None:
            return None
        return self.median >= goal if self.spec.more_is_better else self.median <= goal

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        spec = self.spec
        told = {
            "id": spec.id,
            "unit": f"ratio of {spec.unit}" if spec.reads == "ratio" else spec.unit,
            "plain": [rounded(value) for value in self.plain],
            "ours": [rounded(value) for value in self.ours],
            "median": self.median,
            "spread": self.spread,
            "goal": spec.goal,
            "ok": self.ok,
        }
        return told | {"note": self.note} if self.note else told


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All rows of one run, and the machine they were taken on."""

    host: dict[str, Any]
    rows: tuple[Row, ...]

    @property
    def missed(self) -> tuple[Row, ...]:
        """Rows that are not ok."""
        return tuple(row for row in self.rows if row.ok is False)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"host": self.host, "rows": [row.as_json() for row in self.rows]}


def fill(specs: Iterable[Spec], samples: Mapping[str, Sample], *, lanes: Sequence[str] = COMPARED) -> list[Row]:
    """The rows of some measurements; those of other lanes stand beside ours under ids of their own, without a goal."""
    rows = []
    for spec in specs:
        sample = samples.get(spec.id, Sample(note="it was not measured"))
        rows.append(_row(spec, sample, OURS))
        for lane in lanes:
            if lane not in COMPARED and lane in sample.values:
                rows.append(_row(_beside(spec, lane), sample, lane))
    return rows


def _row(spec: Spec, sample: Sample, lane: str) -> Row:
    values = sample.values
    return Row(spec=spec, plain=tuple(values.get(PLAIN, ())), ours=tuple(values.get(lane, ())), note=sample.note)


def _beside(spec: Spec, lane: str) -> Spec:
    return Spec(
        id=f"{spec.id}_{lane}",
        title=f"{spec.title}: {lane.capitalize()}",
        unit=spec.unit,
        reads=spec.reads,
        more_is_better=spec.more_is_better,
    )


def unmeasured(specs: Iterable[Spec], why: str) -> dict[str, Sample]:
    """What failed as a whole is said at each of its rows."""
    return {spec.id: Sample(note=f"could not be measured: {why}") for spec in specs}


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted values; ValueError if there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return values[max(0, ceil(len(values) * share) - 1)]


def by_lane(turns: Iterable[Mapping[str, Any]], read: Callable[[Any], float]) -> dict[str, list[float]]:
    """One number of each lane's result, turn by turn."""
    found: dict[str, list[float]] = {}
    for turn in turns:
        for lane, result in turn.items():
            found.setdefault(lane, []).append(read(result))
    return found


def _quartiles(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    first, _, third = quantiles(values, n=4, method="inclusive")
    return third - first


def rounded(value: float) -> float:
    """Four digits say enough."""
    return float(f"{value:.4g}")
