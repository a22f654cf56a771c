"""What a measurement is: several repetitions, with and without the curtain, and what was hoped for."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One quantity, measured several times."""

    median: float
    min: float
    max: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What was hoped for: a bound of the ratio to a plain router, or of the figure itself."""

    of: str
    """``ratio`` or ``value``."""
    bound: float
    at_least: bool = False
    """The figure must reach the bound; else it must stay at or below it."""

    def holds(self, found: float) -> bool:
        """Whether a figure keeps it."""
        return found >= self.bound if self.at_least else found <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the report."""

    name: str
    title: str
    unit: str
    curtain: Spread | None = None
    """None: it could not be measured; ``note`` says why."""
    plain: Spread | None = None
    ratio: float | None = None
    """Curtain / plain: the median of the pairs, which were measured one right after the other."""
    goal: Goal | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the goal holds; None without a goal."""
        if self.goal is None:
            return None
        found = self.ratio if self.goal.of == "ratio" else self.curtain.median if self.curtain else None
        return found is not None and self.goal.holds(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All figures of one run, and the machine they were taken on."""

    machine: dict[str, Any]
    quick: bool
    seconds: float
    figures: tuple[Figure, ...]

    def as_json(self) -> dict[str, Any]:
        """For machines; ``goals`` names each goal and whether it holds."""
        return {
            "version": 1,
            "quick": self.quick,
            "seconds": round(self.seconds, 1),
            "machine": self.machine,
            "figures": [_as_json(figure) for figure in self.figures],
            "goals": {figure.name: figure.reached for figure in self.figures if figure.goal is not None},
        }


def _as_json(figure: Figure) -> dict[str, Any]:
    """Without what is not there."""
    return {key: value for key, value in asdict(figure).items() if value not in (None, "")}


def spread(values: Iterable[float]) -> Spread:
    """The repetitions of one quantity; ValueError if there are none."""
    found = sorted(values)
    if not found:
        raise ValueError("nothing was measured")
    return Spread(median=_round(median(found)), min=_round(found[0]), max=_round(found[-1]), count=len(found))


def compare(
    name: str, title: str, unit: str, *, pairs: Sequence[tuple[float, float]], goal: Goal | None = None, note: str = ""
) -> Figure:
    """A figure from (plain, curtain) pairs."""
    ratios = [curtain / plain for plain, curtain in pairs if plain]
    return Figure(
        name=name,
        title=title,
        unit=unit,
        plain=spread(plain for plain, _ in pairs),
        curtain=spread(curtain for _, curtain in pairs),
        ratio=_round(median(ratios)) if ratios else None,
        goal=goal,
        note=note,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted values; ValueError if there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return values[max(0, ceil(len(values) * share) - 1)]


def _round(value: float) -> float:
    """Four digits say enough."""
    return float(f"{value:.4g}")
