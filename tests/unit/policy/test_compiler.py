import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.action import Action
from gateway.model.policy import Schedule
from gateway.model.purpose import Purpose
from gateway.policy.compiler import compile_file
from gateway.policy.part import CataloguePart, Cost, HouseholdPart, PresetPart, ProfilePart
from tests.support.policies import FILES, berlin

HEAD = "version: 1\nprofile: x\ntitle: {en: X}\nfamily: other\n"


def part(file: str):
    compiled = compile_file(file, FILES[file].encode(), zone="Europe/Berlin")
    assert not compiled.faults
    return compiled.part


def test_profile() -> None:
    profile = part("profiles/bell.yaml")
    assert isinstance(profile, ProfilePart)
    assert (profile.id, profile.vendor, profile.family, profile.line) == ("bell", "maker", "doorbell", 2)
    video = profile.level.rules[Purpose.VIDEO]
    assert (video.action, video.viewing, video.viewing_s, video.budget_bytes) == (Action.OWNER_ONLY, "panel", 600.0, 64_000)
    assert str(video.ref) == "profiles/bell.yaml:9"
    assert profile.level.rules[Purpose.CONTROL].budget_window_s == 600.0
    assert profile.level.rules[Purpose.UPDATE].when == Schedule(start_minute=120, end_minute=300)
    assert profile.level.exemptions[0].why == "never needed"
    assert (profile.mixed["bell.example.com"].choice, profile.mixed["bell.example.com"].line) == ("keep", 18)
    cost = Cost(texts={"en": "No more motion reports."}, evidence="made up", confidence="low")
    assert profile.costs == {Purpose.MOTION_EVENT: cost}
    assert profile.titles == {"en": "Bell", "de": "Klingel"}


def test_household() -> None:
    household = part("household.yaml")
    assert isinstance(household, HouseholdPart)
    door = household.devices[0]
    assert (door.id, door.profile, str(door.ref)) == ("front-door", "bell", "household.yaml:5")
    assert door.level.exemptions[0].until == berlin("2026-12-24T18:00")
    assert [device.trusted for device in household.devices] == [False, False, True, True]
    assert household.owners[0].devices == ("annas-phone",)


def test_preset_and_catalogue() -> None:
    preset, catalogue = part("presets/recommended.yaml"), part("catalogue/maker.yaml")
    assert isinstance(preset, PresetPart) and isinstance(catalogue, CataloguePart)
    assert preset.families["doorbell"].rules[Purpose.VOICE].viewing == "panel+home"
    assert [row.source for row in catalogue.rows][:2] == ["catalogue/maker.yaml:4", "catalogue/maker.yaml:5"]
    assert catalogue.rows[0].vendor == "maker" and catalogue.rows[0].confidence == 0.9


def test_times_without_a_zone_are_the_households() -> None:
    device = 'mac: "02:00:5e:10:00:01", exceptions: [{to: a.de, action: allow, until: 2026-07-01T00:00%s}]'
    text = f"version: 1\ndevices: {{a: {{{device}}}}}"
    for zone, offset, shift in (("UTC", "", 7200), ("Europe/Berlin", "", 0), ("UTC", "+02:00", 0)):
        compiled = compile_file("devices.d/a.yaml", (text % offset).encode(), zone=zone)
        assert compiled.part.devices[0].level.exemptions[0].until == berlin("2026-07-01T00:00") + shift


