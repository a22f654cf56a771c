"""Drafts against a small ledger, and against the recording of the virtual home."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.engine.again import AT_HOME
from gateway.model.packet import UDP
from tests.support.household import make_folder, make_gateway, ship_small_policy
from tests.support.policies import FILES, NOON
from tests.support.records import GADGET_AT, make_record

RECORDING = Path(__file__).parents[3] / "gateway" / "lab" / "recordings" / "home.pcap.gz"
RECORDED_BELL = "02:00:5e:10:00:01=bell"
PAST = [
    *(make_record(bytes_toserver=2_000, bytes_toclient=500, started=NOON.wall + second) for second in range(4)),
    make_record("telemetry", "refuse", action="block", name="a-metrics.example.com", attempts=7),
    make_record("media-streaming", action="allow", name="films.example.net", bytes_toserver=10, bytes_toclient=9_000_000),
    make_record("time", "redirect", action="answer", name="", app_proto="ntp", dport=123, proto=UDP),
    make_record("update", action="allow", name="new.example.net", started=NOON.wall - 9 * 3_600.0),
    make_record("local", action="allow", dst=GADGET_AT[:3] + b"\x09", name=""),
]  # fmt: skip
OLD = make_record("account", name="old.example.net", started=NOON.wall - 8 * 86_400.0)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ship_small_policy(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def home(shipped: Path) -> Path:
    """Settings, the policy in force, and a ledger."""
    return make_gateway(shipped, [OLD, *PAST])


@pytest.fixture
def ask(home: Path) -> Callable[..., Result]:
    """``ask(household, *options)``: whatif about a draft of this household."""

    def ask(household: str, *options: object) -> Result:
        draft = make_folder(home / "draft", household)
        words = ["whatif", "--policies", draft, "--config", home / "netcurtain.toml", *options]
        return CliRunner().invoke(main, [str(word) for word in words], prog_name="netcurtain")

    return ask


def with_rules(rules: str) -> str:
    return FILES["household.yaml"].replace("{media-streaming: allow}", rules)


def changes(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["changes"]


def test_nothing_changed_is_said_so(ask) -> None:
    result = ask(FILES["household.yaml"])
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{len(PAST)} flows, since ")
    assert (second, result.exit_code) == ("nothing would change", 0)


CHANGES = {
    "stopped": ("{media-streaming: block}", [("stopped", "media-streaming", "films.example.net", 1, 1, 9_000_000)]),
    "let out": ("{media-streaming: allow, telemetry: allow}", [("passes", "telemetry", "a-metrics.example.com", 1, 7, 0)]),
    "another manner": (
        "{media-streaming: allow, telemetry: drop}", [("manner", "telemetry", "a-metrics.example.com", 1, 7, 0)],
    ),
    "cut by a budget": (
        "{media-streaming: allow, control: {action: limit, budget: 5kB/1h}}",
        [("stopped", "control", "bell.example.com", 2, 2, 0), ("manner", "control", "bell.example.com", 2, 2, 1_000)],
    ),
    "by the hour it happened in": (
        '{media-streaming: allow, update: {action: allow, when: "12:00-24:00"}}',
        [("stopped", "update", "new.example.net", 1, 1, 0)],
    ),
    "the clock of the internet": (
        "{media-streaming: allow, time: allow}", [("passes", "time", "198.51.100.77:123/udp", 1, 1, 0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rules", "wanted"), CHANGES.values(), ids=CHANGES)
def test_what_would_change(ask, rules: str, wanted: list[tuple[object, ...]]) -> None:
    found = changes(ask(with_rules(rules), "--json"))
    keys = ("change", "purpose", "name", "flows", "tries", "bytes_in")
    assert [tuple(change[key] for key in keys) for change in found] == wanted
    assert all(change["device"] == "front-door" and change["mac"] == "02:00:5e:10:00:01" for change in found)


TOLD = "by an answer, never by silence: It stopped (a thread; low)"


def advise(home: Path) -> None:
    said = "advice:\n  telemetry: {how: answer, never: silence, en: It stopped., evidence: a thread, confidence: low}\n"
    head, _, tail = FILES["profiles/bell.yaml"].partition("advice:\n")
    (home / "shipped/profiles/bell.yaml").write_text(head + said + tail.partition("\n")[2])


def test_people_read_how_a_device_is_better_told_no(ask, home: Path) -> None:
    advise(home)
    lines = ask(with_rules("{media-streaming: allow, telemetry: drop}")).stdout.splitlines()
    assert f"  telemetry of front-door is better told no {TOLD}" in lines


@pytest.mark.parametrize(("rules", "told"), [("telemetry: drop", [TOLD]), ("telemetry: allow", [""])])
def test_only_what_goes_against_the_evidence_is_told(ask, home: Path, rules: str, told: list[str]) -> None:
    advise(home)
    found = changes(ask(with_rules(f"{{media-streaming: allow, {rules}}}"), "--json"))
    assert [change["advice"] for change in found] == told


def test_people_read_the_costs_and_what_was_not_judged(ask, home: Path) -> None:
    rows = FILES["catalogue/maker.yaml"].replace("purpose: telemetry,", "purpose: telemetry, breaks: the weather,")
    (home / "shipped/catalogue/maker.yaml").write_text(rows)
    costs = "  telemetry: {en: No more numbers., evidence: made up, confidence: low}\n"
    (home / "shipped/profiles/bell.yaml").write_text(FILES["profiles/bell.yaml"] + costs)
    lines = ask(with_rules("{telemetry: allow, local: block, media-streaming: block}")).stdout.splitlines()
    assert lines[2] == "Would be stopped: 1 flow"
    assert lines[4].split()[:8] == ["front-door", "media-streaming", "films.example.net", "1", "1", "10", "B", "9.0"]
    assert lines[4].endswith("allow -> block (household.yaml:8)")
    assert lines[6] == "Would pass: 1 flow, 7 tries"
    assert lines[9:12] == [
        "What did not work without it, as far as is known:",
        "  telemetry of front-door: No more numbers.",
        "  a-metrics.example.com: the weather",
    ]
    assert lines[13] == f"{len(PAST) - 3} flows would come out as now"
    assert lines[14] == f"could not be judged again: 1 flow of front-door: {AT_HOME}"


def test_json_has_everything(ask) -> None:
    found = json.loads(ask(with_rules("{local: block, media-streaming: block}"), "--json").stdout)
    assert (found["flows"], found["unchanged"], len(found["changes"])) == (len(PAST), len(PAST) - 2, 1)
    assert found["since"] == NOON.wall + 60.0 - 7 * 86_400.0
    assert found["present"] != found["draft"]
    assert found["not_judged"][0] | {"why": ""} == {"device": "front-door", "why": "", "flows": 1, "tries": 1}
    after = found["changes"][0]["after"]
    assert after == {
        "purpose": "media-streaming", "action": "block", "effect": "refuse", "rule": "household.yaml:8", "says": "block",
    }  # fmt: skip


def test_longer_ago(ask) -> None:
    assert json.loads(ask(FILES["household.yaml"], "--json", "--since", "9d").stdout)["flows"] == len(PAST) + 1


def test_the_present_policy_may_be_named(ask, home: Path) -> None:
    other = make_folder(home / "other", with_rules("{media-streaming: block}"))
    found = changes(ask(FILES["household.yaml"], "--json", "--present", other))
    assert [change["change"] for change in found] == ["passes"]


def test_every_fault_of_a_broken_draft_is_told_as_check_tells_it(ask, home: Path) -> None:
    result = ask('version: 1\ndefaults: {video: permit}\ndevices: {a: {mac: "x"}}\n')
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith('household.yaml:2:19: defaults.video.action: "permit" is not an action; one of: allow, ')
    assert lines[1].startswith('household.yaml:3:20: devices.a.mac: "x" is not a hardware address')
    assert lines[2].endswith(" files, 2 faults, 0 warnings")


def test_and_programs_read_them_too(ask) -> None:
    result = ask("version: 1\npreset: none\n", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["ok"], [fault["line"] for fault in found["faults"]]) == (1, False, [2])


def test_without_a_ledger(ask, home: Path) -> None:
    (home / "state/ledger.db").unlink()
    result = ask(FILES["household.yaml"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be read" in result.stderr


USAGE = {
    "no draft": ["whatif"],
    "a draft that is not there": ["whatif", "--policies", "/nowhere"],
    "files without --capture": ["whatif", "--policies", ".", "a.pcap"],
    "devices of no capture": ["whatif", "--policies", ".", "--device", "02:00:5e:10:00:01=bell"],
    "a device that is none": ["whatif", "--policies", ".", "--capture", "a.pcap", "--device", "bell"],
    "no duration": ["whatif", "--policies", ".", "--since", "yesterday"],
    "settings that are none": ["whatif", "--policies", ".", "--config", "/nowhere"],
}


@pytest.mark.parametrize("words", USAGE.values(), ids=USAGE)
def test_wrong_usage(words: list[str]) -> None:
    assert CliRunner().invoke(main, words).exit_code == 2


# Captures.


@pytest.fixture
def folders(shipped: Path) -> dict[str, Path]:
    """What newcomers get -> a policy folder."""
    words = ("observe", "guided", "quarantine")
    return {word: make_folder(shipped / word, f"version: 1\nnew_devices: {word}\n") for word in words}


def replayed(present: Path, draft: Path, *words: object) -> Result:
    given = ["whatif", "--present", present, "--policies", draft, *words]
    return CliRunner().invoke(main, [str(word) for word in given])


@pytest.mark.parametrize(("now", "then"), [("observe", "guided"), ("guided", "observe"), ("guided", "quarantine")])
def test_captures_are_judged_as_inspect_judges_them(folders: dict[str, Path], now: str, then: str) -> None:
    found = json.loads(replayed(folders[now], folders[then], "--capture", RECORDING, "--json").stdout)
    before, after = inspected(folders[now]), inspected(folders[then])
    passes = {key: (effect == "pass", after[key] == "pass") for key, effect in before.items()}
    counted = {
        kind: sum(line["flows"] for line in found["changes"] if line["change"] == kind) for kind in ("stopped", "passes")
    }
    assert counted == {
        "stopped": list(passes.values()).count((True, False)), "passes": list(passes.values()).count((False, True)),
    }  # fmt: skip
    assert max(counted.values()), "else it shows nothing"
    assert (found["flows"], found["captures"], found["not_judged"]) == (len(before), [str(RECORDING)], [])


def inspected(folder: Path) -> dict[int, str]:
    """Flow -> effect, as ``inspect`` tells it."""
    words = ["inspect", "--json", "--policies", str(folder), str(RECORDING)]
    records = [json.loads(line) for line in CliRunner().invoke(main, words).stdout.splitlines()]
    return {record["flow_id"]: record["netcurtain"]["effect"] for record in records}


def test_a_device_of_a_capture_may_be_told(folders: dict[str, Path]) -> None:
    present = folders["guided"]
    result = replayed(present, present, "--capture", RECORDING, RECORDING, "--device", RECORDED_BELL)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "nothing would change"
    assert replayed(present, present, "--capture", RECORDING, "--device", "02:00:5e:10:00:01=toaster").exit_code == 2


def test_a_capture_that_cannot_be_read_fails_and_the_others_count(folders: dict[str, Path], tmp_path: Path) -> None:
    present, draft = folders["guided"], folders["observe"]
    (tmp_path / "no.pcap").write_bytes(b"\x00" * 100)
    result = replayed(present, draft, "--capture", tmp_path / "no.pcap", "--capture", RECORDING, "--json")
    assert result.exit_code == 1
    assert "no.pcap" in result.stderr
    assert json.loads(result.stdout)["flows"] > 0
