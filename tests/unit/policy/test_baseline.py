"""A baseline lets pass what was needed, and nothing more than now: by tables, and for whatever a device did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.again import Again, Twice
from gateway.model.action import Action
from gateway.model.device import Device, Mac
from gateway.model.packet import TCP, UDP
from gateway.model.policy import Policy
from gateway.policy.baseline import LEAST_BYTES, Baseline, apply, draw, round_up
from gateway.policy.compiler import compile_file
from gateway.policy.fragment import render, write_rule
from gateway.policy.part import HouseholdPart
from gateway.policy.what_if import UNEXPLAINED, Kind, WhatIf
from tests.support.baselines import DAY_S, STRANGER, baseline, observe, with_bell
from tests.support.policies import BELL, FILES, NOON, PLUG, make_policy, small_policy
from tests.support.records import judged_record, make_flow, make_record


def rules(drawn: Baseline) -> dict[str, str]:
    return {lock.purpose: write_rule(lock.rule) if lock.rule else "" for lock in drawn.locks}


LOCKS = {
    "it passed within a budget: a smaller one": ("control", {"bytes_toserver": 30_000}, "",
                                                 "{action: limit, budget: 60kB/10m, then: ask}"),
    "so little that the least counts": ("control", {"bytes_toserver": 30}, "", "{action: limit, budget: 16kB/10m, then: ask}"),
    "no budget grows": ("control", {"bytes_toserver": 400_000}, "", "{action: limit, budget: 512kB/10m}"),
    "it was allowed outright: a budget": ("media-streaming", {"bytes_toserver": 123_456}, "",
                                          "{action: limit, budget: 250kB/1h, then: ask}"),
    "hours stay": ("update", {"bytes_toserver": 9_000}, "", '{action: limit, when: "02:00-05:00", budget: 18kB/1h, then: ask}'),
    "tried outside its hours": ("update", {"effect": "refuse", "action": "block"}, "", '{action: allow, when: "02:00-05:00"}'),
    "a budget for each flow stays one": ("control", {"bytes_toserver": 9_000}, "{control: {action: limit, budget: 1MB}}",
                                         "{action: limit, budget: 18kB, then: ask}"),
    "a rate stays": ("control", {"bytes_toserver": 9_000}, "{control: {action: limit, rate: 5kB/s}}",
                     "{action: limit, budget: 18kB/1h, rate: 5kB/s, then: ask}"),
    "refused, and stays": ("telemetry", {"effect": "refuse", "action": "block"}, "", "block"),
    "answered here": ("time", {"effect": "redirect", "action": "answer"}, "", "answer"),
    "for its owner only": ("video", {"action": "owner-only"}, "",
                           "{action: owner-only, viewing: panel, for: 10m, budget: 64kB}"),
    "it passed then, and is refused now": ("telemetry", {"action": "allow"}, "", "block"),
    "asked about, never answered": ("account", {"effect": "refuse", "action": "ask"}, "{account: ask}", "block"),
    "asked about, and let pass": ("account", {"action": "allow"}, "{account: ask}", "ask"),
    "unknown names passed": ("unknown", {"action": "limit"}, "{unknown: allow}", "ask"),
    "unknown names were refused": ("unknown", {"effect": "drop", "action": "drop"}, "{unknown: drop}", "drop"),
    "addresses without a name": ("direct-address", {"action": "limit"}, "{direct-address: allow}", "ask"),
    "pictures at home by this word": ("video", {"action": "allow", "dst": bytes([10, 0, 0, 9])}, "{video: allow}", "allow"),
    "pings of a place that is allowed outright": ("control", {"action": "allow", "proto": 1}, "{control: allow}", "allow"),
    "what holds within the home": ("local", {"action": "allow", "dst": bytes([10, 0, 0, 9])}, "", ""),
}  # fmt: skip


@pytest.mark.parametrize(("purpose", "given_", "own", "wanted"), LOCKS.values(), ids=LOCKS)
def test_what_was_used(purpose: str, given_: dict, own: str, wanted: str) -> None:
    drawn = baseline(make_record(purpose, **given_), policy=with_bell(own) if own else None)
    assert rules(drawn)[purpose] == wanted


def test_what_was_never_used_is_blocked() -> None:
    found = rules(baseline(make_record()))
    assert {purpose for purpose, rule in found.items() if rule not in ("block", "drop")} == {"control"}
    assert found["motion-event"] == "drop", "silence stays silence"


def test_all_flows_within_a_window_count() -> None:
    records = [make_record(bytes_toserver=20_000, started=NOON.wall + second) for second in (0, 599, 1_300)]
    assert rules(baseline(*records))["control"] == "{action: limit, budget: 80kB/10m, then: ask}"


def test_names_that_passed_are_not_dropped_for_another_purpose_of_theirs() -> None:
    policy = with_bell("{update: allow}", "\n    mixed: {bell.example.com: drop}")
    kept = baseline(make_record("control", also=("update",)), policy=policy)
    assert rules(kept)["update"] == "allow"
    assert dict(kept.mixed) == {"bell.example.com": "drop"}
    assert rules(baseline(make_record("control"), policy=policy))["update"] == "block"
    unknown = baseline(
        make_record("unknown", also=("unknown",)), policy=with_bell("{unknown: allow}", "\n    mixed: {bell.example.com: drop}")
    )
    assert rules(unknown)["unknown"] == "allow"


def test_a_devices_own_exceptions_stay_and_its_profiles_come_along() -> None:
    drawn = baseline(make_record())
    assert [exemption.to[0].text for exemption in drawn.exemptions] == [
        "api.example.com:443", "203.0.113.0/24", "*.partner.example.org",
    ]  # fmt: skip


def test_a_device_that_no_file_names() -> None:
    stranger = Device(mac=STRANGER, id=STRANGER, profile="bell", vendor="maker", family="doorbell")
    drawn = baseline(make_record(device=STRANGER), device=stranger)
    assert (drawn.ref, drawn.mixed, drawn.on_fault_open) == (None, {}, None)
    assert [exemption.to[0].text for exemption in drawn.exemptions] == ["*.partner.example.org"]


@pytest.mark.parametrize(("said", "wanted"), [("", None), ("open", True), ("closed", None)])
def test_what_happens_on_a_fault_stays(said: str, wanted: bool | None) -> None:
    policy = with_bell("{}", f"\n    on_fault: {said}") if said else None
    assert baseline(make_record(), policy=policy).on_fault_open is wanted


WARNINGS = {
    "watched for a week, often, and well": ({}, 60, 8, []),
    "watched for two days": ({}, 60, 2, ["2.0 days only"]),
    "few flows": ({}, 3, 8, ["only 3 flows in all", "nothing was seen"]),
    "a name nobody knows": ({"purpose": "unknown"}, 60, 8, ["1 name that nobody has shown"]),
    "an address without a name": ({"purpose": "direct-address", "name": ""}, 60, 8, ["1 address without a name"]),
    "a budget was spent": ({"effect": "refuse"}, 60, 8, ["a budget was spent for 60 flows of control"]),
    "thin evidence": ({"confidence": 0.3}, 60, 8, ["bell.example.com it is only thinly evidenced"]),
    "not seen lately": ({"started": NOON.wall - 3 * DAY_S}, 60, 8, ["nothing was seen", "last seen 3.0 days ago"]),
}


@pytest.mark.parametrize(("given_", "count", "days", "wanted"), WARNINGS.values(), ids=WARNINGS)
def test_warnings(given_: dict, count: int, days: float, wanted: list[str]) -> None:
    spread = [NOON.wall - number % 7 * DAY_S for number in range(count)]
    drawn = baseline(*(make_record(**{"started": at, **given_}) for at in spread), days=days)
    told = [warning for warning in drawn.warnings if not warning.startswith("no update was seen")]
    assert len(told) == len(wanted), told
    for text in wanted:
        assert any(text in warning for warning in told), told
    assert len(drawn.warnings) == len(told) + 1, "firmware is blocked for want of any: that is always told"


def test_of_many_doubtful_names_some_are_told() -> None:
    drawn = baseline(*(make_record(name=f"{number}.example.com", confidence=0.2) for number in range(7)))
    assert any(warning.endswith("and 2 more it is only thinly evidenced what they are for") for warning in drawn.warnings)


def test_no_word_about_updates_where_they_were_refused_anyway() -> None:
    drawn = baseline(make_record(), policy=with_bell("{update: block}"))
    assert not any("update" in warning for warning in drawn.warnings)


@pytest.mark.parametrize(("size", "wanted"), [(16_000, 16_000), (16_001, 17_000), (123_456, 130_000), (999_999, 1_000_000)])
def test_budgets_are_round(size: int, wanted: int) -> None:
    assert round_up(size) == wanted


@given(st.integers(LEAST_BYTES, 10**10))
def test_rounding_never_takes_away_and_adds_a_tenth_at_most(size: int) -> None:
    assert size <= round_up(size) <= size * 1.1


# The promise: what was needed goes on.

FLOWS = st.builds(
    make_flow,
    st.sampled_from(
        ["", *(f"{host}.example.com" for host in ("bell", "a-metrics", "api", "who", "check")), "x.partner.example.org"]
    ),
    source=st.sampled_from(["sni", "dns"]),
    app=st.sampled_from(["tls", "http", "unknown", "stun", "ntp", "mqtt", "dns"]),
    port=st.sampled_from([443, 80, 123, 53, 7_076]),
    proto=st.sampled_from([TCP, UDP, 1]),
    bytes_out=st.integers(0, 900_000) | st.integers(0, 5_000),
    bytes_in=st.integers(0, 90_000),
)
WEEKS = st.lists(st.tuples(FLOWS, st.integers(0, 7 * 86_400), st.booleans()), min_size=1, max_size=25)
POLICIES = {
    "the small policy": small_policy(),
    "another": with_bell(
        '{control: allow, account: ask, video: allow, cdn: {action: limit, budget: 20kB}, unknown: allow, time: allow}',
        "\n    mixed: {bell.example.com: drop}",
    ),
    "everything is let pass": make_policy(
        {"household.yaml": FILES["household.yaml"].replace("profile: bell", "profile: observe")}
    ),
}  # fmt: skip


def locked(policy: Policy, drawn: Baseline) -> Policy:
    """The policy with the baseline in force, read as the gateway reads it."""
    text = render(drawn, heading=(), zone=policy.timezone)
    compiled = compile_file("devices.d/x.yaml", text.encode(), zone=policy.timezone)
    assert isinstance(compiled.part, HouseholdPart), (compiled.faults, text)
    return apply(policy, compiled.part.devices[0])


@pytest.mark.parametrize("which", POLICIES)
@pytest.mark.parametrize("mac", [BELL, PLUG, STRANGER])
@given(week=WEEKS)
def test_nothing_that_was_needed_stops_and_nothing_new_passes(which: str, mac: Mac, week) -> None:
    policy = POLICIES[which]
    entry = policy.devices.get(mac)
    device = entry.device if entry else Device(mac=mac, id=mac, profile="bell", vendor="maker", family="doorbell")
    start = NOON.wall - 7 * DAY_S
    records = [
        judged_record(policy, flow, device=device, at=start + second, viewing=viewing)
        for flow, second, viewing in sorted(week, key=lambda one: one[1])
    ]
    drawn = draw(policy, device, observe(policy, device, records), since=start, known_since=start, now=NOON.wall)
    again, found = Again(policy, locked(policy, drawn)), WhatIf()
    for record in records:
        twice = again.judge(record)
        assert isinstance(twice, Twice), twice
        found.add(record, *twice)
    changes = found.changes()
    assert not [change for change in changes if change.kind is Kind.PASSES]
    stopped = [change for change in changes if change.kind is Kind.STOPPED]
    assert {change.before.purpose for change in stopped} <= UNEXPLAINED, stopped


def test_a_lock_is_a_lock() -> None:
    """The promise could be kept by allowing everything: what the device never did is stopped."""
    policy = small_policy()
    strict = locked(policy, baseline(make_record(bytes_toserver=900)))
    before = make_record("media-streaming", action="allow", name="films.example.net")
    found = Again(policy, strict).judge(before)
    assert isinstance(found, Twice)
    assert (found.before.action, found.after.action, found.after.passes) == (Action.ALLOW, Action.BLOCK, False)


def test_applying_to_a_device_that_no_file_names() -> None:
    stranger = Device(mac=STRANGER, id=STRANGER, profile="bell", vendor="maker", family="doorbell")
    policy = locked(small_policy(), baseline(make_record(device=STRANGER), device=stranger))
    entry = policy.devices[STRANGER]
    assert (entry.device.profile, entry.device.id, entry.costs) == (
        "bell", "device-020000000099", small_policy().profiles["bell"].costs,
    )  # fmt: skip
    assert entry.levels[1:] == small_policy().profiles["bell"].levels
