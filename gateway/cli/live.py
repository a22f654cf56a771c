"""``netcurtain live``: the gateway at work, as it happens, on a terminal or line by line."""

import os
import re
import selectors
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import click

from gateway.edge.control_client import ControlClient, ControlError

from .ask import Duration, control_option, tell
from .scene import Line, Scene

STATUS_EVERY_S = 1.0
DEVICES_EVERY_S = 5.0
DRAW_EVERY_S = 0.1
MESSAGE_S = 10.0
PAUSE_S = 60.0
ALLOW_S = 600.0
VIEWING_S = 900.0
PRESETS = ("recommended", "strict", "gentle")


class Key(NamedTuple):
    """What a key does: a hint for people, and an action that answers with a sentence."""

    hint: str
    press: Callable[[], str]


class Source(Protocol):
    """What the view looks at: a running gateway, or a recording in its place."""

    def fileno(self) -> int: ...

    def start(self) -> None: ...

    def ask(self, do: str, **args: Any) -> Any: ...

    def receive(self, timeout_s: float | None = None) -> list[dict[str, Any]]: ...


@click.command()
@click.option("--plain", is_flag=True, help="One line per event, cells separated by tabs; totals at the end.")
@click.option("--for", "seconds", type=Duration(), default=None, metavar="30s", help="End after a while.")
@control_option
def live(plain: bool, seconds: float | None, control: Path) -> None:
    """Watch devices, their flows as they are judged, and what is kept at home. Without a terminal: --plain."""
    sys.exit(watch(control, plain=plain, seconds=seconds))


def watch(
    control: Path,
    *,
    plain: bool = False,
    seconds: float | None = None,
    household: Path | None = None,
    keys: Mapping[str, Key] | None = None,
    banner: str = "",
    notice: Callable[[], str] = str,
) -> int:
    """Show a running gateway until ``q``, the end of ``seconds``, or of the gateway; returns the exit code.

    With ``household`` (a household.yaml that may be edited) the key ``s`` switches its preset; ``keys`` come in addition to the
    usual ones, or in the place of one; what ``notice`` says stays in sight.
    """
    try:
        with ControlClient(control) as client:
            view = View(client, banner=banner, notice=notice)
            view.keys |= view.switches() | (view.presets(household) if household else {}) | dict(keys or {})
            return show(view, plain=plain, seconds=seconds)
    except ControlError as err:
        tell(err)
        return 1


def show(view: "View", *, plain: bool, seconds: float | None) -> int:
    """Lines where they are wanted or where there is no terminal, else the picture; returns the exit code."""
    try:
        if plain or not sys.stdout.isatty():
            view.follow(seconds)
        else:
            view.paint(seconds)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is buffered has nowhere to go at the exit
    return 0


