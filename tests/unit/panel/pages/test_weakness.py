"""A sentence for everything that can be wrong with a password."""

from gateway.panel.access import Weakness
from gateway.panel.pages.weakness import SENTENCES


def test_every_weakness_has_its_sentence() -> None:
    assert SENTENCES.keys() == set(Weakness)
    for sentence in SENTENCES.values():
        assert sentence % {"least": "10", "most": "256"}
