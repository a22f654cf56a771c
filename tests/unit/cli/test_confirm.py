import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.edge import document
from gateway.policy import load
from tests.support.fake_gateway import BOX, NEWCOMER

HOUSEHOLD = """\
# Our home.
version: 1
devices:
  hall: {mac: "02:00:5e:10:00:09", profile: ring-doorbell}   # the bell
  attic: {mac: "02:00:5e:10:00:08"}
  phone: {mac: "02:00:5e:10:00:aa", trusted: true}
"""
UNSEEN = "02:00:5e:10:00:77"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "household.yaml").write_text(HOUSEHOLD)
    return tmp_path


@pytest.fixture
def confirm(home: Path, socket_path: Path):
    def run(*words: str, control: Path = socket_path, policies: Path = home) -> Result:
        return CliRunner().invoke(main, ["confirm", *words, "--policies", str(policies), "--control", str(control)])

    return run


def files(home: Path) -> dict[str, str]:
    return {str(path.relative_to(home)): path.read_text() for path in sorted(home.rglob("*")) if path.is_file()}


def entries(home: Path) -> dict[str, tuple[str, str, bool]]:
    policy = load(home).policy
    assert policy is not None
    return {one.device.id: (mac, one.device.profile, one.device.confirmed) for mac, one in policy.devices.items()}


@pytest.mark.parametrize("named", [NEWCOMER, NEWCOMER.upper(), "Philips-hue"], ids=["address", "in capitals", "calls itself"])
def test_what_it_surely_looks_like(confirm, home: Path, named: str) -> None:
    result = confirm(named)
    assert result.exit_code == 0, result.output
    assert f"hue-bridge ({NEWCOMER}) is hue-bridge from now on: written to {home}/devices.d/hue-bridge.yaml" in result.output
    assert entries(home)["hue-bridge"] == (NEWCOMER, "hue-bridge", True)
    assert files(home)["household.yaml"] == HOUSEHOLD


def test_a_name_and_a_profile_of_ones_own(confirm, home: Path) -> None:
    assert confirm(BOX, "--profile", "ring-chime", "--name", "landing").exit_code == 0
    assert entries(home)["landing"] == (BOX, "ring-chime", True)


def test_names_that_are_taken_are_not_taken_again(confirm, home: Path) -> None:
    for number, mac in enumerate((NEWCOMER, BOX, UNSEEN), start=1):
        assert confirm(mac, "--profile", "plug").exit_code == 0
        assert len(entries(home)) == 3 + number
    assert {"plug", "plug-2", "plug-3"} <= set(entries(home))


def test_an_entry_is_amended_where_it_stands(confirm, home: Path) -> None:
    result = confirm("hall")
    assert result.exit_code == 0, result.output
    assert files(home) == {"household.yaml": HOUSEHOLD.replace("ring-doorbell}", "ring-doorbell, confirmed: true}")}
    again = confirm("hall")
    assert again.exit_code == 0 and "already" in again.output


def test_an_entry_may_get_another_profile(confirm, home: Path) -> None:
    assert confirm("hall", "--profile", "ring-chime").exit_code == 0
    assert entries(home)["hall"][1:] == ("ring-chime", True) and "# the bell" in files(home)["household.yaml"]


def test_a_trusted_device_has_no_profile(confirm, home: Path) -> None:
    assert confirm("phone").exit_code == 0
    assert 'phone: {mac: "02:00:5e:10:00:aa", trusted: true, confirmed: true}' in files(home)["household.yaml"]


def test_a_dry_run_shows_and_writes_nothing(confirm, home: Path) -> None:
    before = files(home)
    new, known = confirm(NEWCOMER, "--dry-run"), confirm("hall", "--dry-run")
    assert (new.exit_code, known.exit_code) == (0, 0)
    assert "+++ devices.d/hue-bridge.yaml" in new.output and "+    hue-bridge" not in new.output
    assert "-  hall: {mac" in known.output and "+  hall: {mac" in known.output
    assert files(home) == before


@pytest.mark.parametrize("words", [[NEWCOMER], ["hall"], ["hall", "--dry-run"]])
def test_programs_read_the_same(confirm, home: Path, words: list[str]) -> None:
    told = json.loads(confirm(*words, "--json").output)
    assert set(told) == {"device", "mac", "profile", "file", "changed", "diff", "dry_run"}
    assert told["changed"] and told["dry_run"] is ("--dry-run" in words) and told["diff"].startswith("---")
    assert Path(told["file"]).is_relative_to(home)


