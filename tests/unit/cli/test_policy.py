import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import policy
from tests.support.policies import FILES

TOP = Path(__file__).parents[3]
EXAMPLE = TOP / "policies" / "household.example.yaml"


def run(command: str, *args: object) -> Result:
    return CliRunner().invoke(getattr(policy, command), [str(arg) for arg in args])


@pytest.fixture(autouse=True)
def no_household(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine that runs the tests may have one of its own."""
    monkeypatch.setattr(policy, "HOUSEHOLD", tmp_path / "none")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        if not name.startswith("presets"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def broken(home: Path) -> Path:
    (home / "household.yaml").write_text('version: 1\ndefaults: {video: permit}\ndevices: {a: {mac: "x"}}\n')
    return home


def test_check_says_that_all_is_well(home: Path) -> None:
    result = run("check", home)
    assert result.exit_code == 0
    assert result.stdout.endswith(" files, 0 faults, 0 warnings\n")


def test_check_tells_every_fault(broken: Path) -> None:
    result = run("check", broken)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith('household.yaml:2:19: defaults.video.action: "permit" is not an action; one of: allow, ')
    assert lines[1].startswith('household.yaml:3:20: devices.a.mac: "x" is not a hardware address')
    assert lines[2].endswith(" files, 2 faults, 0 warnings")


def test_check_as_json(broken: Path) -> None:
    (broken / "household.yml").write_text("")
    found = json.loads(run("check", "--json", broken).stdout)
    assert (found["ok"], found["digest"], len(found["faults"]), len(found["warnings"])) == (False, None, 2, 1)
    assert found["faults"][0] | {"choices": [], "text": ""} == {
        "file": "household.yaml",
        "line": 2,
        "column": 19,
        "path": "defaults.video.action",
        "value": "permit",
        "message": "is not an action",
        "choices": [],
        "suggestion": "",
        "text": "",
    }
    assert json.loads(run("check", "--json").stdout)["ok"]


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_directory_that_is_not_there_is_wrong_usage(command: str, tmp_path: Path) -> None:
    assert run(command, tmp_path / "gone").exit_code == 2


def test_the_shipped_files_are_right() -> None:
    result = run("check")
    assert result.exit_code == 0, result.stdout


def test_the_example_is_right_and_does_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "household.yaml").write_text(EXAMPLE.read_text())
    result = run("check", tmp_path)
    assert result.exit_code == 0, result.stdout
    told = json.loads(run("explain", "--json", "--policies", tmp_path, "--device", "front-door", "--to", "203.0.113.9").stdout)
    assert (told["effect"], told["rule"].partition(":")[0]) == ("drop", "household.yaml")


def test_cases_pass_and_fail(home: Path) -> None:
    (home / "cases").mkdir()
    (home / "cases/door.yaml").write_text("""
- {id: bell-rings, given: {device: front-door, to: bell.example.com}, expect: {action: limit, mixed: true}}
- {id: no-metrics, given: {device: front-door, to: a-metrics.example.com}, expect: {action: allow}}
""")
    result = run("test", home)
    assert result.exit_code == 1
    first, last = result.stdout.splitlines()
    assert first.startswith(
        "cases/door.yaml:3: no-metrics: expected action allow, was block – telemetry is blocked for front-door"
    )
    assert last == "1 passed, 1 failed"
    found = json.loads(run("test", "--json", home).stdout)
    assert (found["passed"], found["failed"], [case["ok"] for case in found["cases"]]) == (1, 1, [True, False])


def test_the_shipped_cases_pass() -> None:
    result = run("test")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.endswith(" passed, 0 failed\n")


def test_no_cases_run_on_broken_files(broken: Path) -> None:
    result = run("test", broken)
    assert result.exit_code == 1 and "permit" in result.stderr and "passed" not in result.stdout


@pytest.mark.parametrize(
    "args, wanted",
    [
        pytest.param(
            ["--to", "a-metrics.example.com"], {"purpose": "telemetry", "action": "block", "effect": "refuse"}, id="name"
        ),
        pytest.param(["--to", "203.0.113.9:443"], {"action": "drop", "address": "203.0.113.9:443/tcp"}, id="address"),
        pytest.param(
            ["--to", "[2001:db8::1]:53", "--proto", "udp"], {"address": "[2001:db8::1]:53/udp"}, id="IPv6 and protocol"
        ),
        pytest.param(["--to", "2001:db8::1", "--proto", "udp"], {"address": "[2001:db8::1]:443/udp"}, id="IPv6 without a port"),
        pytest.param(["--to", "api.example.com", "--at", "2026-12-24T17:00"], {"action": "allow"}, id="before"),
        pytest.param(["--to", "api.example.com", "--at", "2026-12-24T19:00"], {"action": "ask"}, id="after"),
        pytest.param(
            ["--to", "198.51.100.9:3478", "--app", "stun"], {"purpose": "video", "action": "owner-only"}, id="application"
        ),
    ],
)
def test_explain(home: Path, args: list[str], wanted: dict[str, str]) -> None:
    (home / "presets").mkdir()
    (home / "presets/recommended.yaml").write_text(FILES["presets/recommended.yaml"])
    result = run("explain", "--json", "--policies", home, "--device", "front-door", *args)
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert {key: told[key] for key in wanted} == wanted


def test_explain_in_words(home: Path) -> None:
    result = run("explain", "--policies", home, "--device", "bell", "--to", "bell.example.com")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "device     a-bell (bell)"
    assert "also motion-event" in result.stdout


@pytest.mark.parametrize(
    "args, hint",
    [
        pytest.param([], "FLOW_ID, or both --device and --to", id="nothing"),
        pytest.param(["--device", "front-door"], "FLOW_ID, or both", id="half"),
        pytest.param(["7", "--to", "a.de"], "either FLOW_ID, or", id="both"),
        pytest.param(["--device", "back-door", "--to", "a.de"], "annas-phone, front-door", id="no such device"),
        pytest.param(["--device", "front-door", "--to", "a..de"], '"a..de" is not a target', id="no name"),
        pytest.param(["--device", "front-door", "--to", "a.de", "--at", "now"], '"now" is not a date and time', id="no time"),
        pytest.param(["--device", "front-door", "--to", "*.a.de"], "many destinations", id="a suffix"),
        pytest.param(["--device", "front-door", "--to", "a.de", "--proto", "sctp"], "sctp", id="no protocol"),
    ],
)
def test_wrong_usage(home: Path, args: list[str], hint: str) -> None:
    result = run("explain", "--policies", home, *args)
    assert result.exit_code == 2
    assert hint in " ".join(result.stderr.split())


def test_explain_asks_the_gateway_about_a_flow(tmp_path: Path) -> None:
    result = run("explain", "7", "--control", tmp_path / "no.sock")
    assert result.exit_code == 1
    assert "not running" in result.stderr


def test_the_answer_of_the_gateway_in_words() -> None:
    flow = {
        "dest_ip": "203.0.113.9",
        "dest_port": 443,
        "proto": "TCP",
        "netcurtain": {
            "device_id": "front-door",
            "profile": "bell",
            "purpose": "telemetry",
            "confidence": 0.5,
            "server_name": None,
            "name_source": None,
            "action": "block",
            "rule": "r:1",
            "effect": "refuse",
            "reason": "so",
        },
    }
    assert list(policy._flow_lines({"flow": flow, "grant": "", "would_pass_if": "not so"})) == [
        "device     front-door (bell)",
        "purpose    telemetry, confidence 0.50",
        "name       none",
        "address    203.0.113.9 port 443/tcp",
        "rule       block (r:1)",
        "effect     refuse",
        "why        so",
        "passes if  not so",
    ]


def test_schema() -> None:
    assert run("schema").stdout == (TOP / "policies" / "schema.json").read_text()
