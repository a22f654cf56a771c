import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.catalogue import catalogue
from tests.support.policies import FILES
from tests.support.seen_flows import write_ledger

RECORDING = Path(__file__).parents[3] / "gateway" / "lab" / "recordings" / "home.pcap.gz"


def run(*args: object) -> Result:
    return CliRunner().invoke(catalogue, [str(arg) for arg in args])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("catalogue/maker.yaml", "profiles/bell.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(FILES[name])
    return tmp_path


def test_lookup_tells_what_decides_and_why() -> None:
    result = run("lookup", "fw.ring.com", "--device", "ring-doorbell")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("fw.ring.com is control, also motion-event, for ring-doorbell (catalogue/ring.yaml:")
    assert lines[1] == "how ring-doorbell takes a no about control best: not known"
    assert lines[2].startswith("sources disagree: ")
    shown = {line.split("  ")[0]: line for line in lines}
    assert {"decides", "why", "devices", "breaks", "conflict", "evidence", "known too", "alone"} <= set(shown)
    assert shown["decides"].endswith("fw.ring.com: control, also motion-event")


def test_lookup_tells_how_a_device_is_best_told_no() -> None:
    said = run("lookup", "device-metrics-us.amazon.com", "--device", "kindle").stdout.splitlines()[1]
    assert said.startswith("how kindle takes a no about telemetry best: by an answer, never by silence: One report")
    assert json.loads(run("lookup", "nowhere.example.org", "--json").stdout)["advice"] == "not known"


def test_lookup_of_what_can_be_answered_and_of_a_port_that_everything_uses() -> None:
    assert "answered    GET /kindle-wifi/wifistub-eink.html: status 200" in run("lookup", "spectrum.s3.amazonaws.com").stdout
    said = run("lookup", "tcp/443", "--device", "echo").stdout
    assert "tcp/443 is unknown for echo: no row that covers it may decide" in said
    assert "tcp/443 with ALPN x-amzn-mqtt-ca: control" in said and "so it says nothing of which one" in said


def test_lookup_as_json_with_a_catalogue_of_ones_own(home: Path) -> None:
    found = json.loads(run("lookup", "bell.example.com", "--device", "bell", "--policies", home, "--json").stdout)
    assert (found["purpose"], found["rows"][0]["also"]) == ("control", ["motion-event"])


def test_a_name_that_nobody_described_is_not_found() -> None:
    result = run("lookup", "never-seen.example.net")
    assert (result.exit_code, result.stdout) == (1, "never-seen.example.net is in no row: nobody has shown what it is for\n")


@pytest.mark.parametrize(
    "args",
    [
        ("lookup",), ("lookup", "a b"), ("lookup", "fw.ring.com", "--device", "toaster"), ("coverage",),
        ("lookup", "fw.ring.com", "--policies", "/nowhere"), ("coverage", RECORDING, "--device", "x"),
        ("coverage", RECORDING, "--device", "02:00:5e:10:00:01=toaster"),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_usage(args: tuple[object, ...]) -> None:
    assert run(*args).exit_code == 2


def test_coverage_of_a_capture() -> None:
    """The recording of the virtual home, whose devices are told: its gadgets speak to evidenced names, but for one."""
    result = run("coverage", RECORDING, "--json", "--device", "02:00:5e:10:00:01=ring-doorbell")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert 0 < found["flows"]["explained"] < found["flows"]["total"]
    assert "api.gadgetcloud.example" in {line["name"] for line in found["unexplained"]}
    assert {"control", "telemetry", "time"} <= set(found["purposes"])


def test_coverage_of_a_ledger(tmp_path: Path) -> None:
    said = run("coverage", write_ledger(tmp_path / "ledger.db")).stdout.splitlines()
    assert said[0].split() == ["Flows", "Up", "Down", "Unexplained", "Why"]
    assert said[1].split()[:4] == ["2", "501", "B", "20"]
    assert said[-2] == "explained: 33.3% of 6 flows, 41.8% of 958 B up, 33.3% of 60 B down, 0.0% of 2 names"
    assert said[-1] == "stayed in the home, not counted: 2 flows"


def test_a_file_that_cannot_be_read_loses_nothing_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "junk.pcap").write_bytes(b"junk")
    result = run("coverage", tmp_path / "gone.pcap", tmp_path / "junk.pcap", RECORDING, "--json")
    assert result.exit_code == 1
    assert "gone.pcap: No such file" in result.stderr and "junk.pcap: " in result.stderr
    assert json.loads(result.stdout)["flows"]["total"] > 0


def test_many_unexplained_names_are_cut_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.catalogue.SHOWN", 1)
    assert "more (--json lists all)" in run("coverage", RECORDING).stdout
