"""``python -m tests.browser.home``: the virtual home with its panel. A command a line on standard input, an answer a line
on standard output: ``{"do": …}`` -> ``{"ok": true, "value": …}`` or ``{"ok": false, "error": …}``. It ends with its input.
"""

import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from gateway.lab.home import Home
from gateway.lab.life import live
from gateway.lab.namespace import inside
from gateway.lab.panel import LabPanel, open_outside
from gateway.lab.topology import GATEWAY_WAN_MAC
from gateway.lab.truth import read_frames


class Played:
    """The home, and what can be done in it from outside."""

    def __init__(self, outside: socket.socket) -> None:
        self._home = Home()
        self._outside = outside
        self._over = threading.Event()
        self._living: threading.Thread | None = None
        self.commands: dict[str, Callable[..., Any]] = {
            "url": lambda: self.panel.url,
            "link": lambda: self.panel.new_link(),
            "panel_pid": lambda: self.panel.pid,
            "panel_log": lambda: self.panel.log.read_text(errors="replace"),
            "claimed": lambda: '"household"' in self._kept(),
            "household": lambda: (self._home.policies / "household.yaml").read_text(encoding="utf-8"),
            "ask": lambda verb, **args: self._home.ask(verb, **args),
            "reset": self.reset,
            "new_box": self.new_box,
            "run": self.run,
            "begin": self.begin,
            "live": self.live,
            "rest": self.rest,
            "sent": self.sent,
            "kill_gateway": lambda: self._home.curtain.stop(kill=True),
            "start_gateway": self.start_gateway,
            "kill_panel": lambda: self.panel.stop(),
            "start_panel": lambda: self.panel.start(),
            "get": self.get,
        }

    def __enter__(self) -> "Played":
        self._home.__enter__()
        curtain, gateway = self._home.curtain, self._home.machines["gateway"]
        self.panel = LabPanel(
            gateway, control=curtain.control, policies=curtain.policies, state=curtain.state, outside=self._outside
        )  # fmt: skip
        self.panel.start()
        self._files = self._read_files()
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()
        self.panel.stop()
        self._home.close()

    def _read_files(self) -> dict[str, str]:
        return {str(file): file.read_text(encoding="utf-8") for file in self._home.policies.rglob("*.yaml")}

    def reset(self) -> None:
        """The household's files as they were, and nothing open any more: what one test did is over."""
        self.rest()
        for grant in self._home.ask("status")["grants"]:
            self._home.ask("stop", device=grant["device"])
        for one in self._home.ask("status")["forgetting"]:
            self._home.ask("keep", device=one["mac"])
        changed = {path: text for path, text in self._files.items() if Path(path).read_text(encoding="utf-8") != text}
        for path, text in changed.items():
            Path(path).write_text(text, encoding="utf-8")
        if changed:
            self._home.cli("reload", "--control", str(self._home.curtain.control))

    def new_box(self) -> None:
        """Nobody owns it any more."""
        self.panel.stop()
        for file in (self._home.curtain.state / "panel").glob("panel[.-][jw]*"):  # accounts; since when it waits for an owner
            file.unlink()
        self.panel.start()

    def _kept(self) -> str:
        file = self._home.curtain.state / "panel/panel.json"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def run(self, gadget: str, what: Any, timeout_s: float = 20.0) -> int:
        """A trigger of a gadget's behaviour, or steps, to the end: how many there were."""
        return len(self._home[gadget].do(what, timeout_s=timeout_s))

    def begin(self, gadget: str, what: Any) -> None:
        """The same, without waiting."""
        self._home[gadget].begin(what)

    def live(self) -> None:
        """From now on an ordinary day."""
        self._over.clear()
        going: Callable[[], bool] = lambda: not self._over.is_set()  # noqa: E731
        self._living = threading.Thread(target=live, args=(self._home.gadgets,), kwargs={"going": going}, daemon=True)
        self._living.start()

    def rest(self) -> None:
        """No more of it."""
        self._over.set()
        if self._living is not None:
            self._living.join(2.0)

    def sent(self, name: str, since: float = 0.0) -> int:
        """Bytes of payload that left the home for the addresses of a name since a wall time."""
        self._home.settle()
        host = self._home.zone.hosts[name]
        wanted = {ip_address(address).packed for address in (host.address4, host.address6)}
        frames = read_frames(self._home.wan_capture)
        return sum(
            one.packet.payload_length
            for one in frames
            if one.at >= since and one.source == GATEWAY_WAN_MAC and one.packet.dst in wanted
        )

    def start_gateway(self) -> None:
        """It is back, in its own time."""
        self._home.curtain.start()
        self._home.curtain.await_ready()

    def get(
        self, machine: str, address: str, path: str = "/login", secure: bool = False, cookie: str = "", timeout_s: float = 3.0
    ) -> dict[str, str]:
        """What somebody in the home gets over HTTP, or over HTTPS if they trust the box: ``status``, ``location`` and
        ``cookie``; ``error`` where nothing comes."""
        with self._home.machines[machine].entered():
            try:
                with socket.create_connection((address, 443 if secure else 80), timeout=timeout_s) as raw:
                    return _ask(
                        self._trusting().wrap_socket(raw, server_hostname=address) if secure else raw, address, path, cookie
                    )
            except OSError as err:
                return {"error": os.strerror(err.errno) if err.errno else type(err).__name__}

    def _trusting(self) -> ssl.SSLContext:
        file = self._home.curtain.state / "panel/tls/authority.pem"
        return ssl.create_default_context(cadata=file.read_text(encoding="ascii").partition("-----BEGIN PRIVATE")[0])


def _ask(sock: socket.socket, address: str, path: str, cookie: str) -> dict[str, str]:
    host = f"[{address}]" if ":" in address else address
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n".encode())
    said = b""
    while piece := sock.recv(65_536):
        said += piece
    head = said.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
    return {"status": head[0].split()[1], "location": fields.get("location", ""), "cookie": fields.get("set-cookie", "")}


def serve(outside: socket.socket) -> int:
    """Build it, and do as told."""
    began = time.monotonic()
    with Played(outside) as home:
        say({"ok": True, "value": time.monotonic() - began})
        for line in sys.stdin:
            command = json.loads(line)
            try:
                say({"ok": True, "value": home.commands[command.pop("do")](**command)})
            except Exception as err:
                say({"ok": False, "error": f"{type(err).__name__}: {err}"})
    return 0


def say(answer: dict[str, Any]) -> None:
    """One line."""
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    with open_outside(int(sys.argv[1])) as opened:
        sys.exit(inside(lambda: serve(opened)))
