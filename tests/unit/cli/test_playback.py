"""A recording in the place of a gateway: what is told, when, and what it is counted as."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import playback
from gateway.cli.playback import Playback
from gateway.edge.control_client import ControlError
from gateway.model.record import FlowRecord
from gateway.policy import load

TOP = Path(__file__).resolve().parents[3]
LAB = TOP / "gateway/lab"


@pytest.fixture(scope="module")
def policy() -> Any:
    return load(LAB / "household").policy


@pytest.fixture
def fast(policy: Any) -> Iterator[Playback]:
    """The shipped recording, a hundred times as fast."""
    with Playback(LAB / "recordings/home.pcap.gz", policy, speed=100.0) as made:
        yield made


def events(source: Playback, seconds: float) -> list[dict[str, Any]]:
    end, told = time.monotonic() + seconds, []
    while time.monotonic() < end:
        told += source.receive(0.01)
    return told


def test_the_recorded_home_is_judged_by_its_household(fast: Playback) -> None:
    told = events(fast, 0.5)
    flows = [event["data"] for event in told if event["event"] == "flow"]
    seen = {(flow["netcurtain"]["device_id"], flow["netcurtain"]["purpose"], flow["netcurtain"]["effect"]) for flow in flows}
    assert seen >= {
        ("front-door", "control", "pass"),
        ("front-door", "video", "refuse"),
        ("back-door", "motion-event", "drop"),
        ("kitchen-speaker", "voice", "pass"),
        ("kitchen-speaker", "telemetry", "refuse"),
        ("kitchen-speaker", "mesh-sharing", "refuse"),
        ("living-room-stick", "advertising", "refuse"),
        ("reading-chair", "cdn", "pass"),
        ("02:00:5e:10:00:06", "dns-escape", "redirect"),
    }
    assert "local" not in {purpose for _, purpose, _ in seen}, "a gateway is not asked about the home's own traffic"
    assert not [who for who, _, _ in seen if "phone" in who], "nor about trusted devices"


def test_devices_come_with_their_first_flow_and_are_what_the_household_calls_them(fast: Playback) -> None:
    assert fast.ask("devices") == []
    told = events(fast, 0.4)
    first = {}
    for number, event in enumerate(told):
        mac = event["data"]["mac"] if event["event"] == "device" else event["data"]["netcurtain"]["device"]
        first.setdefault(mac, (number, event["event"]))
    assert {kind for _, kind in first.values()} == {"device"}
    assert {device["id"] for device in fast.ask("devices")} >= {"front-door", "kitchen-speaker", "02:00:5e:10:00:06"}


def test_what_is_stopped_counts_as_held_not_as_sent(fast: Playback) -> None:
    events(fast, 0.3)
    rows = fast.ask("status")["totals"]
    stopped = [row for row in rows if row["stopped"]]
    assert stopped and all(row["held_bytes"] > 0 and row["bytes_out"] == 0 for row in stopped if not row["passed"])
    assert [row for row in rows if row["purpose"] == "voice"][0]["bytes_out"] > 90_000


def test_it_begins_again_with_other_flow_ids(fast: Playback) -> None:
    assert fast.length_s < 1.5
    told = [event["data"] for event in events(fast, fast.length_s + 0.4) if event["event"] == "flow"]
    passed = [flow for flow in told if flow["netcurtain"]["effect"] == "pass"]
    ids = [flow["flow_id"] for flow in passed]
    assert len(ids) == len(set(ids)) and ids == sorted(ids)
    first = [flow["timestamp"] for flow in passed if flow["netcurtain"] == passed[0]["netcurtain"]]
    assert len(first) >= 2 and first == sorted(first)


def test_what_is_stopped_again_is_one_flow_with_more_tries(fast: Playback) -> None:
    told = [event["data"] for event in events(fast, 0.4) if event["event"] == "flow"]
    mesh = [flow for flow in told if flow["netcurtain"]["purpose"] == "mesh-sharing"]
    assert len(mesh) > 2 and len({flow["flow_id"] for flow in mesh}) == 1
    assert [flow["netcurtain"]["attempts"] for flow in mesh] == list(range(1, len(mesh) + 1))
    held = [flow["netcurtain"]["held_bytes"] for flow in mesh]
    assert held == sorted(held) and held[0] < held[-1]
    (total,) = [row for row in fast.ask("status")["totals"] if row["purpose"] == "mesh-sharing"]
    assert (total["flows"], total["stopped"], total["held_bytes"]) == (1, len(mesh), held[-1])


def test_receive_waits_no_longer_than_it_may(policy: Any) -> None:
    with Playback(LAB / "recordings/home.pcap.gz", policy, speed=0.01) as slow:
        slow.receive(0)
        began = time.monotonic()
        assert slow.receive(0.05) == []
        assert 0.04 < time.monotonic() - began < 0.5
        assert slow.fileno() >= 0


@pytest.mark.parametrize("verb", ["pause", "view", "allow", "stop"])
def test_nothing_can_be_switched(fast: Playback, verb: str) -> None:
    with pytest.raises(ControlError, match="this is a recording"):
        fast.ask(verb, device="all")


def test_a_recording_without_a_flow_is_refused(policy: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    local = FlowRecord(
        flow_id=1, started=0.0, proto=17, src=b"\n\0\0\1", sport=68, dst=b"\n\0\0\2", dport=67, device="m", device_id="m",
        profile="careful", purpose="local", effect="pass",
    )  # fmt: skip
    monkeypatch.setattr(playback, "replay", lambda *_, **__: iter([local, local._replace(flow_id=2)]))
    with pytest.raises(ValueError, match="no flow in it crosses the curtain"):
        Playback(tmp_path / "x.pcap", policy)


def test_the_recording_is_small() -> None:
    assert (LAB / "recordings/home.pcap.gz").stat().st_size <= 300_000
