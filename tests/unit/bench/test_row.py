"""Rows: one number out of repetitions, its spread, its goal; and what is said of rows that were not measured."""

import json

import pytest

from gateway.bench.row import OURS, PLAIN, SURICATA, Report, Row, Sample, Spec, by_lane, fill, percentile, unmeasured

BULK = Spec(id="bulk", title="b", unit="Gbit/s", reads="ratio", goal=0.97, more_is_better=True)
ADDED = Spec(id="added", title="a", unit="ms", reads="added", goal=0.5)
RSS = Spec(id="rss", title="r", unit="MiB", goal=80)
FREE = Spec(id="free", title="f", unit="us")


@pytest.mark.parametrize(
    ("spec", "plain", "ours", "median", "spread"),
    [
        pytest.param(RSS, (), (3.0,), 3.0, 0.0, id="one"),
        pytest.param(RSS, (), (5.0, 1.0, 3.0), 3.0, 2.0, id="odd"),
        pytest.param(RSS, (), (1.0, 2.0, 3.0, 4.0, 100.0), 3.0, 2.0, id="an outlier moves neither"),
        pytest.param(RSS, (), (1234.5678,), 1235.0, 0.0, id="four digits"),
        pytest.param(BULK, (10.0, 20.0, 30.0), (20.0, 40.0, 90.0), 2.0, 0.5, id="the ratio is that of the pairs"),
        pytest.param(ADDED, (1.0, 2.0), (1.5, 3.0), 0.75, 0.25, id="what is added to plain"),
        pytest.param(RSS, (), (), None, None, id="nothing was measured"),
    ],
)
def test_numbers(
    spec: Spec, plain: tuple[float, ...], ours: tuple[float, ...], median: float | None, spread: float | None
) -> None:
    row = Row(spec=spec, plain=plain, ours=ours)
    assert (row.median, row.spread) == (median, spread)


@pytest.mark.parametrize(
    ("spec", "plain", "ours", "ok"),
    [
        pytest.param(FREE, (), (9.0,), None, id="no goal"),
        pytest.param(RSS, (), (80.0,), True, id="at its bound"),
        pytest.param(RSS, (), (80.1,), False, id="beyond it"),
        pytest.param(BULK, (10.0,), (9.8,), True, id="enough"),
        pytest.param(BULK, (10.0,), (9.6,), False, id="too little"),
        pytest.param(ADDED, (1.0,), (1.4,), True, id="little added"),
        pytest.param(RSS, (), (), False, id="not measured"),
        pytest.param(FREE, (), (), False, id="not measured, without a goal"),
    ],
)
def test_goals(spec: Spec, plain: tuple[float, ...], ours: tuple[float, ...], ok: bool | None) -> None:
    assert Row(spec=spec, plain=plain, ours=ours).ok is ok


def test_a_row_that_was_measured_in_one_lane_only_is_no_ratio() -> None:
    with pytest.raises(ValueError, match="zip"):
        _ = Row(spec=BULK, ours=(1.0,)).median


def test_other_lanes_stand_beside_ours_without_a_goal() -> None:
    sample = Sample(values={PLAIN: [10.0], OURS: [9.0], SURICATA: [5.0]})
    ours, theirs = fill([BULK], {"bulk": sample}, lanes=(PLAIN, OURS, SURICATA))
    assert (ours.spec.id, ours.median, ours.ok) == ("bulk", 0.9, False)
    assert (theirs.spec.id, theirs.median, theirs.ok) == ("bulk_suricata", 0.5, None)
    (alone,) = fill([RSS], {"rss": Sample(values={OURS: [1.0]})}, lanes=(PLAIN, OURS, SURICATA))
    assert alone.spec is RSS


def test_what_was_not_measured_says_why() -> None:
    rows = fill([BULK, RSS], unmeasured([BULK], "the lane fell"))
    assert [(row.ok, row.note) for row in rows] == [
        (False, "could not be measured: the lane fell"), (False, "it was not measured"),
    ]  # fmt: skip


def test_a_report_for_machines() -> None:
    kept = Row(spec=RSS, ours=(1.0, 2.0))
    lost = Row(spec=BULK, note="could not be measured: x")
    report = Report(host={"cores": 2}, rows=(kept, lost))
    told = report.as_json()
    assert told == {
        "host": {"cores": 2},
        "rows": [
            {"id": "rss", "unit": "MiB", "plain": [], "ours": [1.0, 2.0], "median": 1.5, "spread": 0.5, "goal": 80, "ok": True},
            {"id": "bulk", "unit": "ratio of Gbit/s", "plain": [], "ours": [], "median": None, "spread": None, "goal": 0.97,
             "ok": False, "note": "could not be measured: x"},
        ],
    }  # fmt: skip
    assert json.loads(json.dumps(told)) == told and report.missed == (lost,)


def test_lanes_turn_by_turn() -> None:
    assert by_lane([{PLAIN: 1, OURS: 2}, {OURS: 4, PLAIN: 3}], float) == {PLAIN: [1.0, 3.0], OURS: [2.0, 4.0]}


@pytest.mark.parametrize(
    ("share", "expected"),
    [pytest.param(0.0, 1, id="least"), pytest.param(0.5, 50, id="median"), pytest.param(0.99, 99, id="p99"),
     pytest.param(1.0, 100, id="most")],
)  # fmt: skip
def test_percentile_of_one_to_a_hundred(share: float, expected: float) -> None:
    assert percentile(range(1, 101), share) == expected


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)
