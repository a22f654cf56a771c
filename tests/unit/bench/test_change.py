"""A run beside an earlier one."""

from typing import Any

import pytest

from gateway.bench.change import compare
from gateway.bench.row import Report, Row, Spec

RATE = Spec(id="rate", title="r", unit="1/s", more_is_better=True)
TIME = Spec(id="time", title="t", unit="us")


def told(spec: Spec, *values: float) -> dict[str, Any]:
    return Report(host={}, rows=(Row(spec=spec, ours=values),)).as_json()


@pytest.mark.parametrize(
    ("spec", "before", "now", "spreads", "worse"),
    [
        pytest.param(RATE, (90, 100, 110), (90, 100, 110), 0.0, False, id="the same"),
        pytest.param(RATE, (90, 100, 110), (60, 70, 80), -3.0, True, id="less is worse"),
        pytest.param(RATE, (90, 100, 110), (120, 130, 140), 3.0, False, id="more is better"),
        pytest.param(TIME, (90, 100, 110), (120, 130, 140), 3.0, True, id="more is worse"),
        pytest.param(TIME, (90, 100, 110), (110, 120, 130), 2.0, False, id="two spreads are chance"),
        pytest.param(TIME, (90, 100, 110), (100, 130, 160), 1.0, False, id="the wider spread counts"),
        pytest.param(TIME, (100,), (112,), 2.143, True, id="what was taken once is not known exactly"),
        pytest.param(TIME, (0,), (0,), 0.0, False, id="nothing stays nothing"),
    ],
)
def test_change_in_spreads(
    spec: Spec, before: tuple[float, ...], now: tuple[float, ...], spreads: float, worse: bool
) -> None:
    (change,) = compare([Row(spec=spec, ours=now)], told(spec, *before))
    assert (change.id, change.spreads, change.worse) == (spec.id, spreads, worse)


def test_rows_of_one_run_only_are_left_out() -> None:
    assert compare([Row(spec=RATE, ours=(1.0,))], told(TIME, 1)) == []
    assert compare([Row(spec=TIME)], told(TIME, 1)) == []
    assert compare([Row(spec=TIME, ours=(1.0,))], told(TIME)) == []


@pytest.mark.parametrize("earlier", [[], {}, {"rows": [{"id": "x"}]}, {"rows": 7}], ids=["list", "empty", "bare row", "number"])
def test_what_is_no_report(earlier: Any) -> None:
    with pytest.raises(ValueError, match="no rows of an earlier run"):
        compare([], earlier)
