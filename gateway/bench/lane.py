"""Gadgets -- gateway -- internet: three namespaces in a row, with something to compare in the middle.

    gadgets 10.77.0.4 … .253 -- br0 [gateway] wan0 192.0.2.2 -- 192.0.2.1 servers, 203.0.113.0/24

Segmentation offload stays on, as on any machine; the gadgets hang on an isolated port of a bridge, as Wi-Fi stations would.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from gateway.lab.namespace import LabError, Namespace
from gateway.lab.topology import LAN, WAN

from . import gadget
from .sample import client_hello, dns_query, name_of

WAN4 = "192.0.2.2"
WARM_UPS = 3
QUEUES = "/proc/thread-self/net/netfilter/nfnetlink_queue"

"""Number, port, packets waiting, …, id of the last packet: as ``nfnetlink_queue`` tells of each queue."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_QUESTIONS = {gadget.device(host): dns_query(name_of(host)).hex() for host in gadget.HOSTS}
_CONFIG = {
    "hello": client_hello().hex(),
    "servers": [gadget.server(host) for host in gadget.HOSTS],
    "resolver": gadget.GATEWAY4,
    "questions": _QUESTIONS,
}


class Middle(Protocol):
    """What stands in the middle of a lane."""

    @property
    def pid(self) -> int | None:
        """The process that judges; None where none does."""

    def start(self) -> None:
        """Turn it on, and wait until packets pass."""

    def stop(self) -> None:
        """Turn it off."""

    def last_words(self) -> str:
        """What it said before it failed."""


class Lane:
    """One row of machines. ``work`` is a folder of its own."""

    def __init__(self, name: str, work: Path, *, middle: Callable[[Namespace, Path], Middle]) -> None:
        self.name = name
        self.gadgets, self.gateway, self.internet = (Namespace(f"{name}-{part}") for part in ("gadgets", "gateway", "internet"))
        self._work = work
        work.mkdir(parents=True)
        self._cable()
        self.middle = middle(self.gateway, work)
        self._servers = self.internet.spawn([sys.executable, "-m", "gateway.bench.server"], stdout=subprocess.PIPE)
        self.await_ready(self._servers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.middle.stop()
        _end(self._servers)
        for machine in (self.gadgets, self.gateway, self.internet):
            machine.close()

    def run(self, end: str, **config: Any) -> dict[str, Any]:
        """One of the ends of ``client``, to its result."""
        with self.started(end, **config) as process:
            return self.result(process)

    @contextmanager
    def started(self, end: str, **config: Any) -> Iterator["subprocess.Popen[bytes]"]:
        """The same, while it runs."""
        file = self._work / f"{end}.json"
        file.write_text(json.dumps({**_CONFIG, **config}))
        argv = [sys.executable, "-m", "gateway.bench.client", end, str(file)]
        process = self.gadgets.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            yield process
        finally:
            _end(process)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def await_ready(self, process: "subprocess.Popen[bytes]") -> None:
        """Until it says so."""
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise LabError(f"an end of the {self.name} lane did not come up\n{self._excuse()}")

    def result(self, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
        """The next line it says."""
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise LabError(f"an end of the {self.name} lane failed\n{self._excuse()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def ask(self, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
        """Let an end do its work once more, to what it says of it."""
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        return self.result(process)

    def warm_up(self, hosts: Sequence[int]) -> None:
        """These gadgets ask for their servers' names and talk to them once, as they do when they are plugged in.

        All of them at once are more than the gateway expects of newcomers, and gadgets ask again too.
        """
        questions = {device: _QUESTIONS[device] for device in map(gadget.device, hosts)}
        servers = [gadget.server(host) for host in hosts]
        for _ in range(WARM_UPS):
            asked = self.run("queries", workers=1, count=len(hosts), questions=questions)
            told = self.run("flows", workers=1, count=len(hosts), servers=servers)
            if not asked["errors"] and not told["errors"]:
                return
        raise LabError(
            f"of {len(hosts)} gadgets in the {self.name} lane {asked['errors']} found no name"
            f" and {told['errors']} no server\n{self._excuse()}"
        )

    def cpu_s(self) -> float:
        """Seconds that the process in the middle has worked so far, all its threads, in user space and in the kernel."""
        if self.middle.pid is None:
            return 0.0
        fields = Path(f"/proc/{self.middle.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def queued(self) -> int | None:
        """Packets that were queued so far; None where we may not know: in a user namespace the file is root's."""
        try:
            with self.gateway.entered():
                lines = Path(QUEUES).read_text().splitlines()
        except OSError:
            return None
        return sum(int(line.split()[7]) for line in lines)

    def _excuse(self) -> str:
        return self.middle.last_words() if hasattr(self, "middle") else ""

    def _cable(self) -> None:
        self.gadgets.sysctl(net__ipv6__conf__all__disable_ipv6=1, net__ipv6__conf__default__disable_ipv6=1)
        self.gateway.ip(
            f"link add {LAN} address {gadget.GATEWAY_MAC} type bridge mcast_snooping 0",
            f"link set {LAN} up",
            f"link add p-gadgets type veth peer name eth0 address {gadget.CABLE_MAC} netns {self.gadgets.path}",
            f"link set p-gadgets master {LAN} up",
            "link set p-gadgets type bridge_slave isolated on",
            f"addr add {gadget.GATEWAY4}/24 dev {LAN}",
            f"link add {WAN} type veth peer name eth0 netns {self.internet.path}",
            f"link set {WAN} up",
            f"addr add {WAN4}/30 dev {WAN}",
            "route add default via 192.0.2.1",
            *gadget.neighbours(LAN),
            peers=(self.gadgets, self.internet),
        )
        for end in (self.gadgets, self.internet):
            end.sysctl(net__ipv4__tcp_congestion_control="reno")  # every kernel has it, and no timers of its own pace it
        self.gadgets.ip(*gadget.plug_in())
        self.internet.ip("link set eth0 up", "addr add 192.0.2.1/30 dev eth0", f"route add local {gadget.SERVERS} dev lo")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all that it forked: what goes on would be measured with whatever comes next."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
