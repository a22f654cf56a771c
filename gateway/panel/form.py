"""What a browser sends of a form: ``application/x-www-form-urlencoded``, bounded, and nothing else.

No multipart: no page takes a file, and the one parser that Starlette knows for it is not ours to ship.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

CONTENT_TYPE = "application/x-www-form-urlencoded"
MAX_BODY_BYTES = 65_536
MAX_FIELDS = 64
MAX_VALUE_CHARS = 4_096


@dataclass(frozen=True, slots=True)
class Form(Mapping[str, str]):
    """Names and values in the order they came; as a mapping, the last value of each name counts."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, name: str) -> str:
        for key, value in reversed(self.pairs):
            if key == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for key, _ in self.pairs))

    def __len__(self) -> int:
        return len({key for key, _ in self.pairs})

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a name: ticked boxes share one."""
        return tuple(value for key, value in self.pairs if key == name)

    def line(self, name: str) -> str:
        """A value that people typed into one line: no spaces around it, empty where there is none."""
        return self.get(name, "").strip()


def parse_form(raw: bytes) -> Form:
    """The fields of a body. ValueError: too much, no UTF-8, or characters that no form field of ours can hold."""
    if len(raw) > MAX_BODY_BYTES:
        raise ValueError("the form is too large")
    text = raw.decode("ascii")
    pairs = tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, encoding="utf-8", errors="strict"))
    for name, value in pairs:
        if len(name) + len(value) > MAX_VALUE_CHARS:
            raise ValueError("a field of the form is too long")
        if "\0" in name or "\0" in value:
            raise ValueError("a field of the form holds a NUL")
    return Form(pairs)


def is_form(content_type: str) -> bool:
    """The header says so, whatever parameters follow."""
    return content_type.partition(";")[0].strip().lower() == CONTENT_TYPE
