"""The live view as a picture for a terminal of 80 by 24 or more."""

from collections.abc import Mapping

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from .column import COLOURS, size, span
from .scene import MAX_PICKS, Line, Scene

SMALL, WIDE, WIDEST = 80, 100, 140
"""From so many columns on there is room for names; for every reason; for the time."""
EVENT_STYLE = "cyan"


def draw(scene: Scene, console: Console, *, hints: Mapping[str, str]) -> RenderableType:
    """The whole picture, as many lines as the terminal has: what is there, what stayed at home, what happens, what to press."""
    width, height = console.size
    wide = width >= WIDE
    top = max(2, min(max(len(scene.devices), len(scene.kept())), height // 3))
    upper = Table.grid(expand=True, padding=(0, 3))
    upper.add_column(ratio=1)
    upper.add_column(ratio=1)
    upper.add_row(_devices(scene, top, wide=wide), _kept(scene, top))
    notice = [_text(scene.notice, style="bold")] if scene.notice else []
    room = max(3, height - top - 8 - len(notice))
    flows = _flows(scene, scene.shown()[-room:], width=width)
    blank = [Text() for _ in range(room - min(room, len(scene.shown())))]
    return Group(
        _title(scene, width), *notice, upper, Text(), flows, *blank, _why(scene), _open(scene), _total(scene), _keys(hints)
    )


def _title(scene: Scene, width: int) -> Text:
    text = _text("Netcurtain", style="bold")
    text.append(f"  {scene.banner}" if scene.banner else "", style="not bold")
    policy = f"policy {scene.policy[:8]}"
    text.append(policy.rjust(width - len(text)) if len(text) + len(policy) + 2 <= width else "", style="dim not bold")
    return text


def _devices(scene: Scene, rows: int, *, wide: bool) -> Table:
    table = _table(("", 1), ("Device", 17 if wide else 0), *([("Profile", 0)] if wide else []), ("Passed", -6), ("Stopped", -7))
    for number, (mac, device, passed, stopped) in enumerate(scene.rows(), start=1):
        if number > rows:
            break
        key = str(number) if number <= MAX_PICKS else ""
        profile = "trusted: not judged" if device["trusted"] else device["profile"]
        cells = [_text(scene.label(mac, device["id"], short=not wide)), *([_text(profile)] if wide else [])]
        style = "reverse" if mac == scene.picked else "dim" if device["trusted"] else ""
        table.add_row(key, *cells, _count(passed, "green"), _count(stopped, "red"), style=style)
    return table


def _kept(scene: Scene, rows: int) -> Table:
    table = _table(("Purpose", 0), ("Passed", -6), ("Stopped", -7), ("Held", -8))
    for purpose, kept in list(scene.kept().items())[:rows]:
        table.add_row(
            _text(purpose),
            _count(kept.passed, "green"),
            _count(kept.stopped, "red"),
            size(kept.held_bytes) if kept.held_bytes else "",
        )
    return table


def _flows(scene: Scene, lines: list[Line], *, width: int) -> Table:
    wide, widest = width >= WIDE, width >= WIDEST
    who, what_for = (17, 18) if wide else (15, 15) if width >= SMALL else (11, 11)
    columns = [("Device", who), ("Purpose", what_for), ("Verdict", 13), ("", -3), ("To", 0)]
    table = _table(*[("Time", 8)] * widest, *columns, *[("Why", 0)] * wide)
    for line in lines:
        verdict = Text(line.verdict or line.event, style=COLOURS.get(line.effect, EVENT_STYLE))
        what = _text(line.name if wide else line.name or line.why)
        tries = f"×{line.tries}" if line.tries > 1 else ""
        cells = [_text(scene.label(line.mac, line.device, short=not wide)), _text(line.purpose), verdict, Text(tries), what]
        table.add_row(*[Text(line.time)] * widest, *cells, *[_cause(line)] * wide)
    return table


def _cause(line: Line) -> Text:
    """The rule's file first: whatever is cut off, it stays."""
    text = _text(f"{line.rule.rpartition('/')[2]} " if line.rule else "")
    return text.append(line.cause, style="dim")


def _why(scene: Scene) -> Text:
    """The reason of the last refusal, for which its line may have no room."""
    stopped = scene.last_stopped()
    if stopped is None:
        return Text()
    text = _text(f"stopped by {stopped.rule}  ")
    return text.append(f"{scene.label(stopped.mac, stopped.device)}: {stopped.ruling}", style="italic")


def _open(scene: Scene) -> Text:
    shown = [
        f"{grant['kind']} {grant['device']}{' ' + grant['purpose'] if grant['purpose'] else ''} {span(grant['remaining_s'])}"
        for grant in scene.grants
    ]
    text = _text("open: " + ", ".join(shown) if shown else "", style="bold yellow")
    return text.append(("   " if shown and scene.message else "") + scene.message, style="not bold yellow")


def _total(scene: Scene) -> Text:
    whose = scene.label(scene.picked, scene.devices[scene.picked]["id"]) + ": " if scene.picked else ""
    text = _text("kept at home: ", style="bold")
    return text.append(whose + scene.summary(), style="bold")


def _keys(hints: Mapping[str, str]) -> Text:
    text = Text(no_wrap=True, overflow="crop")
    for key, hint in {"q": "quit", "1-9": "device", **hints}.items():
        text.append(key, style="bold cyan").append(f" {hint}  ", style="dim")
    return text


def _table(*columns: tuple[str, int]) -> Table:
    """Title and width: 0 takes what is left, negative is aligned to the right."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style="bold dim")
    for title, width in columns:
        table.add_column(
            title,
            width=abs(width) or None,
            ratio=None if width else 1,
            justify="right" if width < 0 else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    return table


def _text(text: str, *, style: str = "") -> Text:
    """Not markup: a device chooses its own name."""
    return Text(str(text), style=style, no_wrap=True, overflow="ellipsis")


def _count(number: int, style: str) -> Text:
    return Text(str(number), style=style) if number else Text("·", style="dim")
