"""Rows of ``identity/`` -> the table, and which profile suits which kind of device."""

import json

import pytest
from hypothesis import given

from gateway.model.identity import Confidence, Identification, Signal, Trait
from gateway.policy.compiler import compile_file
from gateway.policy.identification import (
    build_identification,
    identification_from,
    identification_plain,
    identity_from,
    identity_plain,
    suiting_profile,
)
from gateway.policy.part import IdentityPart, ProfilePart
from tests.support.policies import FILES, IDENTIFICATIONS

FILE = "identity/maker.yaml"
PROFILES = {
    name: ProfilePart(file=f"profiles/{name}.yaml", id=name, vendor=vendor, family=family)
    for name, vendor, family in [
        ("bell", "maker", "doorbell"), ("doorbell", "", "doorbell"), ("plug", "", "plug"), ("chime", "", "chime"),
        ("tv-old", "maker", "tv"), ("tv-new", "maker", "tv"), ("tv", "", "tv"), ("other", "", "other"),
    ]
}  # fmt: skip


def part() -> IdentityPart:
    found = compile_file(FILE, FILES[FILE].encode()).part
    assert isinstance(found, IdentityPart)
    return found


def test_a_file() -> None:
    prefix, name = part().traits
    assert prefix == Trait(
        vendor="maker", signal=Signal.OUI, values=("00:00:5e", "00:00:5f"), confidence=Confidence.HIGH, evidence="made up",
        source="identity/maker.yaml:7",
    )  # fmt: skip
    assert (name.values, name.device, name.confidence, name.note, name.alone) == (("bell-*",), "bell", "medium", "n", False)
    assert (part().vendor, part().house, part().platform, part().brands) == ("maker", "mother", False, ("bellringer",))


@pytest.mark.parametrize(
    "old, new, fault",
    [
        pytest.param('value: "bell-*"', 'values: []', "has either value or values", id="nothing is seen"),
        pytest.param('value: "bell-*"', 'value: a, values: [b]', "has either value or values", id="both"),
        pytest.param("signal: oui", "signal: smell", '"smell" is not a signal; one of: oui, oui-maker,', id="signal"),
        pytest.param("confidence: high", "confidence: sure", '"sure" is not a confidence; one of: high,', id="sure"),
        pytest.param(", evidence: made up, confidence: high", ", confidence: high", "evidence: is missing", id="no evidence"),
        pytest.param("bell: doorbell", "bell: ringer", '"ringer" is not a family', id="family"),
        pytest.param("note: n", "remark: n", '"remark" is not a key here', id="key"),
    ],
)  # fmt: skip
def test_faults(old: str, new: str, fault: str) -> None:
    assert old in FILES[FILE]
    faults = [str(found) for found in compile_file(FILE, FILES[FILE].replace(old, new).encode()).faults]
    assert len(faults) == 1 and fault in faults[0]


@pytest.mark.parametrize(
    "kind, family, profile",
    [
        pytest.param("bell", "other", "bell", id="of that very kind"),
        pytest.param("bell-2", "camera", "bell", id="of a kind that it begins with"),
        pytest.param("tv-old-2", "tv", "tv-old", id="the longest of them"),
        pytest.param("bells", "other", "", id="a part of a word is no kind"),
        pytest.param("video-bell", "doorbell", "bell", id="the vendor's only one of the family"),
        pytest.param("plug-1", "plug", "plug", id="the family's"),
        pytest.param("chime", "other", "", id="somebody else's kind of that name"),
        pytest.param("screen", "tv", "tv", id="several of the vendor: the family's"),
        pytest.param("box", "stick", "", id="none of the family"),
        pytest.param("scale", "other", "", id="no family"),
    ],
)
def test_profiles(kind: str, family: str, profile: str) -> None:
    assert suiting_profile("maker", kind, family, PROFILES) == profile


def test_all_files_are_one_table() -> None:
    platform = IdentityPart(file="identity/chips.yaml", vendor="chips", platform=True, kinds={"chip": "other"})
    known = build_identification([part(), platform], PROFILES)
    assert known == Identification(
        traits=part().traits,
        brands={"bellringer": "maker"},
        houses={"maker": "mother"},
        platforms=frozenset({"chips"}),
        profiles={("maker", "bell"): "bell", ("maker", "chime"): "chime"},
    )


@given(IDENTIFICATIONS)
def test_it_comes_back_as_it_was(known: Identification) -> None:
    assert identification_from(json.loads(json.dumps(identification_plain(known)))) == known


def test_a_part_comes_back_as_it_was() -> None:
    assert identity_from(json.loads(json.dumps(identity_plain(part())))) == part()
