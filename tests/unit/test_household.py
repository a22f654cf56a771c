"""The household's files are changed as a whole or not at all, and as they were before where that is wanted."""

from pathlib import Path

import pytest

from gateway.household import Edit, Faulty, Household, free_name

MAC, OTHER = "02:00:5e:10:00:01", "02:00:5e:10:00:02"
TEXT = f'version: 1  # ours\ndevices:\n  hall: {{mac: "{MAC}", profile: ring-doorbell}}\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "household.yaml").write_text(TEXT)
    return tmp_path


def files(home: Path) -> dict[str, str]:
    return {str(path.relative_to(home)): path.read_text() for path in sorted(home.rglob("*")) if path.is_file()}


def test_a_change_and_back(home: Path) -> None:
    household = Household([home])
    edit = household.amend("household.yaml", ("devices", "hall", "rules", "telemetry"), "allow")
    loaded = household.put(edit)
    assert files(home) == {"household.yaml": TEXT.replace("bell}", "bell, rules: {telemetry: allow}}")}
    assert loaded.policy is not None and "+  hall: " in edit.diff
    household.take_back(edit)
    assert files(home) == {"household.yaml": TEXT}


def test_a_device_of_its_own_and_away_again(home: Path) -> None:
    household = Household([home])
    edit = household.add_device("hall-2", OTHER, {"profile": "echo", "confirmed": True})
    household.put(edit)
    assert list(files(home)) == ["devices.d/hall-2.yaml", "household.yaml"]
    assert household.add_device("hall-2", OTHER, {}).file == "devices.d/hall-2-2.yaml"
    household.take_back(edit)
    assert files(home) == {"household.yaml": TEXT}


def test_nothing_to_change_writes_nothing(home: Path) -> None:
    household = Household([home])
    policy = household.load().policy
    assert policy is not None
    entry = next(iter(policy.devices.values()))
    edit = household.amend_device(entry, {"profile": "ring-doorbell"})
    assert not edit.changes and edit.diff == ""
    assert household.amend_device(entry, {"confirmed": True}).changes


@pytest.mark.parametrize(
    "file, after",
    [
        pytest.param("devices.d/hall.yaml", TEXT, id="said twice"),
        pytest.param("household.yaml", TEXT.replace("ring-doorbell", "ring-doorbel"), id="no such profile"),
        pytest.param("household.yaml", "version: [", id="no YAML"),
    ],
)
def test_what_would_be_a_fault_is_not_written(home: Path, file: str, after: str) -> None:
    edit = Edit(file=file, path=home / file, before=TEXT if file == "household.yaml" else None, after=after)
    with pytest.raises(Faulty) as caught:
        Household([home]).put(edit)
    assert caught.value.faults and files(home) == {"household.yaml": TEXT}


def test_what_somebody_else_wrote_meanwhile_stays(home: Path) -> None:
    household = Household([home])
    edit = household.amend("household.yaml", ("devices", "hall", "confirmed"), True)
    (home / "household.yaml").write_text(TEXT + "# mine\n")
    with pytest.raises(OSError, match="changed meanwhile"):
        household.put(edit)
    assert files(home) == {"household.yaml": TEXT + "# mine\n"}
    added = household.add_device("porch", OTHER, {"profile": "echo"})
    household.put(added)
    added.path.write_text(added.after + "# mine\n")
    with pytest.raises(OSError, match="changed meanwhile"):
        household.take_back(added)
    assert "devices.d/porch.yaml" in files(home)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no policy folder"):
        Household([tmp_path / "none"])
    with pytest.raises(FileNotFoundError, match="not among"):
        Household([tmp_path]).amend("household.yaml", ("preset",), "strict")


def test_names_are_taken_once() -> None:
    assert free_name("echo", {"hue"}) == "echo" and free_name("echo", {"echo", "echo-2"}) == "echo-3"


BOTH = f"""\
version: 1
owners:
  anna: {{devices: [phone, hall]}}
devices:
  # By the door.
  hall: {{mac: "{MAC}", trusted: true}}
  phone:
    mac: "{OTHER}"
    trusted: true
"""


def entry(home: Path, name: str):
    policy = Household([home]).load().policy
    assert policy is not None
    return next(one for one in policy.devices.values() if one.device.id == name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hall", BOTH.replace("[phone, hall]", "[phone]").replace(f'  hall: {{mac: "{MAC}", trusted: true}}\n', "")),
        ("phone", BOTH.replace("[phone, hall]", "[hall]").split("  phone:\n")[0]),
    ],
)
def test_a_device_leaves_the_file_and_its_owner(home: Path, name: str, expected: str) -> None:
    (home / "household.yaml").write_text(BOTH)
    household = Household([home])
    edits = household.remove_device(entry(home, name))
    household.put_all(edits)
    assert files(home) == {"household.yaml": expected}
    household.take_all_back(edits)
    assert files(home) == {"household.yaml": BOTH}


def test_the_file_of_one_device_goes_with_it(home: Path) -> None:
    household = Household([home])
    household.put(household.add_device("porch", OTHER, {"trusted": True}))
    (home / "household.yaml").write_text(TEXT + "owners:\n  anna: {devices: [porch]}\n")
    before = files(home)
    edits = household.remove_device(entry(home, "porch"))
    assert [(edit.file, edit.after is None) for edit in edits] == [("household.yaml", False), ("devices.d/porch.yaml", True)]
    assert "--- devices.d/porch.yaml" in edits[1].diff and "+++ /dev/null" in edits[1].diff
    household.put_all(edits)
    assert files(home) == {"household.yaml": TEXT + "owners:\n  anna: {devices: []}\n"}
    household.take_all_back(edits)
    assert files(home) == before


def test_where_one_file_cannot_be_written_none_is(home: Path) -> None:
    household = Household([home])
    household.put(household.add_device("porch", OTHER, {"trusted": True}))
    (home / "household.yaml").write_text(TEXT + "owners:\n  anna: {devices: [porch]}\n")
    edits = household.remove_device(entry(home, "porch"))
    (home / "devices.d/porch.yaml").write_text((home / "devices.d/porch.yaml").read_text() + "# mine\n")
    before = files(home)
    with pytest.raises(OSError, match="changed meanwhile"):
        household.put_all(edits)
    assert files(home) == before


def test_no_other_file_comes_to_light(tmp_path: Path) -> None:
    below, above = tmp_path / "below", tmp_path / "above"
    for folder, mac in ((below, OTHER), (above, MAC)):
        (folder / "devices.d").mkdir(parents=True)
        (folder / "devices.d/hall.yaml").write_text(f'version: 1\ndevices:\n  hall: {{mac: "{mac}"}}\n')
    household = Household([below, above])
    policy = household.load().policy
    assert policy is not None
    household.put_all(household.remove_device(policy.devices[MAC]))  # type: ignore[index]
    loaded = household.load().policy
    assert loaded is not None and not loaded.devices and files(above) == {"devices.d/hall.yaml": "version: 1\n"}
