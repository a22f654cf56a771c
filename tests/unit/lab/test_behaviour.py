import pytest

from gateway.lab.behaviour import load_behaviours, parse
from gateway.lab.zone import load_zone

BASE = {"id": "thing", "title": "Thing", "mac": "02:00:5e:10:00:77", "host": 77, "hostname": "thing"}
STEPS = [
    pytest.param(name, trigger, step, id=f"{name}-{trigger}-{number}")
    for name, behaviour in load_behaviours().items()
    for trigger, steps in behaviour.triggers.items()
    for number, step in enumerate(steps)
]


def test_macs_and_hosts_are_distinct() -> None:
    behaviours = load_behaviours().values()
    assert len({one.mac for one in behaviours}) == len({(one.network, one.host) for one in behaviours}) == len(behaviours)


@pytest.mark.parametrize(("name", "trigger", "step"), STEPS)
def test_every_name_is_on_the_labs_internet(name: str, trigger: str, step: dict[str, object]) -> None:
    for kind in ("tls", "http", "media", "quic", "mqtt", "ntp", "doh"):
        target = str(step.get(kind, ""))
        if target and not target.replace(".", "").isdigit():
            assert target in load_zone().hosts


def test_schedules_speak_of_triggers() -> None:
    for behaviour in load_behaviours().values():
        assert set(behaviour.schedule) <= set(behaviour.triggers)


def test_an_unknown_step_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match="Available: tls"):
        parse({**BASE, "triggers": {"press": [{"telepathy": "fw.ring.com"}]}})


def test_phones_on_the_old_network_find_no_lease_from_us() -> None:
    behaviours = load_behaviours()
    assert behaviours["speaker"].plug(dhcp=True).dhcp
    assert not behaviours["old-phone"].plug(dhcp=True).dhcp