@pytest.mark.parametrize(
    "file, text, fault",
    [
        pytest.param(
            "profiles/x.yaml",
            HEAD + "rules:\n  video: permit\n",
            'profiles/x.yaml:6:10: rules.video.action: "permit" is not an action; one of: allow, limit, owner-only, ask, '
            "answer, block, drop",
            id="action",
        ),
        pytest.param(
            "profiles/x.yaml",
            HEAD + "rules: {vidio: block}\n",
            'profiles/x.yaml:5:9: rules.vidio: "vidio" is not a purpose; one of: control, video, voice, motion-event, '
            "telemetry, mesh-sharing, advertising, update, time, connectivity-check, media-streaming, account, cdn, "
            "dns-escape, local, "
            "direct-address, unknown – did you mean video?",
            id="purpose",
        ),
        pytest.param(
            "profiles/x.yaml",
            HEAD + "rules: {video: {action: block, budgett: 1kB}}\n",
            'profiles/x.yaml:5:32: rules.video.budgett: "budgett" is not a key here; one of: action, when, budget, rate, then, '
            "viewing, for, shadow, trial – did you mean budget?",
            id="unknown key",
        ),
        pytest.param(
            "profiles/x.yaml",
            HEAD + "rules: {video: {action: block, when: 02:00-05:00}}\n",
            'profiles/x.yaml:5:32: rules.video.when: "when" does not go with block, only with allow, answer, limit, owner-only',
            id="option that does not fit",
        ),
        pytest.param(
            "profiles/x.yaml",
            HEAD + "rules: {video: {action: limit, shadow: true}}\n",
            'profiles/x.yaml:5:32: rules.video.shadow: "shadow" does not go with limit, only with allow, answer, ask, block, '
            "drop, owner-only",
            id="shadow of a limit",
        ),
        pytest.param(
            "profiles/x.yaml",
            HEAD + "rules: {video: {action: block, shadow: true, trial: 3d}}\n",
            'profiles/x.yaml:5:46: rules.video.trial: "trial" does not go with shadow: a rule that decides nothing cannot be '
            "tried out",
            id="shadow on trial",
        ),
        pytest.param(
            "profiles/x.yaml",
            HEAD + "rules: {video: {action: block, trial: soon}}\n",
            'profiles/x.yaml:5:39: rules.video.trial: "soon" is not a duration; write it like 30s, 15m, 1h or 2d',
            id="trial without an end",
        ),
        pytest.param(
            "profiles/x.yaml",
            HEAD + "rules: {video: {when: 02:00-05:00}}\n",
            "profiles/x.yaml:5:16: rules.video.action: is missing",
            id="missing key",
        ),
        pytest.param(
            "household.yaml",
            "version: 2\n",
            'household.yaml:1:10: version: "2" is not a version of this format; one of: 1',
            id="version",
        ),
        pytest.param("household.yaml", "- 1\n", "household.yaml:1:1: has to be a mapping", id="a list"),
        pytest.param(
            "household.yaml",
            "version: 1\ndevices: {rules: {mac: x}, b: 5}\n",
            'household.yaml:2:24: devices.rules.mac: "x" is not a hardware address; write it like 02:00:5e:10:00:01',
            id="mac",
        ),
        pytest.param(
            "household.yaml",
            'version: 1\ndevices: {rules: {mac: "02:00:5e:10:00:01", profil: x}}\n',
            'household.yaml:2:45: devices.rules.profil: "profil" is not a key here; one of: mac, title, profile, trusted, '
            "confirmed, rules, exceptions, mixed, on_fault – did you mean profile?",
            id="a device called like a key",
        ),
        pytest.param(
            "cases/x.yaml",
            "- {id: a, given: {too: x}, expect: {}}\n",
            "cases/x.yaml:1:18: 0.given.to: is missing",
            id="a bare list of cases",
        ),
    ],
)
def test_faults(file: str, text: str, fault: str) -> None:
    compiled = compile_file(file, text.encode())
    assert compiled.part is None
    assert fault in [str(found) for found in compiled.faults]


def test_a_key_that_stands_twice_is_a_fault_by_itself() -> None:
    compiled = compile_file("profiles/x.yaml", (HEAD + "family: tv\n").encode())
    assert [str(fault) for fault in compiled.faults] == ['profiles/x.yaml:5:1: "family" stands twice; first in line 4']
    assert compiled.part is None


def test_all_faults_come_at_once() -> None:
    text = HEAD + "rules: {video: permit, cdn: {action: limit, budget: 5, rate: x}}\ncosts: {cdn: {}}\nfamly: tv\nrules: {}\n"
    faults = [str(fault) for fault in compile_file("profiles/x.yaml", text.encode()).faults]
    assert len(faults) == 3  # the second `rules` stands for the first in the rest
    assert any("stands twice" in fault for fault in faults)


@pytest.mark.parametrize(
    "folder", ["household.yaml", "devices.d/a.yaml", "profiles/a.yaml", "presets/a.yaml", "catalogue/a.yaml"]
)
@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(["video", "block", "02:00-05:00", "a.de", "en", "1"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["version", "profile", "rules", "video", "action", "devices", "mac", "to", "exceptions", "rows", "match"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_a_part_or_faults(folder: str, content: object) -> None:
    import json

    compiled = compile_file(folder, json.dumps(content).encode())
    assert (compiled.part is None) is bool(compiled.faults)
    assert all(str(fault) for fault in compiled.faults)
