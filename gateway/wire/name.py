"""Server names as they are written down: printable, lower case, without the root's dot.

What no host can be called (a NUL, a blank or a star in it, an empty label, more than 253 characters) stands in quotation marks:
it is shown, and it is below no domain.
"""

import re

from gateway.model.name import Name, NameSource

MAX_NAME_BYTES = 255
MAX_HOST_CHARACTERS = 253
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*").fullmatch


def clean(raw: bytes) -> str:
    """Printable text of whatever stood where a name should: other bytes as ``\\xNN``, lower case, one trailing dot off."""
    text = raw[:MAX_NAME_BYTES].decode("latin-1")
    if not (text.isascii() and text.isprintable() and " " not in text):
        text = "".join(char if "!" <= char <= "~" else f"\\x{ord(char):02x}" for char in text)
    return text.lower().removesuffix(".")


def name_of(raw: bytes, source: NameSource) -> Name | None:
    """The name, or None where nothing stood there."""
    text = clean(raw)
    if not text:
        return None
    whole = len(text) <= MAX_HOST_CHARACTERS and len(raw) <= MAX_NAME_BYTES
    return Name(text if whole and _HOST(text) else f'"{text}"', source)
