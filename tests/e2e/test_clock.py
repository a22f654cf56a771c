"""What real clients make of the gateway's clock, set and not set."""

import shutil
import socket
import subprocess
import threading
import time

import pytest

from gateway.lab.namespace import inside
from gateway.model.packet import UDP, Packet
from gateway.wire.ntp import PORT, answer_ntp

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
HERE = bytes((127, 0, 0, 1))
CLIENTS = {
    "chronyd": ("-Q", "-f", "/dev/null", "-u", "root", "-t", "2", "server 127.0.0.1 iburst maxsamples 1"),
    "ntpdate": ("-q", "127.0.0.1"),
}
pytestmark = pytest.mark.net


def answer(server: socket.socket, *, synchronised: bool) -> None:
    """Until the socket is closed."""
    while True:
        try:
            data, (host, port) = server.recvfrom(512)
        except TimeoutError:
            continue
        except OSError:
            return
        request = Packet(4, socket.inet_aton(host), HERE, UDP, port, PORT, 0, 0, data, 28 + len(data), len(data))
        now = time.time() if synchronised else 3_600.0
        raw = answer_ntp(request, received=now, sent=now, synchronised=synchronised)
        if raw is not None:
            server.sendto(raw[28:], (host, port))


def ask(program: str, *, synchronised: bool) -> int:
    """The client's exit status, in a world of its own."""

    def scene() -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", PORT))
            server.settimeout(0.1)
            threading.Thread(target=answer, args=(server,), kwargs={"synchronised": synchronised}, daemon=True).start()
            return subprocess.run([program, *CLIENTS[program.rpartition("/")[2]]], capture_output=True, timeout=30).returncode

    return inside(scene)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("synchronised", [True, False], ids=["set", "not set"])
def test_real_clients_take_the_time_only_from_a_clock_that_was_set(client: str, synchronised: bool) -> None:
    program = shutil.which(client, path=PATH)
    if program is None:
        pytest.skip(f"{client} is not installed")
    assert (ask(program, synchronised=synchronised) == 0) is synchronised
