"""Runs of questions become rows."""

from typing import Any

from gateway.bench import question
from gateway.bench.plan import QUICK
from gateway.bench.row import OURS, PLAIN, SURICATA, fill


class Answers:
    """A lane in which every answer takes as long."""

    def __init__(self, ns: int, errors: int = 0) -> None:
        self._result = {"ns": [ns] * 10, "errors": errors, "per_s": 1e9 / ns, "cpu_s": 0.0}

    def run(self, end: str, **config: Any) -> dict[str, Any]:
        return self._result


def test_what_is_added() -> None:
    lanes: Any = {PLAIN: Answers(100_000), OURS: Answers(400_000, errors=1), SURICATA: Answers(1)}
    rate, added = fill(question.ROWS, question.measure(QUICK, lanes), lanes=tuple(lanes))
    assert rate.median == 2_500 and rate.ok
    assert added.median == 0.3 and added.ok
    assert added.note == f"{2 * QUICK.repetitions} questions were not answered"
