import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.amendment import amend, amend_entry, write_entry
from gateway.policy.compiler import compile_file
from gateway.policy.part import HouseholdPart

BELL = {"profile": "bell", "confirmed": True}
MAC = "02:00:5e:10:00:01"


def devices(text: str) -> dict[str, tuple[str, str, bool, bool]]:
    compiled = compile_file("household.yaml", text.encode())
    assert isinstance(compiled.part, HouseholdPart), compiled.faults
    return {device.id: (device.mac, device.profile, device.confirmed, device.trusted) for device in compiled.part.devices}


def test_a_new_file() -> None:
    text = write_entry("hall-bell", MAC, BELL)
    assert text == f'version: 1\ndevices:\n  hall-bell: {{mac: "{MAC}", profile: bell, confirmed: true}}\n'
    assert devices(text) == {"hall-bell": (MAC, "bell", True, False)}


@pytest.mark.parametrize("profile", ["bell", "42", "true", "Bell_2", "null"])
def test_any_profile_is_read_back(profile: str) -> None:
    assert devices(write_entry("hall-bell", MAC, {"profile": profile}))["hall-bell"][1] == profile


BLOCK = f"""\
# Our home.
version: 1   # of the format
devices:
  hall-bell:
    mac: "{MAC}"   # under the lamp
    rules:
      telemetry: block
  # The phone.
  phone: {{mac: "02:00:5e:10:00:aa", trusted: true}}
"""


ADDED, RULES = "\n    profile: bell\n    confirmed: true", "\n    rules:\n      video: block"
OTHER = '  x: {mac: "02:00:5e:10:00:02"}\n'


