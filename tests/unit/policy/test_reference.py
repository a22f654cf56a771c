import pytest

from gateway.policy.compiler import compile_file
from gateway.policy.reference import check_references
from gateway.policy.source import read_source
from tests.support.policies import FILES


def faults(changes: dict[str, str], *, compiled: tuple[str, ...] = (), unread: tuple[str, ...] = ()) -> list[str]:
    """Of ``FILES`` with changes; those named in ``compiled`` are there as parts only."""
    files = {**FILES, **changes}
    others = [compile_file(name, files.pop(name).encode()).part for name in compiled]
    sources = [read_source(name, text.encode()).source for name, text in files.items()]
    found = check_references([source for source in sources if source], [part for part in others if part], unread=unread)
    return [str(fault) for fault in found]


BELL = """profile: other
rules: {video: {action: owner-only, viewing: bell}}
"""
CANNOT = (
    '"bell" cannot be told on this device: nobody has shown a name that it only uses when the bell is pressed; '
    "one of: panel, panel+home, evidence"
)
PRESS = """vendor: maker
rows:
  - {match: bell.example.com, purpose: control}
  - {match: press.example.com, purpose: control, devices: [%s], tells: press}
"""
ODD_ROWS = "rows: [1, [2], {tells: press, devices: [{a: 1}]}]\n"
DOOR = 'version: 1\ndevices: {door: {mac: "02:00:5e:10:00:01", %s}}\n'


@pytest.mark.parametrize(
    "changes, wanted",
    [
        pytest.param({}, [], id="all is well"),
        pytest.param(
            {"household.yaml": DOOR % "profile: bel"},
            [
                'household.yaml:2:53: devices.door.profile: "bel" is no profile; one of: bell, careful, observe, quarantine '
                "– did you mean bell?"
            ],
            id="profile",
        ),
        pytest.param(
            {"household.yaml": "version: 1\npreset: strict\n"},
            ['household.yaml:2:9: preset: "strict" is no preset; one of: recommended'],
            id="preset",
        ),
        pytest.param(
            {"household.yaml": DOOR % "" + "owners: {anna: {devices: [dor, door]}}\n"},
            [
                'household.yaml:3:27: owners.anna.devices.0: "dor" is no device that devices: defines; one of: door '
                "– did you mean door?"
            ],
            id="owner's device",
        ),
        pytest.param(
            {"household.yaml": "version: 1\nowners: {anna: {devices: [dor]}}\n"},
            ['household.yaml:2:27: owners.anna.devices.0: "dor" is no device that devices: defines; there are none'],
            id="no devices at all",
        ),
        pytest.param(
            {"household.yaml": DOOR % "mixed: {a.example.com: keep}"},
            ['household.yaml:2:52: devices.door.mixed.a.example.com: "a.example.com" is no match in the catalogue'],
            id="mixed of a device",
        ),
        pytest.param(
            {"catalogue/maker.yaml": "version: 1\nvendor: maker\n"},
            ['profiles/bell.yaml:18:9: mixed.bell.example.com: "bell.example.com" is no match in the catalogue'],
            id="mixed of a profile",
        ),
        pytest.param(
            {
                "devices.d/a.yaml": 'version: 1\ndevices: {door: {mac: "02-00-5E-10-00-01"}}\n',
                "household.yaml": DOOR % "title: a",
            },
            [
                'devices.d/a.yaml:2:11: devices.door: "door" is defined in household.yaml:2 already',
                'devices.d/a.yaml:2:23: devices.door.mac: "02-00-5E-10-00-01" is the address of door (household.yaml:2) too',
            ],
            id="one device twice",
        ),
        pytest.param(
            {"profiles/other.yaml": "version: 1\nprofile: bell\n"},
            ['profiles/other.yaml:2:10: profile: "bell" is the id of profiles/bell.yaml too'],
            id="one profile id twice",
        ),
        pytest.param(
            {"profiles/other.yaml": BELL}, [f"profiles/other.yaml:2:46: rules.video.viewing: {CANNOT}"], id="no press is known"
        ),
        pytest.param(
            {"profiles/other.yaml": BELL, "catalogue/maker.yaml": PRESS % "other"}, [], id="a press with a name of its own"
        ),
        pytest.param(
            {"profiles/other.yaml": BELL + "like: bell\n", "catalogue/maker.yaml": PRESS % "bell"}, [], id="as another profile"
        ),
        pytest.param(
            {"household.yaml": DOOR % "profile: bell, rules: {voice: {action: owner-only, viewing: bell}}"},
            [f"household.yaml:2:104: devices.door.rules.voice.viewing: {CANNOT}"],
            id="no press of a device is known",
        ),
        pytest.param({"household.yaml": DOOR % "profile: bell, rules: {voice: owner-only}"}, [], id="another way"),
        pytest.param(
            {"profiles/other.yaml": "profile: other\nlike: bel\n"},
            [
                'profiles/other.yaml:2:7: like: "bel" is no profile; one of: bell, careful, observe, quarantine '
                "– did you mean bell?"
            ],
            id="like nothing that is there",
        ),
        pytest.param(
            {"profiles/other.yaml": "profile: other\nlike: bell\n", "profiles/third.yaml": "profile: third\nlike: other\n"},
            [
                'profiles/third.yaml:2:7: like: "other" is no profile that stands for itself; one of: bell, careful, observe, '
                "quarantine"
            ],
            id="like one that is like another",
        ),
        pytest.param(
            {"household.yaml": DOOR % "profile: bel, rules: {video: permit}"},
            [
                'household.yaml:2:53: devices.door.profile: "bel" is no profile; one of: bell, careful, observe, quarantine '
                "– did you mean bell?"
            ],
            id="whatever else is wrong there",
        ),
        pytest.param(
            {"household.yaml": "- devices\n", "catalogue/b.yaml": ODD_ROWS, "profiles/c.yaml": "profile: [x]\n"},
            [],
            id="other shapes",
        ),
    ],
)
def test_names_that_do_not_exist(changes: dict[str, str], wanted: list[str]) -> None:
    assert faults(changes) == wanted


def test_compiled_parts_may_be_named_and_name() -> None:
    assert faults({}, compiled=("profiles/bell.yaml", "presets/recommended.yaml", "catalogue/maker.yaml")) == []
    assert faults({"catalogue/maker.yaml": "version: 1\n"}, compiled=("profiles/bell.yaml",)) == [
        'profiles/bell.yaml:18:9: mixed.bell.example.com: "bell.example.com" is no match in the catalogue'
    ]
    assert len(faults({"profiles/x.yaml": "profile: bell\n"}, compiled=("profiles/bell.yaml",))) == 1


@pytest.mark.parametrize(
    "unread, changes",
    [
        ("profiles/x.yaml", {"household.yaml": DOOR % "profile: x"}),
        ("presets/x.yaml", {"household.yaml": "preset: x\n"}),
        ("profiles/y.yaml", {"profiles/x.yaml": "profile: x\nlike: y\n"}),
        ("catalogue/x.yaml", {"household.yaml": DOOR % "mixed: {x.example.com: keep}"}),
        ("devices.d/x.yaml", {"household.yaml": "owners: {anna: {devices: [x]}}\n"}),
    ],
)
def test_a_file_that_cannot_be_read_may_define_anything(unread: str, changes: dict[str, str]) -> None:
    assert faults(changes) != []
    assert faults(changes, unread=(unread,)) == []
