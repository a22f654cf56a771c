"""The shipped policies keep what they promise: no faults, every case as expected, every text in every language of the panel."""

from pathlib import Path

import pytest

from gateway.engine.judge import judge
from gateway.model.action import Action
from gateway.model.purpose import Purpose
from gateway.policy.case import run_cases
from gateway.policy.compiler import compile_file
from gateway.policy.document import CasesDocument, CatalogueDocument, Document, PresetDocument, ProfileDocument, SystemDocument
from gateway.policy.layout import Loaded, load

ROOT = Path(__file__).parents[3] / "policies"
NOON = 1_795_348_800.0
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/*.yaml"))
STOPPED_BY_EVERY_PRESET = (Purpose.MESH_SHARING, Purpose.ADVERTISING)


def read(file: str) -> Document:
    document = compile_file(file, (ROOT / file).read_bytes()).document
    assert document is not None
    return document


def files(folder: str) -> list[str]:
    return [file for file in FILES if file.startswith(f"{folder}/")]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(shipped=ROOT, compiled=ROOT / "none", whole=True)


def test_no_faults(loaded: Loaded) -> None:
    assert [str(fault) for fault in (*loaded.faults, *loaded.warnings)] == []
    assert loaded.policy is not None
    assert loaded.policy.catalogue.size > 700


@pytest.mark.parametrize("file", files("cases"))
def test_cases(loaded: Loaded, file: str) -> None:
    assert loaded.policy is not None
    compiled = compile_file(file, (ROOT / file).read_bytes())
    assert isinstance(compiled.document, CasesDocument) and compiled.source is not None
    results = list(run_cases(loaded.policy, compiled.document, compiled.source, judge=judge, now=NOON))
    assert results
    assert [str(result) for result in results if result.differences] == []


@pytest.mark.parametrize("file", files("catalogue"))
def test_rows(file: str) -> None:
    """Nothing is claimed twice, and nothing without evidence, devices and a date."""
    document = read(file)
    assert isinstance(document, CatalogueDocument)
    assert file == f"catalogue/{document.vendor}.yaml"
    for row in document.rows:
        assert row.evidence and row.date and row.devices, row.match
        assert row.purpose not in row.also, row.match
    claims = [(row.match, row.alpn, device) for row in document.rows for device in row.devices]
    assert len(claims) == len(set(claims))


@pytest.mark.parametrize("file", files("profiles"))
def test_profiles_say_what_they_cost_in_every_language(file: str) -> None:
    document = read(file)
    assert isinstance(document, ProfileDocument)
    assert file == f"profiles/{document.profile}.yaml"
    assert set(document.title.mapping()) == {"en", "de", "ar"}
    for purpose, cost in document.costs.items():
        assert set(cost.mapping()) == {"en", "de", "ar"}, purpose
        assert cost.evidence, purpose


@pytest.mark.parametrize("file", files("presets"))
def test_presets_speak_of_every_purpose(file: str) -> None:
    """All but ``local``: what happens between devices of the home is the built-in rule's, unless somebody decides."""
    document = read(file)
    assert isinstance(document, PresetDocument)
    assert set(document.rules) == set(Purpose) - {Purpose.LOCAL}
    assert set(document.title.mapping()) == {"en", "de", "ar"}
    for purpose in STOPPED_BY_EVERY_PRESET:
        assert document.rules[purpose].action in (Action.BLOCK, Action.DROP)


def test_presets_grow_stricter() -> None:
    gentle, recommended, strict = (read(f"presets/{name}.yaml") for name in ("gentle", "recommended", "strict"))
    assert isinstance(gentle, PresetDocument) and isinstance(recommended, PresetDocument) and isinstance(strict, PresetDocument)
    for purpose in gentle.rules:
        steps = [preset.rules[purpose].action.strictness for preset in (gentle, recommended, strict)]
        assert steps == sorted(steps), purpose


@pytest.mark.parametrize("file", files("systems"))
def test_systems_name_profiles_that_exist(file: str) -> None:
    document = read(file)
    assert isinstance(document, SystemDocument)
    assert file == f"systems/{document.system}.yaml"
    for text in (document.title, document.known, document.does, document.cannot, document.switch_off):
        assert set(text.mapping()) == {"en", "de", "ar"}
    assert {f"profiles/{profile}.yaml" for profile in document.profiles} <= set(FILES)
