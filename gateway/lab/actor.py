"""The process of one gadget or phone: ``python -m gateway.lab.actor CONFIG.json``, inside its network namespace.

Commands come as JSON lines on standard input: ``{"id": 1, "do": "press"}``, ``{"id": 2, "steps": [{"tls": "…"}]}``,
``{"id": 3, "stop": true}``. What happened goes out as JSON lines: one for every step, then ``{"id": 1, "done": true}``.
"""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from gateway.model.device import mac_to_bytes

from .dhcp import Client, Lease
from .rtsp import serve_camera
from .step import Step, World, perform


class Actor:
    """A thing in the home, with its behaviour."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._triggers: dict[str, list[Step]] = config["triggers"]
        self._lock = threading.Lock()
        self._address = config["address"]
        self._world = World(
            ca=config["ca"],
            known={name: (pair[0], pair[1]) for name, pair in config["known"].items()},
            resolver=config.get("resolver", ""),
            rejoin=self._join,
        )

    def start(self) -> None:
        """Join the network, open what it serves, say so."""
        if self._config["address"] == "dhcp":
            lease = self._join()
            self._world.resolver, self._address = lease.resolver, lease.address
        if "rtsp" in self._config.get("serves", ()):
            serve_camera()
        if any("quic" in step for steps in self._triggers.values() for step in steps):
            from . import quic  # noqa: F401  (its first use should not wait for the import)
        self._say({"ready": True, "resolver": self._world.resolver, "address": self._address})

    def _join(self) -> Lease:
        client = Client(
            interface="eth0",
            mac=mac_to_bytes(self._config["mac"]),
            hostname=self._config["hostname"],
            vendor_class=self._config.get("vendor_class", ""),
        )
        lease = client.obtain(last=self._config.get("last_address", ""))
        text = f"addr replace {lease.address}/{lease.prefix} dev eth0\nroute replace default via {lease.router}\n"
        subprocess.run(["ip", "-batch", "-"], input=text.encode(), check=True)
        return lease

    def listen(self) -> None:
        """Take commands until there are no more."""
        for line in sys.stdin:
            command = json.loads(line)
            if command.get("stop"):
                self._world.stopping.set()
                continue
            self._world.stopping.clear()
            threading.Thread(target=self._obey, args=(command,), daemon=True).start()

    def _obey(self, command: dict[str, Any]) -> None:
        steps = command.get("steps") or self._triggers.get(command.get("do", ""), [])
        beside = [threading.Thread(target=self._run, args=(command["id"], [step])) for step in steps if step.get("beside")]
        for thread in beside:
            thread.start()
        self._run(command["id"], [step for step in steps if not step.get("beside")])
        for thread in beside:
            thread.join()
        self._say({"id": command["id"], "done": True})

    def _run(self, number: int, steps: Iterable[Step]) -> None:
        for step in steps:
            outcome = perform(step, self._world)
            self._say({"id": number, **asdict(outcome)})
            if outcome.result != "ok":
                self._run(number, step.get("or", ()))

    def _say(self, report: dict[str, Any]) -> None:
        with self._lock:
            print(json.dumps(report), flush=True)


def main() -> None:
    """Entry of the process."""
    logging.disable(logging.ERROR)  # what goes wrong stands in the outcomes
    actor = Actor(json.loads(sys.argv[1]))
    actor.start()
    actor.listen()


if __name__ == "__main__":
    main()
