"""The README says only what something keeps."""

import re
from pathlib import Path

import pytest

from gateway.lab.scenario import available

TOP = Path(__file__).resolve().parents[3]
README = (TOP / "README.md").read_text(encoding="utf-8")
PROMISES = [line for line in README.split("## What it promises")[1].split("##")[0].splitlines() if line.startswith("| ")][1:]
KEEPERS = [keeper for promise in PROMISES for keeper in re.findall(r"`((?:lab:|tests/)[^`]+)`", promise.rsplit("|", 2)[1])]


def test_every_promise_names_its_keeper() -> None:
    assert len(PROMISES) >= 13
    assert len(KEEPERS) >= len(PROMISES)


@pytest.mark.parametrize("keeper", KEEPERS)
def test_keeper_exists(keeper: str) -> None:
    if keeper.startswith("lab:"):
        assert keeper.removeprefix("lab:") in available()
        return
    path, _, name = keeper.partition("::")
    text = (TOP / path).read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(" if name else r"^def test_", text, re.MULTILINE)


def test_every_scenario_keeps_a_promise() -> None:
    assert {keeper.removeprefix("lab:") for keeper in KEEPERS if keeper.startswith("lab:")} == set(available())


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#:]+)\)", README))
def test_linked_files_exist(path: str) -> None:
    assert (TOP / path).exists()


def test_household_of_the_readme_is_a_policy(tmp_path: Path) -> None:
    from gateway.policy import load

    (tmp_path / "household.yaml").write_text(re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0], encoding="utf-8")
    assert load(tmp_path).faults == ()
