"""Lines for people: columns, bytes, spans and times of day. Without a library, so that commands answer at once."""

import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import click

COLOURS = {"pass": "green", "refuse": "red", "drop": "magenta", "redirect": "yellow"}
VERDICTS = {"pass": "passes", "refuse": "refused", "drop": "silent", "redirect": "answered here"}
"""What the device meets: nothing, a refusal, silence, or the gateway in the internet's place."""


def size(count: float) -> str:
    """Bytes; 1 kB = 1,000 bytes."""
    for unit in ("B", "kB", "MB"):
        if count < 1_000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1_000
    return f"{count:.1f} GB"


def span(seconds: float) -> str:
    """A duration in its two largest units."""
    whole = max(0, round(seconds))
    parts = [(whole // 86_400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    shown = [f"{count}{unit}" for count, unit in parts if count]
    return " ".join(shown[:2]) or "0s"


def clock(timestamp: str) -> str:
    """The time of day here, of an ISO timestamp."""
    try:
        return datetime.fromisoformat(timestamp).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return "--:--:--"


def ago(then: float, now: float) -> str:
    """How long something is ago."""
    return "just now" if now - then < 2 else f"{span(now - then)} ago"


def verdict(effect: str | None) -> str:
    """A flow's outcome in a word, coloured on a terminal."""
    return click.style(VERDICTS.get(effect or "", "–"), fg=COLOURS.get(effect or ""))


def printable(text: object) -> str:
    """Text of a device, that cannot move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(text))


def table(rows: Iterable[Sequence[str]], *, head: Sequence[str]) -> None:
    """Columns as wide as they must be; the last one takes what the terminal has left."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(click.unstyle(line[column])) for line in lines) for column in range(len(head))]
    room = shutil.get_terminal_size((10_000, 24)).columns if sys.stdout.isatty() else 10_000
    for number, line in enumerate(lines):
        cells = [cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(line, widths, strict=True)]
        *most, last = cells
        left = room - sum(width + 2 for width in widths[:-1])
        shown = "  ".join([*most, last.rstrip() if len(last.rstrip()) <= max(left, 10) else last[: max(left, 10) - 1] + "…"])
        click.echo(click.style(shown, bold=True) if number == 0 else shown)
