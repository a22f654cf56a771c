"""systemd's readiness and watchdog (sd_notify(3)): a datagram per word. Silent where nobody listens."""

import contextlib
import os
import socket
from collections.abc import Mapping

NO_WATCHDOG_S = 60.0


class Notifier:
    """Tells the service manager how the gateway is."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        self._asked_us = _number(environment.get("WATCHDOG_USEC"))
        if _number(environment.get("WATCHDOG_PID")) not in (0, os.getpid()):
            self._asked_us = 0  # meant for another process

    @property
    def watchdog_s(self) -> float:
        """How often to say ``alive``: twice in the time that systemd waits."""
        return self._asked_us / 2e6 if self._asked_us else NO_WATCHDOG_S

    def ready(self) -> None:
        """It serves."""
        self._send(f"READY=1\nMAINPID={os.getpid()}")

    def alive(self) -> None:
        """The loop turns."""
        if self._asked_us:
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """It is on its way out."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={' '.join(text.split())}")

    def close(self) -> None:
        """Say nothing any more."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _send(self, words: str) -> None:
        if self._sock is not None:
            with contextlib.suppress(OSError):  # the service manager restarts: nothing hangs on this word
                self._sock.sendto(words.encode(), socket.MSG_DONTWAIT, self._address)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
