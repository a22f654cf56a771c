"""Figures: spreads, pairs, percentiles and goals."""

import json

import pytest

from gateway.bench.figure import Figure, Goal, Report, Spread, compare, percentile, spread


def one(value: float) -> Spread:
    return Spread(median=value, min=value, max=value, count=1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([3.0], one(3.0), id="one"),
        pytest.param([5, 1, 3], Spread(median=3, min=1, max=5, count=3), id="odd"),
        pytest.param([4, 1, 2, 9], Spread(median=3, min=1, max=9, count=4), id="even"),
        pytest.param([1234.5678], one(1235.0), id="four digits"),
        pytest.param([0.000123456], one(0.0001235), id="four digits of a small one"),
    ],
)
def test_spread(values: list[float], expected: Spread) -> None:
    assert spread(values) == expected


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing"):
        spread([])
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("share", "expected"),
    [pytest.param(0.0, 1, id="least"), pytest.param(0.5, 50, id="median"), pytest.param(0.99, 99, id="p99"),
     pytest.param(1.0, 100, id="most")],
)  # fmt: skip
def test_percentile_of_one_to_a_hundred(share: float, expected: float) -> None:
    assert percentile(range(1, 101), share) == expected


def test_the_ratio_is_that_of_the_pairs() -> None:
    """The second pair was taken while the machine was twice as slow: that is no difference between the two."""
    figure = compare("x", "x", "us", pairs=[(10, 20), (20, 40), (30, 90)])
    assert figure.ratio == 2
    assert (figure.plain, figure.curtain) == (
        Spread(median=20, min=10, max=30, count=3), Spread(median=40, min=20, max=90, count=3),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("goal", "ratio", "value", "reached"),
    [
        pytest.param(None, 9.0, 9.0, None, id="no goal"),
        pytest.param(Goal(of="ratio", bound=2), 2.0, 9.0, True, id="ratio at its bound"),
        pytest.param(Goal(of="ratio", bound=2), 2.1, 0.0, False, id="ratio beyond it"),
        pytest.param(Goal(of="ratio", bound=0.97, at_least=True), 0.96, 9.0, False, id="ratio too low"),
        pytest.param(Goal(of="value", bound=80), 9.0, 79.0, True, id="value below"),
        pytest.param(Goal(of="value", bound=5000, at_least=True), 0.1, 5000.0, True, id="value high enough"),
        pytest.param(Goal(of="value", bound=80), None, None, False, id="could not be measured"),
    ],
)
def test_goals(goal: Goal | None, ratio: float | None, value: float | None, reached: bool | None) -> None:
    curtain = one(value) if value is not None else None
    assert Figure(name="x", title="x", unit="us", curtain=curtain, ratio=ratio, goal=goal).reached is reached


def test_a_report_for_machines() -> None:
    kept = Figure(name="kept", title="k", unit="s", curtain=one(1.0), goal=Goal(of="value", bound=2))
    told = Figure(name="told", title="t", unit="s", curtain=one(1.0))
    report = Report(machine={"cores": 2}, quick=True, seconds=1.26, figures=(kept, told)).as_json()
    assert report["goals"] == {"kept": True}
    assert report["figures"][1] == {
        "name": "told", "title": "t", "unit": "s", "curtain": {"median": 1.0, "min": 1.0, "max": 1.0, "count": 1},
    }  # fmt: skip
    assert json.loads(json.dumps(report)) == report
