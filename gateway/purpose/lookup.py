"""Name -> rows of the catalogue: one step per label, however many rows there are."""

import re
from functools import lru_cache

from ..model.assessment import Catalogue, Row

MAX_NAME_CHARACTERS = 253
"""RFC 1035: nothing longer is a name."""


def find(catalogue: Catalogue, name: str) -> tuple[Row, ...]:
    """Every row whose match covers ``name``, the longest match first; rows of equal length in the order they were written."""
    if not name or len(name) > MAX_NAME_CHARACTERS:
        return ()
    names, patterns = catalogue.names, catalogue.patterns
    found = [row for row in patterns.get("", ()) if covers(row.match, name)]
    key = ""
    for label in reversed(name.split(".")):
        key = f"{key}.{label}" if key else label
        if (rows := names.get(key)) is not None:
            found.extend(rows)
        if (rows := patterns.get(key)) is not None:
            found.extend(row for row in rows if covers(row.match, name))
    if len(found) > 1:
        found.sort(key=literal_length, reverse=True)
    return tuple(found)


def literal_length(row: Row) -> int:
    """How much of a name a match spells out: the measure of "longest"."""
    return len(row.match) - row.match.count("*")


def covers(pattern: str, name: str) -> bool:
    """Whether ``name`` is one that ``pattern`` stands for (not a subdomain of one)."""
    return _compiled(pattern).fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A ``*`` that is a whole label stands for one or more labels, any other for part of one; never for nothing."""
    labels = (".+" if label == "*" else "[^.]+".join(map(re.escape, label.split("*"))) for label in pattern.split("."))
    return re.compile(r"\.".join(labels))
