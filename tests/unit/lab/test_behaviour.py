from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from gateway.engine.judge import judge
from gateway.lab.behaviour import Behaviour, known_gadgets, load_behaviours, parse
from gateway.lab.topology import IFNAME_CHARS
from gateway.lab.zone import load_zone
from gateway.model.assessment import Evidence
from gateway.model.device import Device, Mac
from gateway.model.moment import Moment
from gateway.model.policy import Policy, Target
from gateway.policy import load
from gateway.policy.case import evidence_of
from gateway.policy.value import parse_target

BASE = {"id": "thing", "title": "Thing", "mac": "02:00:5e:10:00:77", "host": 77, "hostname": "thing"}
ALL = load_behaviours(known_gadgets())
MADE = {behaviour.profile: behaviour for behaviour in ALL.values() if behaviour.profile}
"""Profile -> the gadget that behaves as the evidence says."""
STEPS = [
    pytest.param(name, trigger, step, id=f"{name}-{trigger}-{number}")
    for name, behaviour in ALL.items()
    for trigger, steps in behaviour.triggers.items()
    for number, step in enumerate(steps)
]
TRIGGERS = [
    pytest.param(behaviour, trigger, id=f"{profile}-{trigger}")
    for profile, behaviour in MADE.items()
    for trigger in behaviour.triggers
]
NOON = Moment(wall=1_795_348_800.0)


@dataclass(frozen=True)
class Kind:
    """What a step looks like from outside: its port, and what is spoken there."""

    port: int
    proto: str
    app: str


KINDS = {
    "tls": Kind(443, "tcp", "tls"), "http": Kind(80, "tcp", "http"), "quic": Kind(443, "udp", "quic"),
    "media": Kind(17_000, "udp", "rtp"), "udp": Kind(9, "udp", "unknown"), "ntp": Kind(123, "udp", "ntp"),
    "mqtt": Kind(1_883, "tcp", "mqtt"), "dns": Kind(53, "udp", "dns"),
}  # fmt: skip


@pytest.fixture(scope="module")
def policy() -> Policy:
    found = load().policy
    assert found is not None
    return found


def evidence(step: Mapping[str, object], device: Device) -> Evidence:
    """What the gateway would know of a step's flow."""
    name = next(key for key in step if key in KINDS)
    kind = KINDS[name]
    target = str(step["resolver"] if name == "dns" else step[name])
    to: Target = parse_target(f"{target}:{step.get('port', kind.port)}/{kind.proto}")
    return evidence_of(device, to, app="tls" if step.get("tls_inside") else kind.app)


def judged(policy: Policy, behaviour: Behaviour, trigger: str) -> Iterator[tuple[str, str]]:
    """(Purpose, effect) of each step, by day and while nobody is viewing."""
    found = policy.profiles[behaviour.profile].device
    device = Device(mac=Mac(behaviour.mac), id=behaviour.id, profile=found.profile, vendor=found.vendor, family=found.family)
    for step in behaviour.triggers[trigger]:
        assessment, decision = judge(policy, device=device, evidence=evidence(step, device), moment=NOON)
        yield str(assessment.purpose), str(decision.effect)


def test_macs_and_hosts_are_distinct() -> None:
    behaviours = ALL.values()
    assert len({one.mac for one in behaviours}) == len({(one.network, one.host) for one in behaviours}) == len(behaviours)
    ports = {one.plug(dhcp=False).port for one in behaviours}
    assert len(ports) == len(behaviours) and max(map(len, ports)) == IFNAME_CHARS


@pytest.mark.parametrize(("name", "trigger", "step"), STEPS)
def test_every_name_is_on_the_labs_internet(name: str, trigger: str, step: dict[str, object]) -> None:
    for kind in ("tls", "http", "media", "quic", "mqtt", "ntp", "doh", "udp"):
        target = str(step.get(kind, ""))
        if target and not target.replace(".", "").isdigit():
            assert target in load_zone().hosts


def test_schedules_speak_of_triggers() -> None:
    for behaviour in ALL.values():
        assert set(behaviour.schedule) <= set(behaviour.triggers)


def test_only_everyday_gadgets_come_unasked() -> None:
    assert {behaviour.id for behaviour in load_behaviours().values()} == {
        "annas-phone", "chime", "doorbell", "gizmo", "guests-phone", "old-phone", "reader", "speaker", "stick"
    }  # fmt: skip


def test_every_profile_has_a_gadget(policy: Policy) -> None:
    """``ring-bridge`` has none: nobody has published what those cameras call. Three are states of any device."""
    assert set(policy.profiles) - {"ring-bridge", "observe", "quarantine", "set-up"} == set(MADE)


@pytest.mark.parametrize(("behaviour", "trigger"), TRIGGERS)
def test_what_a_gadget_does_gets_the_verdict_its_profile_promises(policy: Policy, behaviour: Behaviour, trigger: str) -> None:
    assert {purpose: effect for purpose, effect in judged(policy, behaviour, trigger)} == behaviour.expects[trigger]


@pytest.mark.parametrize("behaviour", MADE.values(), ids=list(MADE))
def test_nothing_a_gadget_says_is_unknown(policy: Policy, behaviour: Behaviour) -> None:
    """It says only what the evidence says of it, so where its maker has a profile all of it is explained, but for relays that
    no name leads to."""
    assert set(behaviour.expects) == set(behaviour.triggers)
    purposes = {purpose for trigger in behaviour.triggers for purpose, _ in judged(policy, behaviour, trigger)}
    assert "unknown" not in purposes or not policy.profiles[behaviour.profile].device.vendor
    assert "direct-address" not in purposes or behaviour.id in ("wyze-cam", "unrecognised")


def test_an_unknown_step_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match="Available: tls"):
        parse({**BASE, "triggers": {"press": [{"telepathy": "fw.ring.com"}]}})


def test_phones_on_the_old_network_find_no_lease_from_us() -> None:
    behaviours = load_behaviours()
    assert behaviours["speaker"].plug(dhcp=True).dhcp
    assert not behaviours["old-phone"].plug(dhcp=True).dhcp
