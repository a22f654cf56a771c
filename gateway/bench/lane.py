"""Gadget -- gateway -- server: three namespaces in a row, with a plain router or the curtain in the middle.

    gadget 10.77.0.20 -- br0 [gateway] wan0 192.0.2.2 -- 192.0.2.1 server, 203.0.113.0/24

Segmentation offload stays on, as on any machine; the gadget hangs on an isolated port of a bridge, as a Wi-Fi station would.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway.lab.namespace import LabError, Namespace
from gateway.lab.router import Netcurtain
from gateway.lab.topology import LAN, WAN, masquerade

from .sample import client_hello

MAC = "02:00:5e:be:00:01"
GADGET4, SERVERS = "10.77.0.20", "203.0.113.0/24"
ADDRESSES = tuple(f"203.0.113.{host}" for host in range(10, 42))
HOUSEHOLD = """\
version: 1
timezone: UTC
preset: recommended
new_devices: guided
devices:
  bench-speaker:
    mac: "{mac}"
    profile: echo
    confirmed: true
    rules: {{control: {control}, telemetry: {telemetry}}}
"""


class Lane:
    """One row of machines. ``curtain`` is None where a plain router stands in the middle."""

    def __init__(self, name: str, work: Path, *, curtain: bool) -> None:
        self.name = name
        self.gadget, self.gateway, self.server = (Namespace(f"{name}-{part}") for part in ("gadget", "gateway", "server"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._cable()
        self._folder = work / "policies"
        self.curtain = Netcurtain(self.gateway, policies=self._folder, work=work) if curtain else None
        work.mkdir(parents=True)
        self._start_server()
        if self.curtain is None:
            self._route()
        else:
            self._folder.mkdir()
            self.set_policy()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.curtain is not None:
            self.curtain.stop()
        for process in self._processes:
            process.kill()
            process.wait()
        for machine in (self.gadget, self.gateway, self.server):
            machine.close()

    def set_policy(self, *, control: str = "allow", telemetry: str = "block") -> None:
        """Write the household's file as an editor would: aside, then in one step."""
        aside = self._folder.parent / "household.yaml"
        aside.write_text(HOUSEHOLD.format(mac=MAC, control=control, telemetry=telemetry))
        os.replace(aside, self._folder / "household.yaml")

    def run(self, end: str, **config: Any) -> dict[str, Any]:
        """One of the gadget's ends of ``traffic``, to its result."""
        with self.started(end, **config) as process:
            return self.result(process)

    @contextmanager
    def started(self, end: str, **config: Any) -> Iterator["subprocess.Popen[bytes]"]:
        """The same, while it runs."""
        given = {"hello": client_hello().hex(), "addresses": ADDRESSES, **config}
        process = self._spawn(self.gadget, end, given)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def await_ready(self, process: "subprocess.Popen[bytes]") -> None:
        """Until it says so."""
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise LabError(f"an end of the {self.name} lane did not come up{self._excuse()}")

    def result(self, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
        """The next line it says."""
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise LabError(f"an end of the {self.name} lane failed{self._excuse()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def _excuse(self) -> str:
        return f":\n{self.curtain.log_tail()}" if self.curtain is not None and self.curtain.log.exists() else ""

    def _spawn(self, machine: Namespace, end: str, config: dict[str, Any]) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-m", "gateway.bench.traffic", end, json.dumps(config)]
        return machine.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _start_server(self) -> None:
        process = self._spawn(self.server, "serve", {"workers": 4})
        self._processes.append(process)
        self.await_ready(process)

    def _cable(self) -> None:
        self.gateway.ip(
            f"link add {LAN} address 02:00:5e:be:77:01 type bridge mcast_snooping 0",
            f"link set {LAN} up",
            f"link add p-gadget type veth peer name eth0 address {MAC} netns {self.gadget.path}",
            f"link set p-gadget master {LAN} up",
            "link set p-gadget type bridge_slave isolated on",
            f"addr add 10.77.0.1/24 dev {LAN}",
            f"link add {WAN} type veth peer name eth0 netns {self.server.path}",
            f"link set {WAN} up",
            f"addr add 192.0.2.2/30 dev {WAN}",
            "route add default via 192.0.2.1",
            peers=(self.gadget, self.server),
        )
        self.gadget.ip("link set eth0 up", f"addr add {GADGET4}/24 dev eth0", "route add default via 10.77.0.1")
        self.server.ip("link set eth0 up", "addr add 192.0.2.1/30 dev eth0", f"route add local {SERVERS} dev lo")

    def _route(self) -> None:
        self.gateway.sysctl(net__ipv4__ip_forward=1)
        self.gateway.run("nft", "-f", "-", text=masquerade(WAN, family="inet"))
