import pytest

from gateway.model.purpose import Purpose
from gateway.policy.part import BUILT_IN_PROFILES


@pytest.mark.parametrize(
    "profile, purpose, action",
    [("observe", purpose, "allow") for purpose in Purpose]
    + [("quarantine", "time", "answer"), ("quarantine", "dns-escape", "answer"), ("quarantine", "control", "block")],
)
def test_profiles_that_need_no_file(profile: str, purpose: str, action: str) -> None:
    rule = BUILT_IN_PROFILES[profile].level.rules[Purpose(purpose)]
    assert (rule.action, str(rule.ref)) == (action, "built-in")


def test_careful_leaves_all_to_the_levels_below() -> None:
    assert not BUILT_IN_PROFILES["careful"].level.rules