class View:
    """One live view on one source. ``keys`` is what may be pressed besides a device's number and ``q``."""

    def __init__(self, client: Source, *, banner: str = "", message: str = "", notice: Callable[[], str] = str) -> None:
        self._client = client
        self._notice = notice
        self.keys: dict[str, Key] = {}
        self._scene = Scene(banner=banner, message=message)
        self._status_at = self._devices_at = float("-inf")
        self._message_until = float("inf")
        client.start()
        self._scene.take_flows(client.ask("flows", limit=50))
        self._refresh()

    def follow(self, seconds: float | None) -> None:
        """Lines for programs."""
        end = time.monotonic() + seconds if seconds is not None else float("inf")
        past = list(self._scene.lines)
        with suppress(KeyboardInterrupt):
            for said in filter(None, (self._scene.notice, self._scene.banner)):
                past.insert(0, Line(time=time.strftime("%H:%M:%S"), event="note", why=said))
            for line in past:
                print(line.plain())
            sys.stdout.flush()
            while (left := end - time.monotonic()) > 0:
                for event in self._client.receive(min(left, 1.0)):
                    print(self._scene.take(event, now=time.strftime("%H:%M:%S")).plain())
                sys.stdout.flush()
        self._scene.take_status(self._client.ask("status"))
        for purpose, kept in self._scene.kept().items():
            print(f"total\t{purpose}\tstopped={kept.stopped}\theld_bytes={kept.held_bytes}\tpassed={kept.passed}")
        print(f"kept at home\t{self._scene.summary()}", flush=True)

    def paint(self, seconds: float | None) -> None:
        """The picture on a terminal, until a key or the time ends it."""
        from rich.console import Console
        from rich.live import Live

        from .screen import draw

        console = Console()
        hints = {key: entry.hint for key, entry in self.keys.items()}
        end = time.monotonic() + seconds if seconds is not None else float("inf")
        with suppress(KeyboardInterrupt), _keys() as keys, Live(console=console, screen=True, auto_refresh=False) as picture:
            for key in self._turns(keys, end):
                if key == "q":
                    break
                if key:
                    self._press(key)
                picture.update(draw(self._scene, console, hints=hints), refresh=True)
        self._scene.picked = ""
        console.print(f"kept at home: {self._scene.summary()}")

    def _turns(self, keys: int | None, end: float) -> Iterator[str]:
        """A key, or "" when it is time to draw."""
        drawn_at = 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(self._client, selectors.EVENT_READ)
            if keys is not None:
                selector.register(keys, selectors.EVENT_READ)
            while (now := time.monotonic()) < end:
                for ready, _ in selector.select(min(DRAW_EVERY_S, end - now)):
                    if keys is not None and ready.fileobj == keys:
                        yield from os.read(keys, 32).decode(errors="replace") or "q"
                for event in self._client.receive(0):
                    self._scene.take(event, now=time.strftime("%H:%M:%S"))
                self._refresh()
                if time.monotonic() - drawn_at >= DRAW_EVERY_S:
                    drawn_at = time.monotonic()
                    yield ""

    def _refresh(self) -> None:
        now = time.monotonic()
        if now > self._message_until:
            self._scene.message = ""
        if now - self._status_at >= STATUS_EVERY_S:
            self._status_at = now
            self._scene.take_status(self._client.ask("status"))
            self._scene.notice = self._notice()
        if now - self._devices_at >= DEVICES_EVERY_S:
            self._devices_at = now
            self._scene.take_devices(self._client.ask("devices"))

    def switches(self) -> dict[str, Key]:
        """The keys that ask a gateway for something."""
        return {
            "p": Key("pause", lambda: self._toggle("pause", "all", seconds=PAUSE_S)),
            "v": Key("viewing", self._view),
            "a": Key("allow last", self._allow),
        }

    def presets(self, household: Path) -> dict[str, Key]:
        """The key that edits a household's file."""
        return {"s": Key("preset", lambda: f"household.yaml now says: preset: {switch_preset(household)}")}

    def _press(self, key: str) -> None:
        """What a key does; what the gateway refuses is shown, not fatal."""
        try:
            if key.isdecimal():
                self._scene.pick(int(key))
            elif key in self.keys:
                self._scene.message = self.keys[key].press()
                self._message_until = time.monotonic() + MESSAGE_S
        except ControlError as err:
            if err.code == "gone":
                raise
            self._scene.message = err.message
        except OSError as err:
            self._scene.message = str(err)
        self._status_at = float("-inf")

    def _view(self) -> str:
        camera = self._scene.camera()
        return self._toggle("viewing", camera, seconds=VIEWING_S) if camera else "there is no camera here"

    def _allow(self) -> str:
        stopped = self._scene.last_stopped()
        if stopped is None:
            return "nothing was stopped yet"
        return self._toggle("allowance", stopped.device, seconds=ALLOW_S, purpose=stopped.purpose)

    def _toggle(self, kind: str, device: str, *, seconds: float, purpose: str | None = None) -> str:
        if self._scene.has_grant(kind, device):
            self._client.ask("stop", device=device)
            return f"{kind} of {device} ended"
        verb = {"pause": "pause", "viewing": "view", "allowance": "allow"}[kind]
        self._client.ask(verb, device=device, seconds=seconds, purpose=purpose)
        return f"{kind} of {device}{' ' + purpose if purpose else ''} for {seconds / 60:.0f} min"


def switch_preset(household: Path) -> str:
    """Put the next preset into a household's file, in one step; its other lines stay as they are. Returns the preset's name."""
    text = household.read_text(encoding="utf-8")
    found = re.search(r"^preset:[ \t]*([\w-]+)", text, re.MULTILINE)
    before = found[1] if found else PRESETS[0]
    after = PRESETS[(PRESETS.index(before) + 1) % len(PRESETS)] if before in PRESETS else PRESETS[0]
    text = text[: found.start(1)] + after + text[found.end(1) :] if found else f"{text.rstrip()}\npreset: {after}\n"
    new = household.with_name(f".{household.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(household)
    return after


@contextmanager
def _keys() -> Iterator[int | None]:
    """The keyboard, a key at a time; None where there is none."""
    if not sys.stdin.isatty():
        yield None
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    try:
        tty.setcbreak(keyboard)
        yield keyboard
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
