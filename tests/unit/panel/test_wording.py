"""Everything that the policy calls by name has plain words, and a switch offers what it can do."""

import pytest

from gateway.model.action import Action, Effect
from gateway.model.purpose import Purpose
from gateway.panel.wording import CHOICES, EFFECTS, PURPOSES, SHOWN_FIRST, STATES, STOPPING, choices, spoken


def test_everything_has_words() -> None:
    assert set(PURPOSES) == set(Purpose)
    assert sorted(SHOWN_FIRST) == sorted(Purpose), "each once"
    assert set(STATES) == set(CHOICES) == set(Action)
    assert set(EFFECTS) == {str(effect) for effect in Effect}


def test_no_two_purposes_read_alike() -> None:
    assert len({words.title for words in PURPOSES.values()}) == len(PURPOSES)


@pytest.mark.parametrize("now", list(Action))
@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_switch_offers_something_else(purpose: Purpose, now: Action) -> None:
    offered = choices(purpose, now)
    assert now not in offered
    assert len(set(offered)) == len(offered) >= 1
    if now in STOPPING:
        assert Action.ALLOW in offered, "what is stopped can be let out"
    if now in (Action.ALLOW, Action.LIMIT):
        assert STOPPING & set(offered), "what passes can be stopped"


def test_silence_is_a_way_of_stopping() -> None:
    assert Action.BLOCK not in choices(Purpose.TELEMETRY, Action.DROP)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("front-door", "Front door"), ("tv", "Tv"), ("a_b-c", "A b c"), ("", ""), ("02:00:5e:10:00:01", "02:00:5e:10:00:01"),
        ("Already so", "Already so"), ("-x", " x"), ("überall", "Überall"),
    ],
)  # fmt: skip
def test_names_as_people_say_them(name: str, expected: str) -> None:
    assert spoken(name) == expected
