"""The words systemd waits for."""

import os
import socket
from pathlib import Path

import pytest

from gateway.edge.notify import NO_WATCHDOG_S, Notifier


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_words(tmp_path: Path, kind: str) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"@netcurtain-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1) if kind == "abstract" else name)
        manager.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())})
        for say in (notifier.ready, notifier.alive, notifier.stopping):
            say()
        notifier.status("two\nlines")
        heard = [manager.recv(200) for _ in range(4)]
        notifier.close()
    assert heard == [f"READY=1\nMAINPID={os.getpid()}".encode(), b"WATCHDOG=1", b"STOPPING=1", b"STATUS=two lines"]
    assert notifier.watchdog_s == 2.0


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="nobody listens"),
        pytest.param({"NOTIFY_SOCKET": "/nowhere/at/all"}, id="nobody there"),
        pytest.param({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "1"}, id="another process's watchdog"),
        pytest.param({"WATCHDOG_USEC": "soon"}, id="no number"),
    ],
)
def test_silence_is_fine(environment: dict[str, str]) -> None:
    notifier = Notifier(environment)
    notifier.ready()
    notifier.alive()
    notifier.close()
    notifier.stopping()
    assert notifier.watchdog_s == NO_WATCHDOG_S
