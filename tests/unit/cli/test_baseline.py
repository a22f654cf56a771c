"""Baselines of devices in a small ledger: what is printed, written, warned of – and that it does what it promises."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.model.packet import UDP
from gateway.model.record import FlowRecord
from gateway.policy import load
from tests.support.household import make_folder, make_gateway, ship_small_policy
from tests.support.policies import BELL, FILES, NOON, PHONE, small_policy
from tests.support.records import device_of, judged_record, make_flow, make_record, write_ledger

DAY_S, HOUR_S = 86_400.0, 3_600.0
STRANGER = "02:00:00:00:00:99"


def week() -> list[FlowRecord]:
    """What the bell does in a week: a command, a number that is refused and the time, every hour; a name that nobody knows."""
    policy = small_policy()
    hourly = (
        make_flow("bell.example.com", bytes_out=3_000, bytes_in=5_000), make_flow("a-metrics.example.com"),
        make_flow(app="ntp", port=123, proto=UDP),
    )  # fmt: skip
    times = [NOON.wall - 7 * DAY_S + (hour + 0.5) * HOUR_S for hour in range(7 * 24)]
    found = [judged_record(policy, flow, device=device_of(policy), at=at) for at in times for flow in hourly]
    found.append(make_record("unknown", "refuse", action="ask", name="who.example.net", started=NOON.wall - HOUR_S))
    stranger = {"device": STRANGER, "device_id": STRANGER, "profile": "careful"}
    found.append(make_record("cdn", name="cdn.example.net", bytes_toserver=9, **stranger))
    found.append(make_record(device=PHONE, device_id="annas-phone"))
    return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, the policy in force, and a ledger of a week."""
    ship_small_policy(tmp_path, monkeypatch)
    return make_gateway(tmp_path, week())


@pytest.fixture
def ask(home: Path) -> Callable[..., Result]:
    def ask(*words: object) -> Result:
        given = [str(word) for word in words]
        return CliRunner().invoke(main, [*given, "--config", str(home / "netcurtain.toml")], prog_name="netcurtain")

    return ask


def test_it_is_printed_and_what_to_know_is_said_beside_it(ask) -> None:
    result = ask("baseline", "front-door")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("# What front-door was seen to need, by purpose: drawn by `netcurtain baseline` on 2026-11-22")
    assert (
        "# Read it, then put it in the place of front-door's entry (household.yaml:5); keep its title, if it has one." in lines
    )
    rules = [line.strip() for line in lines if line.startswith("      ") and "#" not in line[:8]]
    most = "at most 3,000 bytes up within 10 minutes, the least budget there is"
    assert f"control: {{action: limit, budget: 16kB/10m, then: ask}}  # {most}" in rules
    assert "telemetry: block  # stays" in rules
    assert "time: answer  # stays" in rules
    assert "media-streaming: block  # never used; allow so far" in rules
    assert result.stderr.splitlines() == [
        "warning: no update was seen, so none will come: allow it where you want new firmware",
        "warning: it spoke to 1 name that nobody has shown the purpose of: listed as comments, not allowed",
        "tried on the same 505 flows: nothing that passed for a known purpose would be stopped",
    ]


def test_whatif_over_the_same_ledger_says_that_nothing_needed_stops(ask, home: Path) -> None:
    """As a household would do it: the file in the place of the entry, and the question asked of the whole."""
    assert ask("baseline", "front-door", "--out", home / "bell.yaml").exit_code == 0
    household = FILES["household.yaml"]
    entry = household.index("  front-door:"), household.index("  plug:")
    draft = make_folder(home / "draft", household[: entry[0]] + household[entry[1] :])
    (draft / "devices.d").mkdir()
    (home / "bell.yaml").rename(draft / "devices.d/bell.yaml")
    assert load(draft, shipped=home / "shipped").faults == ()
    found = json.loads(ask("whatif", "--policies", draft, "--json").stdout)
    assert (found["flows"], found["not_judged"]) == (507, [])
    assert {change["change"] for change in found["changes"]} == {"manner"}, "budgets are smaller, nothing else"
    assert sum(change["flows"] for change in found["changes"]) == 168


def test_a_device_that_no_file_names(ask, home: Path) -> None:
    result = ask("baseline", STRANGER.upper(), "--out", home / "x.yaml")
    assert result.exit_code == 0, result.output
    text = (home / "x.yaml").read_text()
    assert "put it into devices.d/device-020000000099.yaml; the name is yours to choose." in text
    assert "profile: careful" in text
    draft = make_folder(home / "draft")
    (draft / "devices.d").mkdir()
    (draft / "devices.d/x.yaml").write_text(text)
    loaded = load(draft, shipped=home / "shipped")
    assert loaded.faults == () and loaded.policy is not None
    assert loaded.policy.devices[STRANGER].device.id == "device-020000000099"
    assert "it was watched for 0.0 days only" in result.stderr
    assert "only 1 flow in all" in result.stderr


