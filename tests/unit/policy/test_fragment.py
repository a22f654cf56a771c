from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.action import Action
from gateway.model.policy import Exemption, Rule, RuleRef, Schedule
from gateway.model.purpose import Purpose
from gateway.policy.compiler import compile_file
from gateway.policy.fragment import NAMES_SHOWN, SUGGESTED, name_of, render, write_exception, write_rule
from gateway.policy.part import HouseholdPart
from gateway.policy.value import parse_target
from tests.support.baselines import STRANGER, baseline, with_bell
from tests.support.policies import FILES, berlin, make_policy
from tests.support.records import make_record

HERE = RuleRef(file="x")


def read(text: str):
    """The device of a file, as the gateway reads it; the test fails where it holds a fault."""
    compiled = compile_file("devices.d/x.yaml", text.encode(), zone="Europe/Berlin")
    assert isinstance(compiled.part, HouseholdPart), (compiled.faults, text)
    return compiled.part.devices[0]


RULES = st.builds(
    Rule,
    action=st.sampled_from(list(Action)),
    ref=st.just(HERE),
    when=st.none() | st.builds(Schedule, start_minute=st.integers(0, 700), end_minute=st.integers(701, 1_439)),
    budget_bytes=st.integers(0, 10**6),
    budget_window_s=st.integers(0, 86_400).map(float),
    rate_bytes_s=st.integers(0, 10**6),
    then_ask=st.booleans(),
    viewing=st.sampled_from(["panel", "evidence"]),
    viewing_s=st.integers(1, 7_200).map(float),
    trial_s=st.sampled_from([0.0, 3 * 86_400.0]),
)


@given(RULES)
def test_a_rule_is_written_as_it_is_read(rule: Rule) -> None:
    written = write_rule(
        rule if rule.action in (Action.ALLOW, Action.LIMIT, Action.OWNER_ONLY, Action.ANSWER) else replace(rule, when=None)
    )
    assert write_rule(Rule(action=Action.BLOCK, ref=rule.ref, shadow=True)) == "{action: block, shadow: true}"
    device = read(f'version: 1\ndevices:\n  x: {{mac: "02:00:5e:10:00:01", rules: {{video: {written}}}}}\n')
    found = device.level.rules[Purpose.VIDEO]
    assert write_rule(found) == written
    assert (found.action, found.budget_bytes) == (rule.action, rule.budget_bytes if "budget" in written else 0)


def test_an_exception_is_written_as_it_is_read() -> None:
    exemption = Exemption(
        to=(parse_target("*.example.com:443/tcp"), parse_target("[2001:db8::1]:53")), action=Action.ALLOW, ref=HERE,
        until=berlin("2026-12-24T18:00"), why='a "trial": # of it',
    )  # fmt: skip
    line = write_exception(exemption, "Europe/Berlin")
    assert "2026-12-24T18:00:00+01:00" in line
    (found,) = read(
        f'version: 1\ndevices:\n  x:\n    mac: "02:00:5e:10:00:01"\n    exceptions:\n    - {line}\n'
    ).level.exemptions
    assert replace(found, ref=HERE) == exemption


def test_the_whole_file() -> None:
    policy = with_bell("{telemetry: allow}", "\n    confirmed: true\n    on_fault: open\n    mixed: {bell.example.com: drop}")
    drawn = baseline(
        make_record(bytes_toserver=30_000, bytes_toclient=1_234_567, attempts=2),
        make_record("time", "redirect", action="answer", name="clock.example.net"),
        make_record("unknown", "refuse", action="ask", name="who.example.net"),
        policy=policy,
    )
    text = render(drawn, heading=("Drawn today.", ""), zone=policy.timezone)
    lines = text.splitlines()
    assert lines[:3] == ["# Drawn today.", "#", "# Warning: on 6 of 7 days nothing was seen of it."]
    for line in (
        "  front-door:",
        '    mac: "02:00:5e:10:00:01"',
        "    profile: bell",
        "    confirmed: true",
        "    on_fault: open",
        '    mixed: {"bell.example.com": drop}',
        "      # control: 1 flow (2 tries): 1 passed; 30 kB up, 1.23 MB down",
        "      #   bell.example.com: 2 times, 30 kB up, 1.23 MB down, confidence 0.90",
        "      control: {action: limit, budget: 60kB/10m, then: ask}  # at most 30,000 bytes up within 10 minutes, times 2",
        "      # time: 1 flow: 1 answered here; 0 B up, 0 B down",
        "      telemetry: block  # never used; allow so far",
    ):
        assert line in lines, text
    assert '    #   - {to: "who.example.net:443", action: allow, why: to be found out}  # 1 time, 0 B up' in text
    device = read(text)
    assert (device.id, device.confirmed, device.on_fault_open) == ("front-door", True, True)
    assert len(device.level.exemptions) == 3
    assert set(device.level.rules) == set(Purpose)


def test_names_have_an_end() -> None:
    many = [make_record(purpose, name=f"n{number}.example.com") for number in range(40) for purpose in ("control", "unknown")]
    text = render(baseline(*many), heading=(), zone="UTC")
    assert f"#   and {40 - NAMES_SHOWN} more" in text and f"#   and {40 - SUGGESTED} more" in text
    read(text)


def test_without_exceptions_of_its_own_the_suggestions_are_a_whole_list() -> None:
    household = FILES["household.yaml"]
    cut = household.index("    exceptions:"), household.index("  plug:")
    text = household[: cut[0]] + household[cut[1] :]
    policy = make_policy({"household.yaml": text, "profiles/bell.yaml": _without_exceptions(FILES["profiles/bell.yaml"])})
    drawn = baseline(make_record("direct-address", name=""), policy=policy)
    written = render(drawn, heading=(), zone="UTC")
    assert '    # exceptions:\n    #   - {to: "198.51.100.77:443/tcp", action: allow' in written
    uncommented = written.replace("    # exceptions:", "    exceptions:").replace("    #   - {to", "      - {to")
    assert [exemption.to[0].text for exemption in read(uncommented).level.exemptions] == ["198.51.100.77:443/tcp"]


def _without_exceptions(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "exceptions:" not in line and "- {to:" not in line) + "\n"


NASTY = st.text(max_size=60) | st.sampled_from(["x\ny: z", "a\x85b", "a b", "a#b", "*.x", "}", '"'])


@given(NASTY, NASTY)
def test_what_a_device_calls_itself_stays_a_comment(name: str, other: str) -> None:
    records = (make_record("unknown", name=name), make_record(name=other), make_record("telemetry", "refuse", name=name))
    text = render(baseline(*records), heading=(), zone="UTC")
    device = read(text)
    assert (device.id, set(device.level.rules)) == ("front-door", set(Purpose))
    assert len(device.level.exemptions) == 3


@pytest.mark.parametrize(("named", "wanted"), [(True, "front-door"), (False, "device-020000000099")])
def test_what_it_is_called(named: bool, wanted: str) -> None:
    drawn = baseline(make_record())
    drawn = drawn if named else replace(drawn, ref=None, device=replace(drawn.device, mac=STRANGER, id=STRANGER))
    assert name_of(drawn) == wanted
    assert read(render(drawn, heading=(), zone="UTC")).id == wanted
