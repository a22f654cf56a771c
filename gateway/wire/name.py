"""Server names as they are written down: printable, lower case, without the root's dot.

What no host can be called (a NUL, a blank or a star in it, an empty label, more than 253 characters) stands in quotation marks:
it is shown, and it is below no domain. Beside it stand its *readings*: the hosts that some server may take it for, since one
leaves out what another stops at.
"""

import re
import unicodedata
from collections.abc import Iterator

from gateway.model.name import Name, NameSource

MAX_NAME_BYTES = 255
MAX_HOST_CHARACTERS = 253
MAX_PIECES = 4
_PIECE = re.compile(r"[a-z0-9_.-]+")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*").fullmatch


def clean(raw: bytes) -> str:
    """Printable text of whatever stood where a name should: other bytes as ``\\xNN``, lower case, one trailing dot off."""
    text = raw[:MAX_NAME_BYTES].decode("latin-1")
    if not (text.isascii() and text.isprintable() and " " not in text):
        text = "".join(char if "!" <= char <= "~" else f"\\x{ord(char):02x}" for char in text)
    return text.lower().removesuffix(".")


def names_of(raw: bytes, source: NameSource) -> tuple[Name, ...]:
    """The name, and behind one that no host has its readings (at most ``2 * MAX_PIECES + 2``); none where nothing stood."""
    text = clean(raw)
    if not text:
        return ()
    if len(raw) <= MAX_NAME_BYTES and len(text) <= MAX_HOST_CHARACTERS and _HOST(text):
        return (Name(text, source),)
    return (Name(f'"{text}"', source), *(Name(reading, source) for reading in dict.fromkeys(_readings(raw))))


def _readings(raw: bytes) -> Iterator[str]:
    """What stands before, between and behind what no host has in its name, and all of that together."""
    text = unicodedata.normalize("NFKC", raw.decode("utf-8", "replace")).lower().replace("\u3002", ".")
    pieces = _PIECE.findall(text)
    outer = pieces if len(pieces) <= MAX_PIECES else pieces[: MAX_PIECES // 2] + pieces[-MAX_PIECES // 2 :]
    for piece in (*outer, "".join(pieces)):
        yield from _hosts(piece)


def _hosts(piece: str) -> Iterator[str]:
    """Without its empty labels; where it is longer than a name can be, its beginning and its end."""
    host = ".".join(label for label in piece.split(".") if label)
    if len(host) <= MAX_HOST_CHARACTERS:
        yield from (host,) if host else ()
        return
    yield host[:MAX_HOST_CHARACTERS].rstrip(".")
    yield host[-MAX_HOST_CHARACTERS:].partition(".")[2] or host[-MAX_HOST_CHARACTERS:]
