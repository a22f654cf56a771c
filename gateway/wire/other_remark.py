"""``Facts.detail``: one short printable line from whatever a dissector found."""

MAX_REMARK = 120
MAX_VALUE = 60


def text_of(value: object) -> str:
    """A field's value as printable text."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return "".join(letter if letter.isprintable() else "." for letter in text[: 2 * MAX_REMARK]).strip()


def remark(head: object, **values: object) -> str:
    """``head, key value, key value``; empty values are left out."""
    parts = [text_of(head)]
    for key, value in values.items():
        text = text_of(value if value is not None else "")[:MAX_VALUE]
        if text:
            parts.append(f"{key} {text}")
    return ", ".join(part for part in parts if part)[:MAX_REMARK]
