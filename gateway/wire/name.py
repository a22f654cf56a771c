"""Server names as they are written down: printable, lower case, without the root's dot."""

from gateway.model.name import Name, NameSource

MAX_NAME_BYTES = 255


def clean(raw: bytes) -> str:
    """Printable text of whatever stood where a name should: other bytes as ``\\xNN``, lower case, one trailing dot off."""
    text = raw[:MAX_NAME_BYTES].decode("latin-1")
    if not (text.isascii() and text.isprintable() and " " not in text):
        text = "".join(char if "!" <= char <= "~" else f"\\x{ord(char):02x}" for char in text)
    return text.lower().removesuffix(".")


def name_of(raw: bytes, source: NameSource) -> Name | None:
    """The name, or None where nothing stood there."""
    text = clean(raw)
    return Name(text, source) if text else None