@pytest.mark.parametrize(
    "words, told",
    [
        pytest.param([BOX], "looks like ring (0.62), which is not sure: say what it is, --profile ID", id="not sure"),
        pytest.param([UNSEEN], "gives nothing away", id="never seen"),
        pytest.param(["attic"], "02:00:5e:10:00:08 gives nothing away", id="named, and nobody knows what it is"),
        pytest.param(["nobody"], "no device is called 'nobody'; there are: 02:00:5e:10:00:03", id="nobody"),
    ],
)
def test_what_is_not_known_is_not_confirmed(confirm, home: Path, words: list[str], told: str) -> None:
    before = files(home)
    result = confirm(*words)
    assert (result.exit_code, result.stdout) == (1, "") and told in result.stderr
    assert files(home) == before


@pytest.mark.parametrize(
    "words, told",
    [
        pytest.param([NEWCOMER, "--profile", "hue-brigde"], "hue-bridge", id="no such profile"),
        pytest.param([NEWCOMER, "--name", "two words"], "letters, digits", id="no name"),
        pytest.param([NEWCOMER, "--name", "all"], "letters, digits", id="everybody's name"),
        pytest.param([NEWCOMER, "--name", "hall"], "called 'hall' already", id="somebody else's name"),
        pytest.param(["hall", "--name", "porch"], "household.yaml:4: rename it there", id="it has one"),
        pytest.param([], "Missing argument", id="nobody"),
    ],
)
def test_wrong_usage_ends_with_2(confirm, home: Path, words: list[str], told: str) -> None:
    before = files(home)
    result = confirm(*words)
    assert result.exit_code == 2 and told in result.stderr
    assert files(home) == before


def test_without_a_gateway_an_address_and_a_profile_will_do(confirm, home: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "none.sock"
    assert confirm(NEWCOMER, "--profile", "hue-bridge", control=nowhere).exit_code == 0
    assert confirm("hall", control=nowhere).exit_code == 0
    assert entries(home)["hue-bridge"] == (NEWCOMER, "hue-bridge", True)
    result = confirm("Philips-hue", control=nowhere)
    assert result.exit_code == 1 and "netcurtain run" in result.stderr


def test_files_with_faults_are_mended_first(confirm, home: Path) -> None:
    (home / "household.yaml").write_text(HOUSEHOLD.replace("ring-doorbell", "ring-doorbel"))
    before = files(home)
    result = confirm(NEWCOMER)
    assert result.exit_code == 1 and "household.yaml:4" in result.output
    assert json.loads(confirm(NEWCOMER, "--json").output)["ok"] is False
    assert files(home) == before


def test_what_cannot_be_written_loses_nothing(confirm, home: Path) -> None:
    (home / "devices.d").write_text("no folder")
    result = confirm(NEWCOMER)
    assert result.exit_code == 1 and "netcurtain: " in result.stderr
    assert files(home) == {"household.yaml": HOUSEHOLD, "devices.d": "no folder"}


def test_an_edit_of_somebody_else_is_not_written_over(confirm, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = document.replace_text

    def late(path: Path, before: str | None, after: str) -> None:
        (home / "household.yaml").write_text(HOUSEHOLD + "# an editor was quicker\n")
        replace(path, before, after)

    monkeypatch.setattr("gateway.household.replace_text", late)
    result = confirm("hall")
    assert result.exit_code == 1 and "was changed meanwhile" in result.stderr
    assert files(home) == {"household.yaml": HOUSEHOLD + "# an editor was quicker\n"}


def test_without_a_folder_there_is_nothing_to_write_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETCURTAIN_POLICIES", str(tmp_path / "none"))
    result = CliRunner().invoke(main, ["confirm", NEWCOMER, "--profile", "plug"])
    assert result.exit_code == 2 and "--policies DIR" in result.stderr


def test_the_configured_folder_is_the_last_one(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("NETCURTAIN_POLICIES", f"{home},{own}")
    result = CliRunner().invoke(main, ["confirm", NEWCOMER, "--profile", "plug", "--control", str(tmp_path / "none.sock")])
    assert result.exit_code == 0, result.output
    assert (own / "devices.d" / "plug.yaml").exists() and not (home / "devices.d").exists()