@pytest.mark.parametrize(
    "before, after",
    [
        pytest.param("{mac: M}", "{mac: M, profile: bell, confirmed: true}", id="in braces"),
        pytest.param("{mac: M,}", "{mac: M, profile: bell, confirmed: true,}", id="a comma too many"),
        pytest.param(
            "{mac: M, profile: other, confirmed: false}", "{mac: M, profile: bell, confirmed: true}", id="values change"
        ),
        pytest.param("{profile: 'other', mac: M}", "{profile: bell, mac: M, confirmed: true}", id="in their order"),
        pytest.param("{mac: M,  # x\n    profile: bell}", "{mac: M,  # x\n    profile: bell, confirmed: true}", id="lines"),
        pytest.param(
            "{mac: M, rules: {video: block}}", "{mac: M, rules: {video: block}, profile: bell, confirmed: true}", id="nested"
        ),
        pytest.param("\n    mac: M", f"\n    mac: M{ADDED}", id="the last line has no end"),
        pytest.param("\n    mac: M  # x\n    rules: {}\n", f"\n    mac: M  # x{ADDED}\n    rules: {{}}\n", id="on lines"),
        pytest.param(f"{RULES}\n    mac: M\n{OTHER}", f"{RULES}\n    mac: M{ADDED}\n{OTHER}", id="behind a plain value"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_only_what_is_wanted_changes(before: str, after: str, mark: str) -> None:
    head = f"{mark}version: 1\ndevices:\n  hall: "
    before, after = (head + text.replace("M", f'"{MAC}"') for text in (before, after))
    assert amend_entry(before, "hall", BELL) == after
    assert devices(after)["hall"][1:3] == ("bell", True)


def test_everything_else_keeps_every_byte() -> None:
    after = amend_entry(BLOCK, "hall-bell", BELL)
    assert "".join(f"\n{line}" for line in after.splitlines() if line not in BLOCK.splitlines()) == ADDED
    assert devices(after) == {"hall-bell": (MAC, "bell", True, False), "phone": ("02:00:5e:10:00:aa", "", False, True)}
    assert amend_entry(after, "hall-bell", BELL) == after


def test_lines_that_end_in_another_way() -> None:
    text = BLOCK.replace("\n", "\r\n")
    after = amend_entry(text, "hall-bell", BELL)
    assert devices(after)["hall-bell"] == (MAC, "bell", True, False) and "\n" not in after.replace("\r\n", "")


@pytest.mark.parametrize(
    "text, why",
    [
        pytest.param("devices: [", "no YAML", id="no YAML"),
        pytest.param("devices: {}\n", "no entry of hall", id="not there"),
        pytest.param("- devices\n", "no entry of hall", id="another thing"),
        pytest.param(f'devices: {{hall: {{mac: "{MAC}"}}}}\n---\n', "no YAML", id="two documents"),
        pytest.param("devices: {hall: {mac: a}}\nrest: " + "[" * 40 + "]" * 40, "only a person", id="too deep"),
        pytest.param("devices: {hall: {}}\n", "no entry of hall", id="empty"),
        pytest.param(
            f'devices:\n  porch: &same {{mac: "{MAC}"}}\n  hall: *same\n', "only a person", id="said once for two of them"
        ),
    ],
)
def test_what_a_person_has_to_change(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        amend_entry(text, "hall", BELL)


KEYS = st.lists(st.sampled_from(["profile: other", "confirmed: false", "on_fault: open", "rules: {video: block}"]), unique=True)


@given(KEYS, st.booleans(), st.sampled_from(["", "  # why"]), st.sampled_from(["\n", "\r\n"]))
def test_whatever_stands_there(keys: list[str], braces: bool, remark: str, end: str) -> None:
    lines = [f'mac: "{MAC}"', *keys]
    entry = " {" + ", ".join(lines) + "}" + remark if braces else "".join(f"{end}    {line}{remark}" for line in lines)
    text = f"version: 1{end}devices:{end}  hall:{entry}{end}  other: {{mac: \"02:00:5e:10:00:02\"}}{end}"
    after = amend_entry(text, "hall", BELL)
    assert devices(after)["hall"] == (MAC, "bell", True, False)
    assert after.count("#") == text.count("#") and after.count("other") - text.count("other") in (0, -1)
    assert "\n" not in after.replace("\r\n", "") or end == "\n"


RULE = ("devices", "hall", "rules", "telemetry")


@pytest.mark.parametrize(
    "before, path, value, after",
    [
        pytest.param("hall: {mac: M}", RULE, "block", "hall: {mac: M, rules: {telemetry: block}}", id="no rules yet"),
        pytest.param("hall: {mac: M, rules: {}}", RULE, "block", "hall: {mac: M, rules: {telemetry: block}}", id="empty"),
        pytest.param(
            "hall: {mac: M, rules: {video: block}}", RULE, "block", "hall: {mac: M, rules: {video: block, telemetry: block}}",
            id="beside another",
        ),
        pytest.param(
            "hall: {mac: M, rules: {telemetry: allow}}  # x", RULE, "block", "hall: {mac: M, rules: {telemetry: block}}  # x",
            id="in the place of another",
        ),
        pytest.param(
            "hall: {mac: M, rules: {telemetry: {action: limit, budget: 1MB/1h}}}", RULE, "block",
            "hall: {mac: M, rules: {telemetry: block}}", id="in the place of one with options",
        ),
        pytest.param(
            "hall: {mac: M}", (*RULE[:3], "video"), {"action": "owner-only", "viewing": "panel+home"},
            'hall: {mac: M, rules: {video: {action: owner-only, viewing: "panel+home"}}}', id="with options",
        ),
        pytest.param("hall: {mac: M, rules: {telemetry: block}}", RULE, None, "hall: {mac: M, rules: {}}", id="the only one"),
        pytest.param(
            "hall: {mac: M, rules: {telemetry: block, video: block}}", RULE, None, "hall: {mac: M, rules: {video: block}}",
            id="the first goes",
        ),
        pytest.param(
            "hall: {mac: M, rules: {video: block, telemetry: block}}", RULE, None, "hall: {mac: M, rules: {video: block}}",
            id="the last goes",
        ),
        pytest.param("hall: {mac: M}", RULE, None, "hall: {mac: M}", id="nothing to take away"),
        pytest.param(
            "hall:\n    mac: M\n    rules:\n      video: block  # x\n", RULE, "block",
            "hall:\n    mac: M\n    rules:\n      video: block  # x\n      telemetry: block\n", id="on a line of its own",
        ),
        pytest.param(
            "hall:\n    mac: M\n    rules:\n      telemetry:\n        action: limit\n        budget: 1MB/1h\n"
            "      video: block\n", RULE, "block",
            "hall:\n    mac: M\n    rules:\n      telemetry: block\n      video: block\n", id="over its lines",
        ),
        pytest.param(
            "hall:\n    mac: M\n    rules:\n      video: block\n      # why\n      telemetry: block\n", RULE, None,
            "hall:\n    mac: M\n    rules:\n      video: block\n      # why\n", id="its line goes",
        ),
        pytest.param(
            "hall:\n    mac: M\n    rules:\n      telemetry: block\n", RULE, None,
            "hall:\n    mac: M\n    rules:\n      {}\n", id="the only line",
        ),
        pytest.param(
            "hall:\n    mac: M\n    rules:\n", RULE, "block",
            "hall:\n    mac: M\n    rules: {telemetry: block}\n", id="nothing said",
        ),
        pytest.param(
            "hall: {mac: M}\n", ("owners", "anna", "devices"), ["hall"],
            "hall: {mac: M}\nowners: {anna: {devices: [hall]}}\n", id="the first owner",
        ),
        pytest.param(
            "hall: {mac: M}\nowners:\n  anna: {devices: []}\n", ("owners", "anna", "devices"), ["hall"],
            "hall: {mac: M}\nowners:\n  anna: {devices: [hall]}\n", id="an owner's phone",
        ),
    ],
)  # fmt: skip
def test_one_value_changes(before: str, path: tuple[str, ...], value, after: str) -> None:
    head = "version: 1\ndevices:\n  "
    before, after = (head + text.replace("M", f'"{MAC}"') for text in (before, after))
    assert amend(before, path, value) == after


@pytest.mark.parametrize(
    "text, why",
    [
        pytest.param("devices: [", "no YAML", id="no YAML"),
        pytest.param("- x\n", "only a person", id="a list"),
        pytest.param("version: 1\ndevices:\n  hall: x\n", "only a person", id="another kind of entry"),
        pytest.param(
            f'version: 1\ndevices:\n  other: &a {{mac: "{MAC}", rules: {{video: block}}}}\n  hall: *a\n',
            "only a person", id="an alias",
        ),
    ],
)  # fmt: skip
def test_what_only_a_person_should_change_is_left(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        amend(text, RULE, "block")
