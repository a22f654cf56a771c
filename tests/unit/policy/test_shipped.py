import json
from dataclasses import fields

import pytest

from gateway.policy.compiler import compile_file
from gateway.policy.part import Advised, CataloguePart, HouseholdPart, IdentityPart, MixedChoice, PresetPart, ProfilePart
from gateway.policy.shipped import dump_parts, parts_from
from tests.support.policies import FILES


def test_parts_come_back_as_they_were() -> None:
    parts = {name: compile_file(name, text.encode()).part for name, text in FILES.items() if name != "household.yaml"}
    assert parts_from(json.loads(dump_parts("d", parts))) == parts


def test_what_a_household_decided_is_never_shipped() -> None:
    with pytest.raises(ValueError, match=r"household\.yaml"):
        dump_parts("d", {"household.yaml": HouseholdPart(file="household.yaml")})


@pytest.mark.parametrize(
    "kind, count", [(CataloguePart, 5), (IdentityPart, 7), (ProfilePart, 13), (Advised, 5), (PresetPart, 4), (MixedChoice, 3)]
)
def test_no_field_was_added_without_the_table(kind: type, count: int) -> None:
    assert len(fields(kind)) == count
