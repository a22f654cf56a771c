import pytest

from gateway.model.action import Action, Effect
from gateway.model.purpose import Purpose
from gateway.policy.treatment import Treatment, treat
from tests.support.policies import BELL, FILES, PLUG, make_policy, small_policy

CASES = {
    "a budget and its window": (BELL, "control", "limit", "profiles/bell.yaml:8", "limit to 512 kB in 10 minutes"),
    "the rule of another file: an exception": (BELL, "control", "limit", "household.yaml:10", "limit"),
    "a viewing and how long": (BELL, "video", "owner-only", "profiles/bell.yaml:6",
                               "owner-only (viewing panel, 10 minutes, 64 kB in one flow)"),
    "a schedule that is closed": (BELL, "update", "block", "profiles/bell.yaml:9", "block"),
    "what nobody speaks of": (PLUG, "account", "limit", "built-in", "limit to 64 kB in 1 hour, then ask"),
    "no options": (BELL, "telemetry", "block", "profiles/bell.yaml:7", "block"),
}  # fmt: skip


@pytest.mark.parametrize(("mac", "purpose", "action", "rule", "said"), CASES.values(), ids=CASES)
def test_what_a_decision_comes_to(mac, purpose: str, action: str, rule: str, said: str) -> None:
    policy = small_policy()
    entry = policy.devices[mac]
    lines = {key: found.ref for key, (found, _) in entry.table.items()}
    placed = str(lines[Purpose(purpose)]) if rule.startswith("profiles") else rule
    found = treat(policy, entry.device, purpose=Purpose(purpose), action=Action(action), effect=Effect.PASS, rule=placed)
    assert (str(found), found.rule, found.passes) == (said, placed, True)


def test_within_the_home_no_budget_is_kept() -> None:
    policy = small_policy()
    entry = policy.devices[BELL]
    rule = str(entry.table[Purpose.CONTROL][0].ref)
    how = {"purpose": Purpose.CONTROL, "action": Action.LIMIT, "effect": Effect.PASS, "rule": rule}
    assert treat(policy, entry.device, **how).budget_bytes == 512_000
    assert treat(policy, entry.device, **how, bounded=False).budget_bytes == 0


def test_a_rate_is_told_beside_a_budget() -> None:
    text = FILES["household.yaml"].replace(
        "{media-streaming: allow}", "{media-streaming: {action: limit, budget: 5MB/1h, rate: 10kB/s}}"
    )
    policy = make_policy({"household.yaml": text})
    entry = policy.devices[BELL]
    rule = str(entry.table[Purpose.MEDIA_STREAMING][0].ref)
    found = treat(policy, entry.device, purpose=Purpose.MEDIA_STREAMING, action=Action.LIMIT, effect=Effect.REFUSE, rule=rule)
    assert str(found) == "limit to 5 MB in 1 hour and 10 kB a second"
    assert not found.passes


def test_a_trial_is_told_beside_the_rule() -> None:
    text = FILES["household.yaml"].replace("{media-streaming: allow}", "{telemetry: {action: drop, trial: 7d}}")
    policy = make_policy({"household.yaml": text})
    entry = policy.devices[BELL]
    how = {"purpose": Purpose.TELEMETRY, "action": Action.DROP, "effect": Effect.DROP}
    found = treat(policy, entry.device, **how, rule=str(entry.table[Purpose.TELEMETRY][0].ref))
    assert str(found) == "drop, on trial for 7 days"
    assert str(treat(policy, entry.device, **how, rule="elsewhere:1")) == "drop"


def test_what_a_rule_in_shadow_would_have_done_is_told_too() -> None:
    found = Treatment(Purpose.CONTROL, Action.ALLOW, Effect.PASS, would=Action.BLOCK)
    assert str(found) == "allow, in shadow block"


def test_where_it_was_written_is_no_part_of_what_a_device_meets() -> None:
    here, there = (Treatment(Purpose.VIDEO, Action.BLOCK, Effect.REFUSE, rule) for rule in ("a:1", "b:2"))
    assert here.met() == there.met()
    assert here.met() != here._replace(effect=Effect.DROP).met()
