"""What one packet costs in this process."""

from dataclasses import replace

from gateway.bench.parse import MAC, NAME, PROFILE, ROWS, in_shadow, measure, shipped
from gateway.bench.plan import QUICK
from gateway.bench.row import OURS
from gateway.engine.judge import judge
from gateway.model.action import Action, Effect
from gateway.model.moment import Moment
from gateway.policy.case import evidence_of
from gateway.policy.value import parse_target


def test_every_row_is_measured() -> None:
    samples = measure(replace(QUICK, parse_s=0.005), {})
    assert set(samples) == {spec.id for spec in ROWS}
    assert all(min(sample.values[OURS]) > 0 for sample in samples.values())


def test_a_rule_in_shadow_foresees_and_lets_pass() -> None:
    policy = in_shadow(shipped())
    device = replace(policy.profiles[PROFILE].device, mac=MAC)
    evidence = evidence_of(device, parse_target(f"{NAME}:443/tcp"))
    _, decision = judge(policy, device=device, evidence=evidence, moment=Moment(wall=1_795_348_800.0))
    assert (decision.effect, decision.would) == (Effect.PASS, Action.BLOCK)
