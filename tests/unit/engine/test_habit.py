"""What a device did before."""

import pytest

from gateway.engine.habit import REMEMBERED_S, Habit, habit_of, place_of
from gateway.model.device import Mac
from gateway.model.event import Now
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord

BELL = Mac("02:00:5e:10:00:01")
WALL = 1_800_000_000.0
NOW = Now(50.0, WALL)


def flow(
    ago_s: float, *, name: str = "beat.example.com", purpose: str = "control", effect: str = "pass", **more: object
) -> FlowRecord:
    given = {"device": BELL, "device_id": "bell", "profile": "bell", "server_name": name or None, **more}
    plain = {"flow_id": 1, "proto": 6, "src": bytes(4), "sport": 1, "dst": b"\xc0\x00\x02\x01", "dport": 443}
    return FlowRecord(started=WALL - ago_s, purpose=purpose, effect=effect, **plain, **given)  # type: ignore[arg-type]


def habit(*flows: FlowRecord, now: Now = NOW) -> Habit:
    return habit_of(flows, BELL, Purpose.TELEMETRY, now, least_s=100.0)


def test_rates_are_of_the_purpose_and_of_all_others_that_pass() -> None:
    refused = flow(600, purpose="telemetry", effect="refuse", attempts=20)
    others = [flow(ago, name="") for ago in (500, 100)]
    found = habit(refused, *others, flow(50, local=True), flow(40, device="02:00:5e:10:00:02"), flow(30, effect="refuse"))
    assert (found.retries, found.reconnects, found.beats) == (2.0, 0.2, {})


@pytest.mark.parametrize(
    "ago, beat_s",
    [
        pytest.param((610, 310, 10), None, id="too few"),
        pytest.param((1_300, 1_000, 690, 400, 100), 300.0, id="a beat"),
        pytest.param((1_300, 1_000, 690, 400, 370), None, id="not regular"),
        pytest.param((2_300, 2_000, 1_690, 1_400, 1_100), None, id="over already"),
        pytest.param((102, 101.8, 101.6, 101.4, 0.1), None, id="a burst"),
    ],
)
def test_beats(ago: tuple[float, ...], beat_s: float | None) -> None:
    found = habit(*map(flow, ago)).beats.get("beat.example.com")
    assert found == (beat_s if beat_s is None else pytest.approx(beat_s, rel=0.05))


@pytest.mark.parametrize(
    "ago, now",
    [((90,), NOW), ((REMEMBERED_S + 1,), NOW), ((-5,), NOW), ((600,), Now(50.0, WALL, False))],
    ids=["too little seen", "too long ago", "the clock was set back", "the clock is not believed"],
)
def test_what_is_not_known_is_not_said(ago: tuple[float, ...], now: Now) -> None:
    assert habit(*map(flow, ago), now=now) == Habit()


def test_places_have_names() -> None:
    assert place_of(flow(1)) == "beat.example.com"
    assert place_of(flow(1, name="")) == "192.0.2.1 port 443"
