"""Baselines of the bell of the small policy, from a few records."""

from gateway.engine.replay import is_home
from gateway.model.device import Device, Mac
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from gateway.policy.baseline import Baseline, draw, window_of
from gateway.policy.observed import Observed
from gateway.policy.ruling import rule_of
from tests.support.policies import FILES, NOON, make_policy, small_policy
from tests.support.records import device_of

DAY_S = 86_400.0
STRANGER = Mac("02:00:00:00:00:99")


def observe(policy: Policy, device: Device, records: list[FlowRecord]) -> Observed:
    """What its records show."""
    found = Observed(policy, device, {purpose: window_of(rule_of(policy, device, purpose)) for purpose in Purpose})
    for record in records:
        found.add(record, at_home=is_home(record.src) and is_home(record.dst))
    return found


def baseline(*records: FlowRecord, policy: Policy | None = None, device: Device | None = None, days: float = 8) -> Baseline:
    """Drawn a minute after noon from the week before; ``days`` ago the ledger first tells of the device."""
    policy = policy or small_policy()
    device = device or device_of(policy)
    now = NOON.wall + 60.0
    return draw(
        policy, device, observe(policy, device, list(records)), since=now - 7 * DAY_S, known_since=now - days * DAY_S, now=now
    )


def with_bell(rules: str, more: str = "") -> Policy:
    """The small policy, with other rules of the bell's own."""
    return make_policy({"household.yaml": FILES["household.yaml"].replace("{media-streaming: allow}", f"{rules}{more}")})
