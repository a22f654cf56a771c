"""What is wrong with a new password, in words that say what to do."""

from collections.abc import Iterable

from gateway.panel.access import Weakness
from gateway.panel.access.password import MAX_CHARS, MIN_CHARS
from gateway.panel.visit import Visit
from gateway.panel.wording import N_

SENTENCES: dict[Weakness, str] = {
    Weakness.TOO_SHORT: N_(
        "It is too short: it needs at least %(least)s characters. Three or four words are easy to remember."
    ),
    Weakness.TOO_LONG: N_("It is too long: at most %(most)s characters are kept."),
    Weakness.REPEATS: N_("It says the same thing over and over. Use different letters or words."),
    Weakness.ROW: N_("It follows the keys or the alphabet, which is what is guessed first."),
    Weakness.COMMON: N_("It is one of the words that are guessed first. Put several words together."),
    Weakness.NAME: N_("It is a name that anybody here would try. Put several words together."),
}


def tell(visit: Visit, weaknesses: Iterable[Weakness]) -> tuple[str, ...]:
    """A sentence for each."""
    numbers = {"least": visit.language.number(MIN_CHARS), "most": visit.language.number(MAX_CHARS)}
    return tuple(visit._(SENTENCES[weakness]) % numbers for weakness in weaknesses)
