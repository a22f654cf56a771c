from datetime import datetime

import pytest
from hypothesis import given

from gateway.model.policy import Policy, Schedule
from gateway.policy.schedule import is_open, minute_of, next_change, zone_of
from gateway.policy.value import parse_schedule
from tests.support.policies import BERLIN, POLICIES, WALLS, berlin, make_policy


@pytest.mark.parametrize(
    "span, minute, wanted",
    [
        ("02:00-05:00", 119, False), ("02:00-05:00", 120, True), ("02:00-05:00", 299, True), ("02:00-05:00", 300, False),
        ("22:00-06:00", 1319, False), ("22:00-06:00", 1320, True), ("22:00-06:00", 0, True), ("22:00-06:00", 360, False),
        ("00:00-24:00", 0, True), ("00:00-24:00", 1439, True),
    ],
)  # fmt: skip
def test_spans(span: str, minute: int, wanted: bool) -> None:
    assert is_open(parse_schedule(span), minute) is wanted


def test_minutes_are_local() -> None:
    assert minute_of(berlin("2026-07-01T02:30"), "Europe/Berlin") == 150
    assert minute_of(berlin("2026-07-01T02:30"), "UTC") == 30
    assert minute_of(float("nan"), "UTC") is None
    assert minute_of(1e30, "UTC") is None


@pytest.mark.parametrize("name", ["", "No/Where", "../../etc/passwd", "\0"])
def test_no_zone_is_utc(name: str) -> None:
    assert zone_of(name).key == "UTC"


def household(span: str, more: str = "") -> Policy:
    return make_policy({"presets/recommended.yaml": None, "profiles/bell.yaml": None, "household.yaml": f"""version: 1
timezone: Europe/Berlin
defaults: {{update: {{action: allow, when: "{span}"}}}}
devices: {{plug: {{mac: "02:00:5e:10:00:02"{more}}}}}
"""})  # fmt: skip


@pytest.mark.parametrize(
    "span, now, change",
    [
        pytest.param("02:00-05:00", "2026-11-22T01:00", "2026-11-22T02:00+01:00", id="opens"),
        pytest.param("02:00-05:00", "2026-11-22T02:00", "2026-11-22T05:00+01:00", id="closes"),
        pytest.param("02:00-05:00", "2026-11-22T05:00", "2026-11-23T02:00+01:00", id="opens tomorrow"),
        pytest.param("22:00-06:00", "2026-11-22T23:00", "2026-11-23T06:00+01:00", id="past midnight"),
        pytest.param("00:00-24:00", "2026-11-22T23:00", None, id="never"),
        pytest.param("02:30-05:00", "2026-03-29T01:00", "2026-03-29T03:00+02:00", id="the clocks skip the start"),
        pytest.param("01:00-02:30", "2026-03-29T01:30", "2026-03-29T03:00+02:00", id="the clocks skip the end"),
        pytest.param("02:10-02:50", "2026-03-29T01:00", "2026-03-30T02:10+02:00", id="the clocks skip the whole span"),
        pytest.param("02:30-05:00", "2026-10-25T02:45", "2026-10-25T02:00+01:00", id="the clocks go back before the start"),
        pytest.param("01:00-02:30", "2026-10-25T02:45", "2026-10-25T02:00+01:00", id="and into a span that was over"),
    ],
)
def test_next_change(span: str, now: str, change: str | None) -> None:
    found = next_change(household(span), berlin(now))
    assert found == (None if change is None else datetime.fromisoformat(change).timestamp())


def test_between_changes_nothing_changes() -> None:
    policy, span = household("02:30-05:00"), parse_schedule("02:30-05:00")
    wall, states = berlin("2026-03-28T00:00"), []
    while (change := next_change(policy, wall)) is not None and change < berlin("2026-03-31T00:00"):
        probes = [wall + (change - wall) * part / 10 for part in range(10)]
        assert len({is_open(span, minute_of(probe, "Europe/Berlin")) for probe in probes}) == 1
        states.append(datetime.fromtimestamp(change, BERLIN).strftime("%d %H:%M"))
        wall = change
    assert states == ["28 02:30", "28 05:00", "29 03:00", "29 05:00", "30 02:30", "30 05:00"]


def test_an_exception_that_ends_is_a_change() -> None:
    policy = household("00:00-24:00", ", exceptions: [{to: a.de, action: allow, until: 2026-12-24T18:00}]")
    assert next_change(policy, berlin("2026-11-22T12:00")) == berlin("2026-12-24T18:00")
    assert next_change(policy, berlin("2026-12-24T18:00")) is None


@given(policy=POLICIES, wall=WALLS)
def test_any_policy_has_a_next_change_or_none(policy: Policy, wall: float) -> None:
    change = next_change(policy, wall)
    assert change is None or change > wall


def test_schedules_are_values() -> None:
    assert parse_schedule("22:00-06:00") == Schedule(start_minute=1320, end_minute=360)