def test_programs_read_everything(ask) -> None:
    result = ask("baseline", BELL, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert (found["device"], found["mac"], found["profile"], found["flows"], found["days"]) == (
        "front-door",
        BELL,
        "bell",
        505,
        8,
    )
    assert found["tried"] == {"flows": 505, "stopped": [], "let_out": [], "unexplained": 0}
    control = next(one for one in found["purposes"] if one["purpose"] == "control")
    assert control == {
        "purpose": "control", "was": "limit", "rule": "{action: limit, budget: 16kB/10m, then: ask}",
        "why": "at most 3,000 bytes up within 10 minutes, the least budget there is", "flows": 168, "tries": 168, "passed": 168,
        "answered": 0, "spent": 0, "bytes_out": 504_000, "bytes_in": 840_000, "most_in_window_bytes": 3_000,
        "most_in_flow_bytes": 3_000,
        "names": [{"name": "bell.example.com", "flows": 168, "tries": 168, "bytes_out": 504_000, "bytes_in": 840_000,
                   "confidence": control["names"][0]["confidence"]}],
    }  # fmt: skip
    unused = next(one for one in found["purposes"] if one["purpose"] == "voice")
    assert unused == {
        "purpose": "voice",
        "was": "owner-only",
        "rule": "block",
        "why": "never used; owner-only so far",
        "flows": 0,
    }
    assert found["document"].startswith("# What front-door was seen to need")


def test_a_shorter_time_is_warned_of(ask) -> None:
    result = ask("baseline", "front-door", "--since", "1d")
    assert "warning: it was watched for 1.0 days only: what it does once a week was not seen" in result.stderr
    assert "# Warning: it was watched for 1.0 days only" in result.stdout


def test_what_passed_and_nobody_can_explain_is_counted(ask, home: Path) -> None:
    records = [*week(), make_record("unknown", action="allow", name="who.example.net", bytes_toserver=70)]
    (home / "state/ledger.db").unlink()
    write_ledger(home / "state/ledger.db", records, now=NOON.wall)
    (home / "present/household.yaml").write_text(
        FILES["household.yaml"].replace("{media-streaming: allow}", "{unknown: allow}")
    )
    result = ask("baseline", "front-door")
    assert result.exit_code == 0
    assert "warning: 2 flows to what nobody has shown the purpose of passed so far, and would not" in result.stderr
    assert "unknown: ask" in result.stdout
    assert '- {to: "who.example.net:443", action: allow, why: to be found out}' in result.stdout


def test_a_file_is_never_written_over_unless_told_so(ask, home: Path) -> None:
    out = home / "mine.yaml"
    out.write_text("mine")
    result = ask("baseline", "front-door", "--out", out)
    assert (result.exit_code, out.read_text()) == (2, "mine")
    assert "--force" in result.stderr
    result = ask("baseline", "front-door", "--out", out, "--force")
    assert (result.exit_code, out.read_text()[:7]) == (0, "# What ")
    assert result.stdout == f"{out}: written; read it, then ask `netcurtain whatif` what it would change\n"
    assert sorted(path.name for path in home.iterdir() if path.name.startswith(".")) == []


FAILURES = {
    "a device that is not there": (["baseline", "back-door"], "the ledger tells nothing of 'back-door'"),
    "a device that was silent": (["baseline", "plug"], "the ledger tells nothing of 'plug'"),
    "a trusted device": (["baseline", "annas-phone"], "annas-phone is a trusted household device"),
    "a place that cannot be written": (
        ["baseline", "front-door", "--out", "/nowhere/x.yaml"], "/nowhere/x.yaml cannot be written",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("words", "told"), FAILURES.values(), ids=FAILURES)
def test_failures(ask, words: list[str], told: str) -> None:
    result = ask(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr


def test_without_a_ledger(ask, home: Path) -> None:
    (home / "state/ledger.db").unlink()
    result = ask("baseline", "front-door")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be read" in result.stderr


def test_under_a_broken_policy(ask, home: Path) -> None:
    (home / "present/household.yaml").write_text("version: 2\n")
    result = ask("baseline", "front-door")
    assert result.exit_code == 1
    assert result.stdout.startswith("household.yaml:1:10: version:")


def test_one_that_does_not_hold_is_not_praised(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the two ever disagree, the trial says so, and the exit code too."""
    from gateway.cli import baseline

    def careless(*args: object, **more: object) -> str:
        rules = "{control: block, telemetry: allow}"
        return f'version: 1\ndevices: {{front-door: {{mac: "{BELL}", profile: bell, rules: {rules}}}}}\n'

    monkeypatch.setattr(baseline, "render", careless)
    result = ask("baseline", "front-door")
    assert result.exit_code == 1
    assert "it would stop what passed: control to bell.example.com, 168 flows" in result.stderr
    assert "it would let pass what is stopped: telemetry to a-metrics.example.com, 168 flows" in result.stderr
    assert "nothing that passed" not in result.stderr
