"""What stands between the gadgets and the internet: Netcurtain itself, or a plain NAT router to compare it with."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Protocol

from .namespace import LabError, Namespace
from .topology import LAN, WAN, masquerade
from .zone import Zone

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 5.0
SETTINGS = {
    "NETCURTAIN_TRUST_CLOCK": "true",  # the lab has no time service, and its clock is the host's
    "NETCURTAIN_NAMES_GRACE_S": "0",  # a home that begins has no bindings, and names are checked from the first packet on
    "NETCURTAIN_DNSMASQ_STOP_REBIND": "false",  # its internet has documentation addresses, which count as private there
}


class Router(Protocol):
    """What a home needs of it."""

    resolver: str
    """Whom the gadgets ask; empty: DHCP says."""

    def start(self) -> None: ...

    def await_ready(self) -> None: ...

    def stop(self) -> None: ...


class PlainRouter:
    """Forwards and masquerades. The gadgets ask the internet's resolver themselves."""

    def __init__(self, machine: Namespace, zone: Zone) -> None:
        self._machine = machine
        self.resolver = zone.resolver4

    def start(self) -> None:
        """Turn it on."""
        self._machine.sysctl(
            net__ipv4__ip_forward=1,
            net__ipv6__conf__all__forwarding=1,
            net__ipv4__conf__br0__proxy_arp_pvlan=1,
            net__ipv4__conf__br0__send_redirects=0,
            net__ipv4__neigh__br0__proxy_delay=0,
        )
        self._machine.run("nft", "-f", "-", text=masquerade(WAN, family="inet"))

    def await_ready(self) -> None:
        """It is."""

    def stop(self) -> None:
        """Turn it off."""
        self._machine.run("nft", "delete", "table", "inet", "lab")


class Netcurtain:
    """``netcurtain run`` as an operator would start it."""

    resolver = ""

    def __init__(self, machine: Namespace, *, policies: Path, work: Path) -> None:
        self._machine = machine
        self.policies = policies
        self.state = work / "state"
        self.control = work / "control.sock"
        self.log = work / "gateway.log"
        self._notify = work / "notify.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: socket.socket | None = None
        self.start_s = 0.0

    def start(self) -> None:
        """Start the process; ``await_ready`` waits for it."""
        self.state.mkdir(parents=True, exist_ok=True)
        self._notify.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener.bind(str(self._notify))
        self._began = time.monotonic()
        with self.log.open("ab") as log:
            self._process = self._machine.spawn(
                [sys.executable, "-m", "gateway", "run", *self.options()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **SETTINGS, "NOTIFY_SOCKET": str(self._notify)},
            )  # fmt: skip

    def options(self) -> list[str]:
        """What follows ``netcurtain run``."""
        named = {"--lan": LAN, "--wan": WAN, "--policies": self.policies, "--state": self.state, "--control": self.control}
        return [str(part) for pair in named.items() for part in pair]

    def await_ready(self) -> None:
        """Until it says READY=1, as systemd would wait."""
        assert self._listener is not None and self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        self._listener.settimeout(0.1)
        while time.monotonic() < deadline:
            try:
                if b"READY=1" in self._listener.recv(4096):
                    self.start_s = time.monotonic() - self._began
                    return
            except TimeoutError:
                if self._process.poll() is not None:
                    break
        raise LabError(f"the gateway did not become ready:\n{self.log_tail()}")

    def log_tail(self, lines: int = 40) -> str:
        """The last words of the gateway."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def ask(self, verb: str, **args: Any) -> Any:
        """One request over the control socket."""
        from gateway.edge.control import ControlClient

        with ControlClient(self.control) as client:
            return client.ask(verb, **args)

    def stop(self, *, kill: bool = False) -> float:
        """End it cleanly (or not); seconds it took."""
        if self._process is None or self._process.poll() is not None:
            return 0.0
        began = time.monotonic()
        self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._listener is not None:
            self._listener.close()
        return time.monotonic() - began
