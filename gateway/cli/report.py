"""Totals of a capture as a table: per device and purpose, with the names that carried it."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from gateway.model.record import FlowRecord

from .column import COLOURS, VERDICTS, size

MAX_LINES = 10_000
MAX_NAMES = 512
PROGRESS_FROM_BYTES = 8_000_000
EFFECT_STYLE = {**COLOURS, "": "dim"}
EFFECT_WORD = {**VERDICTS, "": "–"}


@dataclass(slots=True)
class Line:
    """All flows of one device with one purpose and one outcome."""

    flows: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    names: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)


class Report:
    """Gathers records, and prints them at the end."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, str, str, str], Line] = {}

    def add(self, record: FlowRecord) -> None:
        """Count one flow."""
        key = (record.device or str(record.src.hex(":")), record.profile, record.purpose, record.action, record.effect)
        if key not in self._lines and len(self._lines) >= MAX_LINES:
            key = ("all others", "", record.purpose, record.action, record.effect)
        line = self._lines.setdefault(key, Line())
        line.flows += 1
        line.bytes_out += record.bytes_toserver
        line.bytes_in += record.bytes_toclient
        if len(line.names) < MAX_NAMES:
            line.names[record.server_name or record.app_proto] += 1
        if record.rule and len(line.rules) < MAX_NAMES:
            line.rules[record.rule] += 1

    def show(self) -> None:
        """Print the table; colours on a terminal only."""
        console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 140)
        if not self._lines:
            console.print("No flows.")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title, right in (("Device", 0), ("Purpose", 0), ("Verdict", 0), ("Flows", 1), ("Up", 1), ("Down", 1), ("Names", 0)):
            table.add_column(title, justify="right" if right else "left", overflow="fold", no_wrap=title != "Names")
        before = ""
        for key in sorted(self._lines, key=lambda key: (key[0], -self._lines[key].bytes_out)):
            device, profile, purpose, action, effect = key
            line = self._lines[key]
            shown = Text(device, style="bold") + Text(f" {profile}", style="dim") if device != before else Text("")
            before = device
            verdict = Text(EFFECT_WORD.get(effect, effect), style=EFFECT_STYLE.get(effect, ""))
            if action:
                verdict += Text(f" ({action})", style="dim")
            names = ", ".join(name for name, _ in line.names.most_common(3))
            more = len(line.names) - 3
            table.add_row(
                shown, purpose, verdict, str(line.flows), size(line.bytes_out), size(line.bytes_in),
                names + (f" and {more} more" if more > 0 else ""),
            )  # fmt: skip
        console.print(table)
        console.print(self._summary())

    def _summary(self) -> str:
        flows = sum(line.flows for line in self._lines.values())
        stopped = [line for key, line in self._lines.items() if key[4] not in ("pass", "")]
        kept = sum(line.bytes_out for line in stopped)
        if all(key[4] == "" for key in self._lines):
            return f"{flows} flows; no policy was asked."
        return f"{flows} flows; {sum(line.flows for line in stopped)} of them, {size(kept)} sent, would be kept at home."


def capture_progress(path: str, position: Callable[[], int], wanted: bool) -> AbstractContextManager[Callable[[], None]]:
    """A progress bar on standard error for a large file on a terminal; else nothing."""
    total = Path(path).stat().st_size if Path(path).exists() else 0
    if not wanted or total < PROGRESS_FROM_BYTES:
        return nullcontext(lambda: None)
    return _bar(path, position, total)


@contextmanager
def _bar(path: str, position: Callable[[], int], total: int) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(Path(path).name, total=total)
        yield lambda: progress.update(task, completed=position())
