"""Makes deploy/demo.svg, the README's picture: the live view of the virtual home after a while, the kernel deciding.

    .venv/bin/python deploy/picture.py [FILE]
"""

import io
import re
import sys
import time
from pathlib import Path

from rich.console import Console

from gateway.cli.demo import HOME, keys_of
from gateway.cli.live import View
from gateway.cli.scene import Scene
from gateway.cli.screen import draw
from gateway.edge.control_client import ControlClient
from gateway.lab.demo import Demo
from gateway.lab.namespace import inside

COLUMNS, LINES = 120, 40
BEFORE_S, VIEWING_S = 11.0, 4.0


def main() -> None:
    """Watch for a while, open a viewing, and draw what is seen."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("demo.svg")
    file.write_text(inside(picture), "utf-8")
    print(f"{file}: {file.stat().st_size:,} bytes")


def picture() -> str:
    """The picture's text. To be run inside a world of its own."""
    with Demo() as home, ControlClient(home.control) as client:
        scene = Scene(banner=HOME)
        client.start()
        watch(client, scene, BEFORE_S)
        scene.message = home.watch_door()
        watch(client, scene, VIEWING_S)
        scene.take_devices(client.ask("devices"))
        scene.take_status(client.ask("status"))
        view = View(client)
        keys = view.switches() | view.presets(home.household) | keys_of(home)
    console = Console(file=io.StringIO(), record=True, width=COLUMNS, height=LINES, force_terminal=True)
    console.print(draw(scene, console, hints={key: entry.hint for key, entry in keys.items()}))
    svg = console.export_svg(title="./deploy/demo")
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # nothing is fetched to look at it


def watch(client: ControlClient, scene: Scene, seconds: float) -> None:
    """Let things happen for a while."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for event in client.receive(left):
            scene.take(event, now=time.strftime("%H:%M:%S"))


if __name__ == "__main__":
    main()
