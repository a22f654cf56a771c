"""A run beside an earlier one: what became slower, and whether that is more than chance."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .row import Row, rounded

LEAST_SPREAD = 0.05
"""Of the median: what was measured once, or never changes, is not known better than that."""
WORSE_SPREADS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row beside what it was in an earlier run."""

    id: str
    before: float
    now: float
    spreads: float
    """Change of the median in units of the spread, the wider one of both runs; more is better or worse as the row has it."""
    worse: bool


def compare(rows: Iterable[Row], earlier: Mapping[str, Any]) -> list[Change]:
    """Rows of this run beside those of an earlier ``--json``; ValueError if it is none. New and lost rows are left out."""
    try:
        before = {told["id"]: (told["median"], told["spread"]) for told in earlier["rows"]}
    except (KeyError, TypeError) as err:
        raise ValueError("the file holds no rows of an earlier run") from err
    found = []
    for row in rows:
        was, spread = before.get(row.spec.id, (None, None))
        if was is None or row.median is None or row.spread is None:
            continue
        unit = max(row.spread, spread or 0.0, LEAST_SPREAD * abs(was), LEAST_SPREAD * abs(row.median)) or 1.0
        spreads = (row.median - was) / unit
        lost = -spreads if row.spec.more_is_better else spreads
        found.append(
            Change(id=row.spec.id, before=was, now=row.median, spreads=rounded(spreads), worse=lost > WORSE_SPREADS)
        )
    return found
