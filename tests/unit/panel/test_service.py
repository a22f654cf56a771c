"""The panel's process as somebody starts it: what it serves, what it never loads, what it says where it cannot start."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.panel.service import Watch

ENVIRONMENT = {**os.environ, "NETCURTAIN_CONTROL": "/nowhere/control.sock"}
PROCESS = """
import sys
from gateway.settings import load_settings
from gateway.panel.service import serve
serve(load_settings(state=sys.argv[1], **{"panel.listen": (sys.argv[2],)}))
never = (
    "scapy", "playwright", "multipart", "gateway.app", "gateway.engine", "gateway.wire", "gateway.edge.control",
    "cryptography", "ruamel.yaml", "gateway.policy.document", "segno",  # what children load, or one page
)
print("loaded:", *[name for name in never if name in sys.modules], flush=True)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str, *, host: str = "") -> tuple[int, str]:
    """(status, body)."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\nConnection: close\r\n\r\n".encode())
        said = b""
        while piece := sock.recv(65_536):
            said += piece
    return int(said.split()[1]), said.partition(b"\r\n\r\n")[2].decode()


@contextmanager
def running(*command: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def await_port(port: int, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
    raise AssertionError(process.communicate())


def panel(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gateway", "panel", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=ENVIRONMENT, check=False)


def test_it_serves_pages_without_a_gateway_and_never_loads_what_it_must_not(tmp_path: Path) -> None:
    port = free_port()
    with running("-c", PROCESS, str(tmp_path), f"127.0.0.1:{port}") as process:
        await_port(port, process)
        status, body = get(port, "/welcome")
        assert status == 200 and "<h1>" in body
        assert get(port, "/welcome", host="rebound.example")[0] == 421
        assert get(port, "/certificate")[0] == 200
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=10)
    assert time.monotonic() - began < 2.0
    assert said == "loaded:\n"
    assert "Traceback" not in complained


def test_its_own_files_are_its_own(tmp_path: Path) -> None:
    port = free_port()
    with running("-m", "gateway", "panel", "--listen", f"127.0.0.1:{port}", "--state", str(tmp_path)) as process:
        await_port(port, process)
        assert get(port, "/welcome")[0] == 200
        assert panel("--listen", f"127.0.0.1:{port}", "--state", str(tmp_path)).returncode == 1, "one is there already"
        made = panel("--link", "--listen", f"127.0.0.1:{port}", "--state", str(tmp_path))
        link = made.stdout.strip()
        assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/enter/[\w-]{{43}}", link), made
        assert get(port, link.partition(str(port))[2])[0] == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        assert process.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"panel"}
    assert (tmp_path / "panel").stat().st_mode & 0o077 == 0


def test_a_link_is_told_to_programs(tmp_path: Path) -> None:
    made = panel("--link", "--json", "--listen", "10.77.0.1", "--state", str(tmp_path))
    assert json.loads(made.stdout)["link"].startswith("http://10.77.0.1/enter/")


REFUSED = {
    "every side": (["--listen", "0.0.0.0"], 1, "every side"),
    "a public address": (["--listen", "9.9.9.9:80"], 1, "public address"),
    "an address that nobody has": (["--listen", "10.255.254.253:8080"], 1, "no interface of this machine"),
    "json without a link": (["--json"], 2, "--json goes with --link"),
    "an option that is none": (["--lissen", "x"], 2, "No such option"),
}


@pytest.mark.parametrize(("words", "code", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_told(tmp_path: Path, words: list[str], code: int, told: str) -> None:
    done = panel(*words, "--state", str(tmp_path))
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port and write everywhere")
def test_what_this_user_may_not_is_told(tmp_path: Path) -> None:
    assert "ports below 1024" in panel("--listen", "127.0.0.1:80", "--state", str(tmp_path)).stderr
    tmp_path.chmod(0o500)
    done = panel("--listen", f"127.0.0.1:{free_port()}", "--state", str(tmp_path))
    assert done.returncode == 1 and "must be able to write there" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_as_somebody_who_may_not_it_says_so(tmp_path: Path) -> None:
    """The same, from root's side: nobody owns the folder, and cannot get at it through one that it may not enter."""
    port = free_port()
    tmp_path.chmod(0o700)
    with running("-m", "gateway", "panel", "--listen", f"127.0.0.1:{port}", "--state", str(tmp_path / "s")) as process:
        await_port(port, process)
        owner = os.stat(f"/proc/{process.pid}").st_uid
        assert owner == 0
    code = "from gateway.cli import main; main()"
    environment = {**ENVIRONMENT, "NETCURTAIN_PANEL_USER": "nobody"}
    command = [sys.executable, "-c", code, "panel", "--listen", f"127.0.0.1:{port}", "--state", str(tmp_path / "s")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == 1
    assert "the user nobody must be able to write there" in done.stderr


def test_addresses_are_looked_at_now_and_then() -> None:
    now, looked = [0.0], [0]

    def has_changed() -> bool:
        looked[0] += 1
        return now[0] > 100

    watch = Watch(has_changed, mono=lambda: now[0])
    assert not watch() and looked == [0]
    now[0] = 50.0
    assert not watch() and not watch() and looked == [1]
    now[0] = 101.0
    assert watch()
