from dataclasses import replace

import pytest

from gateway.engine import judge
from gateway.model.action import Action, Effect
from gateway.model.assessment import Evidence
from gateway.model.facts import Facts
from gateway.model.moment import Moment
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP, UDP
from gateway.model.policy import Exemption, Level, RuleRef, Target
from tests.support.home import NOON, policy
from tests.support.packets import BELL, CLOUD, PHONE

CASES = [
    pytest.param("nobody.example.net", TCP, False, Effect.PASS, id="a-limit-lets-tcp-out"),
    pytest.param("nobody.example.net", UDP, False, Effect.PASS, id="and-udp"),
    pytest.param("nobody.example.net", 1, False, Effect.REFUSE, id="but-no-icmp"),
    pytest.param("nobody.example.net", 50, False, Effect.REFUSE, id="nor-esp"),
    pytest.param("nobody.example.net", 0, True, Effect.PASS, id="a-question-has-no-protocol"),
    pytest.param("metrics.example.com", TCP, False, Effect.REFUSE, id="refused"),
    pytest.param("bell.example.com", 1, False, Effect.PASS, id="outright-allowed-names-may-be-pinged"),
]


@pytest.mark.parametrize(("name", "proto", "dns", "effect"), CASES)
def test_judge(name: str, proto: int, dns: bool, effect: Effect) -> None:
    device = policy().devices[BELL].device
    evidence = Evidence(
        profile=device.profile,
        vendor=device.vendor,
        family=device.family,
        names=(Name(name, NameSource.DNS),),
        address=b"" if dns else CLOUD,
        port=0 if dns else 443,
        proto=proto,
    )
    assessment, decision = judge(policy(), device=device, evidence=evidence, moment=Moment(wall=NOON), dns=dns)
    assert decision.effect is effect
    assert decision.reason and assessment.reasons


def carrier(*, opaque: bool = True, local: bool = False) -> Evidence:
    """Plain words to an address that an allowed name led to."""
    device = policy().devices[BELL].device
    return Evidence(
        profile=device.profile,
        vendor=device.vendor,
        family=device.family,
        facts=Facts(app_proto="smtp", opaque=opaque),
        names=(Name("bell.example.com", NameSource.DNS),),
        address=CLOUD,
        port=587,
        proto=TCP,
        local=local,
    )


def test_what_anything_may_follow_does_not_inherit_the_name_of_its_address() -> None:
    device, moment = policy().devices[BELL].device, Moment(wall=NOON)
    _, decision = judge(policy(), device=device, evidence=carrier(), moment=moment)
    assert (decision.effect, str(decision.rule)) == (Effect.REFUSE, "built-in")
    assert "under a name that nobody reads" in decision.reason and "exception" in decision.would_pass_if
    for evidence in (carrier(opaque=False), carrier(local=True)):
        assert judge(policy(), device=device, evidence=evidence, moment=moment)[1].effect is Effect.PASS


def test_unless_the_household_said_so_of_this_very_address() -> None:
    known = policy().devices[BELL]
    address = Exemption(
        to=(Target(text="203.0.113.10", network=(CLOUD, 32)),), action=Action.ALLOW, ref=RuleRef(file="household.yaml")
    )
    entry = replace(known, levels=(Level(exemptions=(address,)), *known.levels))
    allowing = replace(policy(), devices={**policy().devices, BELL: entry})
    _, decision = judge(allowing, device=known.device, evidence=carrier(), moment=Moment(wall=NOON))
    assert decision.effect is Effect.PASS and decision.exempt


def test_trusted_devices_may_speak_to_proxies() -> None:
    device = policy().devices[PHONE].device
    assert judge(policy(), device=device, evidence=carrier(), moment=Moment(wall=NOON))[1].effect is Effect.PASS
