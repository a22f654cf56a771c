"""``netcurtain lab demo``: the virtual home behind the real gateway, in the live view; where none can be built, a recording."""

import os
import signal
import socket
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import as_file, files
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import click

from gateway.policy import load

from .live import Key, View, show, watch
from .playback import Playback

if TYPE_CHECKING:
    from gateway.lab.demo import Demo

RECORDING = "recordings/home.pcap.gz"
HOUSEHOLD = "household"
HOME = "a virtual home behind the real gateway, in this kernel"
REPLAY = "REPLAY of a recorded home: same engine, nothing is really stopped"
SWITCHES = "a recording: there is no gateway here whose policy could be switched"
NO_PANEL = "a recording has no panel: there is no gateway here that it could ask"
LEAVE_PICTURE = "\x1b[?1049l\x1b[?25h"
"""The alternate screen is left, the cursor seen again."""


class Ended(NamedTuple):
    """What became of a home: an exit code, or why it never stood."""

    code: int = 0
    reason: str = ""


def demo(*, plain: bool, seconds: float | None, replay: bool) -> int:
    """Show the home; returns the exit code."""
    if not replay:
        tell("building the virtual home: nine gadgets and phones, a gateway and an internet (about 5 s)")
        ended = _in_the_kernel(plain=plain, seconds=seconds)
        if not ended.reason:
            return ended.code
        tell(f"no virtual home can be built here: {ended.reason}")
        tell("so this replays a recording of that home through the same engine instead; nothing is really stopped")
    return _replay(plain=plain, seconds=seconds)


def tell(text: str) -> None:
    """Progress, on standard error."""
    click.secho(f"-- {text}", dim=True, err=True)


def _in_the_kernel(*, plain: bool, seconds: float | None) -> Ended:
    """The home in a world of its own, with everything it needs; nothing of it remains."""
    if sys.platform != "linux":
        return Ended(reason="network namespaces are a thing of Linux")
    try:
        from gateway.lab.namespace import LabError, inside
        from gateway.lab.panel import open_outside
    except ImportError as err:
        return Ended(reason=f"{err.name} is not installed (pip install 'netcurtain[lab]')")
    try:
        with _one_who_listens(), open_outside() as outside:  # before the world: from in there nobody gets out here
            return inside(lambda: _live(outside, plain=plain, seconds=seconds))
    except LabError as err:
        return Ended(code=130) if str(err) == "interrupted" else Ended(reason=_sentence(str(err)))


def _live(outside: socket.socket, *, plain: bool, seconds: float | None) -> Ended:
    from gateway.lab.demo import Demo
    from gateway.lab.namespace import LabError

    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where an ordinary user's shell does not look for nft and dnsmasq
    began = time.monotonic()
    with ExitStack() as stack:
        try:
            home = stack.enter_context(Demo(outside))
        except LabError as err:
            return Ended(reason=_sentence(str(err)))
        tell(f"it stands after {time.monotonic() - began:.1f} s")
        code = watch(
            home.control, plain=plain, seconds=seconds, household=home.household, keys=keys_of(home), banner=HOME,
            notice=home.panel,
        )  # fmt: skip
        return Ended(code)


def _sentence(text: str) -> str:
    """What went wrong, in a line: the end of a traceback, the beginning and the end of anything else."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "netcurtain doctor" not in line]
    return lines[-1] if lines[0].startswith("Traceback") else " … ".join(dict.fromkeys([lines[0], lines[-1]]))


def keys_of(home: "Demo") -> dict[str, Key]:
    """What can be done by hand in this home, besides what every gateway offers."""
    return {
        "v": Key("view door", home.watch_door),
        "t": Key("telemetry", home.switch_telemetry),
        "l": Key("log in", home.make_link),
    }


@contextmanager
def _one_who_listens() -> Iterator[None]:
    """Ctrl-C is for the process that shows the picture and takes the home down: we wait for it. SIGTERM is for us: we end it,
    and give the terminal back in its place."""
    terminal = sys.stdin.fileno() if sys.stdin.isatty() else None
    settings = termios.tcgetattr(terminal) if terminal is not None else None
    before = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    except SystemExit:
        if terminal is not None and settings is not None:
            termios.tcsetattr(terminal, termios.TCSADRAIN, settings)
        if sys.stdout.isatty():
            sys.stdout.write(LEAVE_PICTURE)
            sys.stdout.flush()
        raise
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


def _leave(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


def _replay(*, plain: bool, seconds: float | None) -> int:
    lab = files("gateway.lab")
    with as_file(lab.joinpath(RECORDING)) as recording, as_file(lab.joinpath(HOUSEHOLD)) as household:
        policy = load(household).policy
        if policy is None or not recording.is_file():
            click.echo("netcurtain: the recorded home is not here, or damaged: install the package again", err=True)
            return 1
        with Playback(recording, policy) as playback:
            tell(f"a recording of {playback.length_s:.0f} s, again and again")
            view = View(playback, banner=REPLAY, message=SWITCHES, notice=lambda: NO_PANEL)
            return show(view, plain=plain, seconds=seconds)
