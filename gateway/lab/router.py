"""What stands between the gadgets and the internet: Netcurtain itself, or a plain NAT router to compare it with."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from .namespace import LabError, Namespace
from .topology import LAN, WAN, masquerade
from .zone import Zone

START_TIMEOUT_S = 20.0
ABORT_S = 0.2
"""How long a process that was told to abort has, before it is killed."""
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
        self._watched_s = 0.0
        self.start_s = 0.0
        self.program: tuple[str, ...] = ("gateway",)
        """What takes the command line, from its next start on."""
        self.rights: tuple[str, ...] = ()
        """The command that starts it as somebody who may do less, from its next start on."""
        self.settings: dict[str, str] = {}
        """More of the gateway's environment, from its next start on."""

    def start(self, *, watchdog_s: float = 0.0) -> None:
        """Start the process; ``await_ready`` waits for it. ``watchdog_s``: within this time it has to say that it lives."""
        self._watched_s = watchdog_s
        self.state.mkdir(parents=True, exist_ok=True, mode=0o711)  # StateDirectoryMode= of its unit
        self._notify.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener.bind(str(self._notify))
        self._began = time.monotonic()
        with self.log.open("ab") as log:
            self._process = self._machine.spawn(
                [*self.rights, sys.executable, "-m", *self.program, "run", *self.options()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **SETTINGS, **self.settings, **self._terms()},
            )  # fmt: skip

    def _terms(self) -> dict[str, str]:
        """What a service manager tells its service (sd_notify(3), sd_watchdog_enabled(3))."""
        watchdog = {"WATCHDOG_USEC": str(round(self._watched_s * 1e6))} if self._watched_s else {}
        return {"NOTIFY_SOCKET": str(self._notify), **watchdog}

    def supervise(self) -> "Supervision":
        """From now on do what systemd would with ``WatchdogSec=`` and ``Restart=on-failure``."""
        return Supervision(self, watchdog_s=self._watched_s)

    def heard(self, timeout_s: float) -> bytes:
        """What the process says next to its service manager; empty if nothing in that time."""
        assert self._listener is not None
        self._listener.settimeout(timeout_s)
        try:
            return self._listener.recv(4096)
        except TimeoutError:
            return b""

    @property
    def running(self) -> bool:
        """Its process is there, whatever state it is in."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: int) -> None:
        """Send its process a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def abort(self) -> None:
        """As systemd ends a service that is silent: SIGABRT, and soon SIGKILL."""
        assert self._process is not None
        self._process.send_signal(signal.SIGABRT)
        try:
            self._process.wait(ABORT_S)
        except subprocess.TimeoutExpired:  # one that is stopped does not even die of that
            pass
        self.stop(kill=True)

    def options(self) -> list[str]:
        """What follows ``netcurtain run``."""
        named = {"--lan": LAN, "--wan": WAN, "--policies": self.policies, "--state": self.state, "--control": self.control}
        return [str(part) for pair in named.items() for part in pair]

    def await_ready(self) -> None:
        """Until it says READY=1, as systemd would wait."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            said = self.heard(0.1)
            if b"READY=1" in said:
                self.start_s = time.monotonic() - self._began
                return
            if not said and not self.running:
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
        began = time.monotonic()
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        return time.monotonic() - began


class Supervision:
    """The service manager, in a thread: ends a gateway whose heartbeat stops, and starts it again whenever it has ended."""

    def __init__(self, service: Netcurtain, *, watchdog_s: float) -> None:
        self._service = service
        self._watchdog_s = watchdog_s
        self._closing = threading.Event()
        self.beats = 0
        self.restarts: list[tuple[float, str]] = []
        """(Monotonic second, why)."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the gateway to itself."""
        self._closing.set()
        self._thread.join(START_TIMEOUT_S)

    def _watch(self) -> None:
        heard = time.monotonic()
        while not self._closing.is_set():
            said = self._service.heard(0.05)
            if b"WATCHDOG=1" in said:
                self.beats += 1
                heard = time.monotonic()
            silent = self._watchdog_s and time.monotonic() - heard > self._watchdog_s
            if silent or not self._service.running:
                self._restart("silent" if silent else "ended")
                heard = time.monotonic()

    def _restart(self, why: str) -> None:
        if self._service.running:
            self._service.abort()
        self._service.stop()
        self.restarts.append((time.monotonic(), why))
        self._service.start(watchdog_s=self._watchdog_s)
        self._service.await_ready()
