"""The live view as a picture for a terminal of 80 by 24 or more."""

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from .column import size, span
from .scene import MAX_PICKS, Line, Scene

_STYLES = {"pass": "green", "refuse": "red", "drop": "red", "redirect": "yellow", "": "cyan"}
MAX_TOP = 9
KEYS = "q quit  1-9 device  p pause 1 min  v viewing  a allow what was stopped"


def draw(scene: Scene, console: Console, *, presets: bool) -> RenderableType:
    """The whole picture, as many lines as the terminal has."""
    width, height = console.size
    kept = scene.kept()
    top = min(MAX_TOP, max(2, len(scene.devices), len(kept)), max(2, height - 12))
    upper = Table.grid(expand=True, padding=(0, 2))
    upper.add_column(width=(width - 2) * 55 // 100)
    upper.add_column(ratio=1)
    upper.add_row(_devices(scene, top), _kept(scene, top))
    room = max(3, height - top - 7)
    return Group(_title(scene), upper, Text(), _flows(scene.shown()[-room:], room), _why(scene), _open(scene), _keys(presets))


def _title(scene: Scene) -> Text:
    text = Text("Netcurtain", style="bold", no_wrap=True, overflow="ellipsis")
    total = [sum(values) for values in zip(*((kept.stopped, kept.held_bytes) for kept in scene.kept().values()), strict=True)]
    stopped, held = total or [0, 0]
    text.append(f"  kept at home: {stopped} tries, {size(held)} held", style="not bold")
    text.append(f"   policy {scene.policy[:8]}", style="dim not bold")
    return text


def _devices(scene: Scene, rows: int) -> Table:
    table = _table(("", 1), ("Device", 14), ("Profile", 0), ("Flows", -5), ("Stopped", -7))
    for number, (mac, device, flows, stopped) in enumerate(scene.rows(), start=1):
        if number > rows:
            break
        style = "reverse" if mac == scene.picked else ""
        key = str(number) if number <= MAX_PICKS else ""
        profile = "trusted" if device["trusted"] else device["profile"]
        table.add_row(key, _text(device["id"]), _text(profile), str(flows), str(stopped), style=style)
    return table


def _kept(scene: Scene, rows: int) -> Table:
    table = _table(("Kept at home", 0), ("Tries", -5), ("Held", -8))
    for purpose, kept in list(scene.kept().items())[:rows]:
        style = "" if kept.stopped else "dim"
        table.add_row(_text(purpose), str(kept.stopped), size(kept.held_bytes), style=style)
    return table


def _flows(lines: list[Line], room: int) -> Table:
    table = _table(("Time", 8), ("Device", 12), ("Purpose", 14), ("Verdict", 8), ("To, why", 0))
    for line in lines:
        what = Text(line.name, no_wrap=True, overflow="ellipsis")
        if line.why:
            what.append(f"  {line.why}" if line.name else line.why, style="dim" if line.name else "")
        verdict = Text(line.verdict or line.event, style=_STYLES[line.effect])
        table.add_row(line.time, _text(line.device), _text(line.purpose), verdict, what)
    for _ in range(room - len(lines)):
        table.add_row("", "", "", "", "")
    return table


def _why(scene: Scene) -> Text:
    """The whole reason of the last refusal, for which its line may have no room."""
    stopped = scene.last_stopped()
    text = f"last stopped: {stopped.device}, {stopped.purpose}: {stopped.why}" if stopped else ""
    return Text(text, style="italic", no_wrap=True, overflow="ellipsis")


def _open(scene: Scene) -> Text:
    shown = [
        f"{grant['kind']} {grant['device']}{' ' + grant['purpose'] if grant['purpose'] else ''} {span(grant['remaining_s'])}"
        for grant in scene.grants
    ]
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(scene.message, style="bold yellow")
    if shown:
        text.append(("   " if scene.message else "") + "open: " + ", ".join(shown), style="yellow")
    return text


def _keys(presets: bool) -> Text:
    return Text(KEYS + ("  s preset" if presets else "") , style="dim", no_wrap=True, overflow="crop")


def _table(*columns: tuple[str, int]) -> Table:
    """Title and width: 0 takes what is left, negative is aligned to the right."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style="bold")
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


def _text(text: str) -> Text:
    """Not markup: a device chooses its own name."""
    return Text(str(text), no_wrap=True, overflow="ellipsis")
