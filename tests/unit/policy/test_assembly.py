import pytest

from gateway.model.purpose import Purpose
from gateway.policy.assembly import LAST_LEVEL, assemble
from tests.support.policies import BELL, PHONE, PLUG, make_policy, small_policy


@pytest.mark.parametrize(
    "purpose, ref, depth",
    [
        ("media-streaming", "household.yaml:8", 0), ("control", "profiles/bell.yaml:11", 1), ("cdn", "household.yaml:3", 2),
        ("voice", "presets/recommended.yaml:5", 3), ("advertising", "presets/recommended.yaml:5", 3),
        ("mesh-sharing", "presets/recommended.yaml:4", 4), ("connectivity-check", "built-in", 5),
    ],
)  # fmt: skip
def test_levels_from_near_to_far(purpose: str, ref: str, depth: int) -> None:
    rule, level = small_policy().devices[BELL].table[Purpose(purpose)]
    assert (str(rule.ref), level) == (ref, depth)


def test_devices() -> None:
    devices = small_policy().devices
    assert (devices[BELL].device.vendor, devices[BELL].device.family) == ("maker", "doorbell")
    assert (devices[PHONE].device.owner, devices[PHONE].device.trusted) == ("anna", True)
    assert devices[PLUG].device.profile == "careful", "nobody said what it is"
    assert str(devices[PHONE].ref) == "household.yaml:13"


def test_a_device_adds_to_the_mixed_choices_of_its_profile() -> None:
    policy = make_policy({"household.yaml": """version: 1
devices: {door: {mac: "02:00:5e:10:00:01", profile: bell, mixed: {"app:stun": drop}, on_fault: open}}
"""})  # fmt: skip
    assert policy.devices[BELL].mixed == {"bell.example.com": "keep", "app:stun": "drop"}
    assert policy.devices[BELL].on_fault_open


CHIME = """version: 1
profile: chime
title: {en: Chime}
family: chime
like: bell
mesh_bridge: true
rules: {control: block}
mixed: {"app:stun": drop}
costs: {control: {en: No chime., evidence: made up}}
"""


def test_a_profile_that_is_like_another_says_what_differs() -> None:
    policy = make_policy({"profiles/chime.yaml": CHIME})
    chime, bell = policy.profiles["chime"], policy.profiles["bell"]
    rules = {purpose: str(chime.table[Purpose(purpose)][0].ref) for purpose in ("control", "telemetry", "advertising")}
    assert rules == {
        "control": "profiles/chime.yaml:7", "telemetry": "profiles/bell.yaml:10", "advertising": "presets/recommended.yaml:4"
    }  # fmt: skip
    assert chime.mixed == {"bell.example.com": "keep", "app:stun": "drop"}
    assert chime.costs == {**bell.costs, Purpose.CONTROL: "No chime."}
    assert [number for number, _ in chime.exceptions] == [1], "an exception of the other one, one level further away"
    assert chime.mesh_bridge and not bell.mesh_bridge


@pytest.mark.parametrize(
    "way, profile",
    [("guided", "careful"), ("careful", "careful"), ("quarantine", "quarantine"), ("observe", "observe"), ("", "careful")],
)
def test_newcomers(way: str, profile: str) -> None:
    policy = make_policy({"household.yaml": f"version: 1\nnew_devices: {way}\n" if way else "version: 1\n"})
    assert policy.newcomer_profile == profile and profile in policy.profiles
    assert policy.new_devices == (way or "guided")


def test_without_any_file_the_last_resort_holds() -> None:
    policy = assemble(())
    assert policy.profiles["careful"].levels[-1] == LAST_LEVEL
    rule, _ = policy.profiles["careful"].table[Purpose.UNKNOWN]
    assert (rule.action, rule.budget_bytes, rule.budget_window_s, rule.then_ask) == ("limit", 64_000, 3600.0, True)


def test_a_household_without_a_preset_of_that_name_has_none() -> None:
    policy = make_policy({"presets/recommended.yaml": None})
    assert len(policy.devices[BELL].levels) == 4
