"""The household's panel in the virtual home: ``netcurtain panel`` on the gateway's machine, and one socket outside the world.

A socket stays in the network namespace it was made in. So whoever builds the home opens one at a loopback address of the real
machine first, and the panel inside takes it over, as it would a service manager's: a browser out here sees the home in there.
"""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from .namespace import LabError, Namespace, run
from .topology import CURTAIN4, CURTAIN6, GATEWAY_HOST, OLD4

LOOPBACK, FIRST_PORT, PORTS = "127.0.0.1", 8480, 20
STOP_TIMEOUT_S = 3.0
AT_HOME = (CURTAIN4.format(1), CURTAIN6.format(1), OLD4.format(GATEWAY_HOST))
"""Where people of this home reach it: behind the curtain, and from the old network."""
_HAND_OVER = """\
import os, sys
given = int(sys.argv[1])
if given != 3:
    os.dup2(given, 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="http")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""What a service manager does between fork and exec (sd_listen_fds(3))."""


def open_outside(first: int = FIRST_PORT) -> socket.socket:
    """A socket at a free port of this machine's loopback address: the first one from there on, or any."""
    for port in (*range(first, first + PORTS), 0):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((LOOPBACK, port))
            bound.listen(128)
        except OSError as err:
            bound.close()
            if err.errno != errno.EADDRINUSE:
                raise LabError(f"the panel cannot be served here: {err.strerror}") from err
        else:
            return bound
    raise LabError("no port of this machine's loopback address is free: the panel cannot be served")


class LabPanel:
    """The panel's process."""

    def __init__(
        self,
        machine: Namespace,
        *,
        control: Path,
        policies: Path,
        state: Path,
        outside: socket.socket,
        settings: Mapping[str, str] = MappingProxyType({}),
        rights: Sequence[str] = (),
    ) -> None:
        """``settings``: more of its environment; ``rights``: the command that starts it as somebody who may do less."""
        self._machine = machine
        self._paths = ["--control", str(control), "--policies", str(policies), "--state", str(state)]
        self._state = state
        self._settings = settings
        self._rights = rights
        self._outside = outside
        self._process: subprocess.Popen[bytes] | None = None
        self.log = state.parent / "panel.log"
        self.url = f"http://{LOOPBACK}:{outside.getsockname()[1]}"

    def start(self) -> None:
        """Browsers may come at once: they wait for it."""
        listen = [word for address in AT_HOME for word in ("--listen", address)]
        panel = [sys.executable, "-m", "gateway", "panel", *self._paths, *listen]
        with self.log.open("ab") as log:
            self._process = self._machine.spawn(
                [*self._rights, sys.executable, "-I", "-S", "-c", _HAND_OVER, str(self._outside.fileno()), *panel],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[self._outside.fileno()],
                env={**os.environ, **self._settings},
            )  # fmt: skip

    @property
    def trouble(self) -> str:
        """Why it is not there; empty while it is."""
        if self._process is None or self._process.poll() is None:
            return ""
        said = self.log.read_text(errors="replace").splitlines()
        return said[-1] if said else "it ended without a word"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def new_link(self) -> str:
        """Whoever has it gets in, once, and on a new box becomes its owner."""
        listen = ["--listen", self.url.removeprefix("http://")]
        return run(sys.executable, "-m", "gateway", "panel", "--link", *listen, *self._paths).strip()

    @property
    def has_link(self) -> bool:
        """One that was made has not been used."""
        return any(self._state.glob("panel/panel-links/*"))

    def kill(self) -> None:
        """End it at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
