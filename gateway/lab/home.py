"""A whole home, started and taken down. Use it inside a world of its own:

    def work() -> float:
        with Home(gateway="plain", actors=["speaker"]) as home:
            return home["speaker"].one(tls="api.amazon.com", up=500).ms

    print(inside(work))
"""

import itertools
import json
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from .behaviour import Behaviour, load_behaviours
from .capture import open_socket
from .gadget import Gadget
from .namespace import WORK, LabError, Namespace, set_resolver
from .router import Netcurtain, PlainRouter
from .topology import Topology
from .zone import Zone, load_zone

GRANTS = ("view", "allow", "pause")
AT_ONCE = 12
"""So many things are switched on side by side: as many as two cores start while they still get their addresses in time."""
_homes = itertools.count(1)


class Home:
    """Gadgets, phones, gateway, old network and internet."""

    def __init__(
        self,
        *,
        gateway: str = "netcurtain",
        policies: Path | None = None,
        actors: Sequence[str] | None = None,
        services: Iterable[str] = (),
        without: Iterable[str] = (),
        captured: bool = True,
        prepare: Callable[[Path], None] | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """``gateway``: ``netcurtain`` or ``plain``; ``policies``: instead of the lab's household; ``actors``: only these
        (None: all); ``services``: ``quic``, ``mqtt`` besides what the actors' behaviours need, ``without`` some of those;
        ``captured``: take the truth (segmentation offload is then off); ``prepare``: may change the home's copy of the policies
        before it starts; ``settings``: more of the gateway's environment."""
        self.zone: Zone = load_zone()
        self.behaviours: dict[str, Behaviour] = load_behaviours(actors)
        spoken = {kind for kind in ("quic", "mqtt") for one in self.behaviours.values() if one.speaks(kind)}
        self._services = (spoken | set(services)) - set(without)
        self._plain = gateway == "plain"
        self._shipped_policies = policies
        self._captured = captured
        self._prepare = prepare
        self._settings = settings
        self._processes: list[subprocess.Popen[bytes]] = []
        self._capture: subprocess.Popen[bytes] | None = None
        self._taps: list[socket.socket] = []
        self.gadgets: dict[str, Gadget] = {}
        self.work = WORK / str(next(_homes))
        self.policies = self.work / "policies"
        self.wan_capture = self.work / "wan.pcap"
        self.openings: list[float] = []
        """Wall times at which somebody let something pass,"""
        self.closings: list[float] = []
        """and at which that was taken back, or was to end by itself."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __getitem__(self, name: str) -> Gadget:
        return self.gadgets[name]

    @property
    def machines(self) -> Mapping[str, Namespace]:
        """Every namespace by name: ``gateway``, ``router``, ``internet`` and the actors'."""
        return self._topology.machines

    @property
    def curtain(self) -> Netcurtain:
        """The gateway, where it is Netcurtain."""
        if not isinstance(self.router, Netcurtain):
            raise LabError("this home has a plain router")
        return self.router

    def ask(self, verb: str, **args: Any) -> Any:
        """One request over the gateway's control socket."""
        if verb in GRANTS:
            self.openings.append(time.time())
            self.closings.append(time.time() + float(args["seconds"]))
        elif verb == "stop":
            self.closings.append(time.time())
        return self.curtain.ask(verb, **args)

    def cli(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """``netcurtain ARGV…`` on the gateway's machine."""
        with self.machines["gateway"].entered():
            return subprocess.run([sys.executable, "-m", "gateway", *argv], capture_output=True, text=True, timeout=30)

    def lan_capture(self, name: str) -> Path:
        """What this actor's own interface saw."""
        return self.work / f"lan-{name}.pcap"

    def settle(self) -> None:
        """Until every captured frame is in its file."""
        for tap in self._taps:
            while select.select([tap], [], [], 0)[0]:
                time.sleep(0.002)
        time.sleep(0.05)  # the last batch is on its way from the socket to the file

    def stop_capture(self) -> int:
        """End the truth; frames that the kernel could not hand over."""
        if self._capture is None:
            return 0
        self._capture.terminate()
        assert self._capture.stdout is not None
        return sum(int(line.split()[1]) for line in self._capture.stdout if line.startswith(b"lost"))

    def _start(self) -> None:
        self.work.mkdir(parents=True)
        self._copy_policies()
        set_resolver(self.zone.resolver4)
        self._topology = Topology([one.plug(dhcp=not self._plain) for one in self.behaviours.values()], self.zone)
        self._start_cloud()
        if self._captured:
            self._topology.segment_in_software()
            self._start_capture()
        gateway = self.machines["gateway"]
        self.router: PlainRouter | Netcurtain = PlainRouter(gateway, self.zone) if self._plain else self._netcurtain(gateway)
        self.router.start()
        names = list(self.behaviours)
        self._switch_on(names[:AT_ONCE])  # while the gateway starts
        self._await_cloud()
        self.router.await_ready()
        for at in range(AT_ONCE, len(names) + AT_ONCE, AT_ONCE):
            for name in names[at - AT_ONCE : at]:
                self.gadgets[name].await_ready()
            self._switch_on(names[at : at + AT_ONCE])

    def _switch_on(self, names: Iterable[str]) -> None:
        for name in names:
            behaviour = self.behaviours[name]
            self.gadgets[name] = Gadget(behaviour, self.machines[name], self._config(behaviour))

    def _netcurtain(self, machine: Namespace) -> Netcurtain:
        curtain = Netcurtain(machine, policies=self.policies, work=self.work)
        curtain.settings.update(self._settings)
        return curtain

    def _copy_policies(self) -> None:
        """A copy of its own: scenarios edit it while the gateway runs."""
        if self._shipped_policies is not None:
            shutil.copytree(self._shipped_policies, self.policies)
        else:
            with as_file(files(__package__).joinpath("household")) as folder:
                shutil.copytree(folder, self.policies)
        if self._prepare:
            self._prepare(self.policies)

    def _start_cloud(self) -> None:
        internet = self.machines["internet"]
        folder = self.work / "certificates"
        quic, mqtt = self.zone.offering("quic"), self.zone.offering("mqtt")
        wanted = [["quic.example", *(host.name for host in quic)], ["mqtt.example", *(host.name for host in mqtt)]]
        cloud = json.dumps({"folder": str(folder), "certificates": wanted})
        self._cloud = self._spawn(internet, [sys.executable, "-m", "gateway.lab.cloud", cloud], stdout=subprocess.PIPE)
        self._late: list[subprocess.Popen[bytes]] = [self._cloud]
        if "quic" in self._services:
            addresses = [address for host in quic for address in (host.address4, host.address6)]
            config = json.dumps({"certificate": str(folder / "quic.example.pem"), "addresses": addresses})
            self._late.append(self._spawn(internet, [sys.executable, "-m", "gateway.lab.quic", config], stdout=subprocess.PIPE))

    def _await_cloud(self) -> None:
        for process in self._late:
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                raise LabError(f"a server of the lab did not come up: {process.args!r}")
        if "mqtt" in self._services:
            self._start_broker()

    def _start_broker(self) -> None:
        certificate = self.work / "certificates" / "mqtt.example.pem"
        lines = ["user root", "allow_anonymous true", "log_dest none"]
        for host in self.zone.offering("mqtt"):
            for address in (host.address4, host.address6):
                lines += [f"listener 1883 {address}", f"listener 8883 {address}"]
                lines += [f"certfile {certificate}", f"keyfile {certificate}"]
        config = self.work / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        try:
            self._spawn(self.machines["internet"], ["mosquitto", "-c", str(config)], stderr=subprocess.DEVNULL)
        except FileNotFoundError as err:
            raise LabError("mosquitto is not installed: apt install mosquitto") from err

    def _start_capture(self) -> None:
        """The truth: the far end of the gateway's WAN cable, and every actor's own interface."""
        taps = {self.wan_capture: ("router", "p-gateway")}
        taps |= {self.lan_capture(name): (name, "eth0") for name in self.behaviours}
        arguments = []
        for file, (machine, interface) in taps.items():
            with self.machines[machine].entered():
                self._taps.append(open_socket(interface))
            arguments.append(f"{self._taps[-1].fileno()}={file}")
        self._capture = subprocess.Popen(
            [sys.executable, "-m", "gateway.lab.capture", *arguments],
            stdout=subprocess.PIPE, pass_fds=[tap.fileno() for tap in self._taps],
        )  # fmt: skip

    def _config(self, behaviour: Behaviour) -> dict[str, Any]:
        """What an actor's process is told."""
        inside_curtain = behaviour.network == "curtain"
        plug = self._topology.plugs[behaviour.id]
        return {
            "ca": str(self.work / "certificates" / "ca.pem"),
            "known": {host.name: [host.address4, host.address6] for host in self.zone.hosts.values()},
            "triggers": {name: [dict(step) for step in steps] for name, steps in behaviour.triggers.items()},
            "serves": list(behaviour.serves),
            "mac": behaviour.mac,
            "hostname": behaviour.hostname,
            "vendor_class": behaviour.vendor_class,
            "address": "dhcp" if plug.dhcp else plug.address4,
            "last_address": plug.address4,
            "resolver": self.router.resolver if inside_curtain else self.zone.resolver4,
        }

    def _spawn(self, machine: Namespace, argv: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
        process = machine.spawn(argv, stdin=subprocess.DEVNULL, **options)
        self._processes.append(process)
        return process

    def close(self) -> None:
        """Everything off. (What is forgotten here ends with the world.)"""
        for gadget in self.gadgets.values():
            gadget.close()
        if hasattr(self, "router"):
            self.router.stop()
        for process in (*self._processes, *([self._capture] if self._capture else [])):
            process.kill()
            process.wait()
        for tap in self._taps:
            tap.close()
        if hasattr(self, "_topology"):
            self._topology.close()
