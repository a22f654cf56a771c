import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import systems
from gateway.policy.decide import POSSIBLE_MESH
from gateway.settings import Settings
from tests.support.seen_flows import flow, write_ledger

SHIPPED = ["amazon-halo", "amazon-rekognition", "amazon-shopping", "amazon-sidewalk", "ring-neighbors"]


@pytest.fixture(autouse=True)
def household(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine that runs the tests may be a gateway."""
    monkeypatch.setattr(systems, "HOUSEHOLD", tmp_path)
    monkeypatch.setattr(systems, "Settings", lambda: Settings(state_dir=tmp_path))
    return tmp_path / "systems"


def run(*args: str) -> Result:
    return CliRunner().invoke(systems.systems, args)


def test_all_of_them() -> None:
    lines = run().stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == SHIPPED
    assert [sheet["system"] for sheet in json.loads(run("--json").stdout)["systems"]] == SHIPPED


def test_a_sheet_says_what_is_known_and_what_not() -> None:
    said = run("amazon-halo").stdout
    for title in ("What is known", "What the gateway does", "What it cannot", "What to switch off", "Evidence (low)"):
        assert f"\n{title}\n" in said
    assert "  Nothing. No destination of the band" in said
    assert "\nNames\n" not in said, "where nothing is known, nothing is invented"


@pytest.mark.parametrize("language, words", [("en", "possible mesh"), ("de", "Obergrenzen"), ("ar", "حدود أمازون")])
def test_in_the_languages_of_the_panel(language: str, words: str) -> None:
    said = run("amazon-sidewalk", "--language", language).stdout
    assert words in " ".join(said.split())
    assert "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com" in said
    assert all(len(line) <= systems.WIDTH for line in said.splitlines())


def test_one_as_json() -> None:
    sheet = json.loads(run("amazon-sidewalk", "--json").stdout)
    assert sheet["names"] == ["amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com"]
    assert set(sheet["known"]) == {"en", "de", "ar"}
    assert "possible-mesh-sharing-by-an-unknown-name" in sheet["cases"]


def test_an_unknown_system_is_wrong_usage_and_lists_the_choices() -> None:
    result = run("skynet")
    assert result.exit_code == 2
    assert "one of: amazon-halo, " in result.stderr


def test_a_households_sheet_stands_in_the_place_of_a_shipped_one(household: Path) -> None:
    household.mkdir()
    text = "{en: Ours}"
    (household / "amazon-halo.yaml").write_text(
        f"version: 1\nsystem: amazon-halo\ntitle: {text}\nknown: {text}\ndoes: {text}\ncannot: {text}\nswitch_off: {text}\n"
        "evidence: a look\nconfidence: high\n"
    )
    said = run("amazon-halo", "--language", "de").stdout
    assert said.startswith("Ours (amazon-halo)\n"), "English where there is nothing else"


def test_a_broken_sheet_is_told_with_its_line(household: Path) -> None:
    household.mkdir()
    (household / "amazon-halo.yaml").write_text("version: 1\nsystem: amazon-halo\nmagic: true\n")
    result = run("amazon-halo")
    assert result.exit_code == 1
    assert "systems/amazon-halo.yaml:3" in result.stderr and "magic" in result.stderr


MESH = "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com"
RIDDEN = [
    flow(1, name=MESH, purpose="mesh-sharing", effect="refuse", attempts=12),
    flow(2, name=f"x.{MESH}", purpose="unknown", effect="pass", up=700),
    flow(3, name="never-seen.amazon.com", purpose="unknown", effect="refuse", attempts=3, reason=f"unknown; {POSSIBLE_MESH}"),
    flow(4, purpose="control", effect="pass"),
]


def test_what_was_seen_of_it_is_counted_and_what_is_possibly_it_apart(tmp_path: Path) -> None:
    write_ledger(tmp_path / "ledger.db", RIDDEN)
    assert run("amazon-sidewalk").stdout.endswith(
        "Seen by this gateway\n  13 tries, 700 B let out; 3 more that were refused are possibly it\n"
    )
    seen = json.loads(run("amazon-sidewalk", "--json", "--ledger", str(tmp_path / "ledger.db")).stdout)["seen"]
    assert seen == {"tries": 13, "let_out_bytes": 700, "possible": 3}


def test_without_a_ledger_nothing_is_counted(tmp_path: Path) -> None:
    assert json.loads(run("amazon-sidewalk", "--json").stdout)["seen"] is None
    result = run("amazon-sidewalk", "--ledger", str(tmp_path / "gone.db"))
    assert result.exit_code == 1 and "gone.db" in result.stderr
    write_ledger(tmp_path / "ledger.db", RIDDEN)
    assert "Seen" not in run("amazon-halo").stdout, "nothing is known by which it could be told"
