import pytest

from gateway.engine import judge
from gateway.model.action import Effect
from gateway.model.assessment import Evidence
from gateway.model.moment import Moment
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP, UDP
from tests.support.home import NOON, policy
from tests.support.packets import BELL, CLOUD

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
