"""What is wrong in a policy file, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

MAX_VALUE_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault (or warning). Its text form is one line that names file, place, key, value and the valid choices."""

    file: str
    """Relative to the policy directory."""
    message: str
    """What is wrong, continuing the value: ``is not an action``."""
    line: int = 0
    """From 1; 0: the file as a whole."""
    column: int = 0
    path: str = ""
    """The key path: ``rules.video.action``."""
    value: str | None = None
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        value = "" if self.value is None else f'"{shorten(self.value)}" '
        choices = f"; one of: {', '.join(self.choices)}" if self.choices else ""
        return f"{place}: {f'{self.path}: ' if self.path else ''}{value}{self.message}{choices}{self._hint()}"

    @property
    def suggestion(self) -> str:
        """The choice that was probably meant, or nothing."""
        found = get_close_matches(self.value or "", self.choices, n=1, cutoff=0.6)
        return found[0] if found else ""

    def _hint(self) -> str:
        return f" – did you mean {self.suggestion}?" if self.suggestion else ""


def shorten(text: str) -> str:
    """One printable line of bounded length."""
    line = "".join(char if char.isprintable() else "�" for char in text)
    return line if len(line) <= MAX_VALUE_CHARACTERS else f"{line[: MAX_VALUE_CHARACTERS - 1]}…"


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """By file and place, each once."""
    return tuple(sorted(set(faults), key=lambda fault: (fault.file, fault.line, fault.column, fault.path, fault.message)))
