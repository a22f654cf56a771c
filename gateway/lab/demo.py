"""The home that the demo shows: everybody lives an ordinary day behind the real gateway, and a few things are done by hand."""

import shutil
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ruamel.yaml import YAML

from .home import Home
from .life import live
from .namespace import PACKAGES, LabError
from .panel import LabPanel

NEEDED = ("ip", "nft", "dnsmasq")
CAMERA = "front-door"
SPEAKER = "kitchen-speaker"
VIEWING_S = 12.0
PICTURES = {"media": "198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com", "size": 856, "rate": 200}
PICTURES_S = VIEWING_S + 4.0
"""The camera would go on for longer than anybody may watch: the end of the viewing is what cuts it."""


class Demo:
    """A running home. Use it inside a world of its own; what is done by hand answers with a sentence."""

    def __init__(self, outside: socket.socket | None = None) -> None:
        """``outside``: where the panel is served besides (``panel.open_outside``); None: there is no panel."""
        broker = shutil.which("mosquitto") is not None  # its package starts a service: nobody has to have it for this
        self._home = Home(captured=False, without=() if broker else ("mqtt",))
        self._outside = outside
        self._panel: LabPanel | None = None
        self._link = ""
        self._over = threading.Event()
        self._day = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> Self:
        for program in NEEDED:
            if shutil.which(program) is None:
                raise LabError(f"{program} is not installed: {PACKAGES[program]}")
        self._home.__enter__()
        self._start_panel()
        self._day.start()
        return self

    def _start_panel(self) -> None:
        if self._outside is None:
            return
        curtain = self._home.curtain
        gateway = self._home.machines["gateway"]
        self._panel = LabPanel(
            gateway, control=curtain.control, policies=curtain.policies, state=curtain.state, outside=self._outside
        )  # fmt: skip
        self._panel.start()
        self.make_link()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._day.join(1.0)
        if self._panel is not None:
            self._panel.stop()
        self._home.close()

    @property
    def control(self) -> Path:
        """The gateway's control socket."""
        return self._home.curtain.control

    @property
    def household(self) -> Path:
        """The file in which this home's policy is written; the gateway reads it anew when it changes."""
        return self._home.policies / "household.yaml"

    def panel(self) -> str:
        """Where the household's panel is, in a line."""
        if self._panel is None:
            return "there is no panel here"
        if self._panel.trouble:
            return f"the panel is not there: {self._panel.trouble}"
        return f"panel: {self._link}" if self._panel.has_link else f"panel: {self._panel.url} (l: another link to log in)"

    def make_link(self) -> str:
        """Another link that logs in once."""
        if self._panel is None or self._panel.trouble:
            return self.panel()
        self._link = self._panel.new_link()
        return self.panel()

    def switch_telemetry(self) -> str:
        """Write another rule for the speaker's telemetry into the household's file."""
        action = switch_rule(self.household, SPEAKER, "telemetry")
        return f"household.yaml now says: {SPEAKER}: telemetry: {action}"

    def watch_door(self) -> str:
        """Open a viewing, as the owner's app would, and let the camera send pictures for longer than that."""
        self._home.ask("view", device=CAMERA, seconds=VIEWING_S)
        packets = int(PICTURES_S * PICTURES["rate"])  # type: ignore[operator]
        self._home["doorbell"].begin([{**PICTURES, "packets": packets}])
        return f"viewing of {CAMERA} for {VIEWING_S:.0f} s: its video passes, and is cut at the end"

    def _live(self) -> None:
        live(self._home.gadgets, going=lambda: not self._over.is_set())


def switch_rule(household: Path, device: str, purpose: str) -> str:
    """Allow a purpose that the file does not allow, else block it; comments and order stay. Returns the new action."""
    yaml = YAML()
    yaml.width = 4096
    document: Any = yaml.load(household)
    rules = document["devices"][device].setdefault("rules", {})
    rules[purpose] = "block" if rules.get(purpose) == "allow" else "allow"
    fresh = household.with_name(f".{household.name}.new")
    yaml.dump(document, fresh)
    fresh.replace(household)
    return str(rules[purpose])
