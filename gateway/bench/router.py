"""What stands in the middle of a lane: a plain NAT router with dnsmasq, or the curtain."""

import os
import subprocess
import time
from collections.abc import Sequence
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

from gateway.lab.namespace import LabError, Namespace
from gateway.lab.router import Netcurtain
from gateway.lab.topology import LAN, WAN, masquerade
from gateway.model.resolver import Link, ResolverPlan
from gateway.ruleset import render_dnsmasq

from . import gadget
from .server import RESOLVER4

POLL_S = 0.005
PATIENCE_S = 10.0
_DNS_PORT = ":0035"


class PlainRouter:
    """Forwards and masquerades; the same dnsmasq that the curtain has, without the curtain."""

    def __init__(self, machine: Namespace, work: Path) -> None:
        self.pid: int | None = None
        self._machine = machine
        self._config = work / "dnsmasq.conf"
        self._leases = work / "dnsmasq.leases"
        self._resolver: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Turn it on."""
        self._machine.sysctl(net__ipv4__ip_forward=1)
        self._machine.run("nft", "-f", "-", text=masquerade(WAN, family="inet"))
        link = Link(name=LAN, ipv4=IPv4Interface(f"{gadget.GATEWAY4}/24"))
        plan = ResolverPlan(links=(link,), lease_file=str(self._leases), upstreams=(RESOLVER4,), stop_rebind=False)
        self._config.write_text(render_dnsmasq(plan))
        self._leases.write_text(gadget.leases())
        argv = ["dnsmasq", "--keep-in-foreground", f"--conf-file={self._config}"]
        self._resolver = self._machine.spawn(argv, stderr=subprocess.DEVNULL)
        self._await_resolver()

    def _await_resolver(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with self._machine.entered():
                bound = Path("/proc/thread-self/net/udp").read_text()
            if _DNS_PORT in bound:
                return
            time.sleep(POLL_S)
        raise LabError("dnsmasq did not come up in the plain lane")

    def stop(self) -> None:
        """Turn it off."""
        if self._resolver is not None:
            self._resolver.kill()
            self._resolver.wait()

    def last_words(self) -> str:
        """It says nothing."""
        return ""


class Curtain:
    """``netcurtain run`` for a household that knows all gadgets."""

    def __init__(self, machine: Namespace, work: Path) -> None:
        self._policies = work / "policies"
        self._policies.mkdir()
        self.gateway = Netcurtain(machine, policies=self._policies, work=work)
        self.gateway.state.mkdir()
        self.set_policy(gadget.HOME)

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.begin()
        self.gateway.await_ready()

    def begin(self) -> None:
        """Start it, with the leases that its gadgets were given before."""
        (self.gateway.state / "dnsmasq.leases").write_text(gadget.leases())
        self.gateway.start()

    def stop(self) -> None:
        """End it cleanly."""
        self.gateway.stop()

    @property
    def pid(self) -> int | None:
        """The process that judges."""
        return self.gateway.pid

    def last_words(self) -> str:
        """The end of its log."""
        return self.gateway.log_tail() if self.gateway.log.exists() else ""

    def set_policy(self, hosts: Sequence[int], **rules: str) -> None:
        """Write the household's file as an editor would: aside, then in one step."""
        aside = self._policies.parent / "household.yaml"
        aside.write_text(gadget.household(hosts, **rules))
        os.replace(aside, self._policies / "household.yaml")

    def change_policy(self, hosts: Sequence[int], **rules: str) -> None:
        """The same, and wait until it is in force."""
        before = self.status()["epoch"]
        self.set_policy(hosts, **rules)
        deadline = time.monotonic() + PATIENCE_S
        while self.status()["epoch"] == before:
            if time.monotonic() > deadline:
                raise LabError(f"the gateway did not take up an edited policy\n{self.last_words()}")
            time.sleep(POLL_S)

    def status(self) -> dict[str, Any]:
        """What it says of itself."""
        told: dict[str, Any] = self.gateway.ask("status")
        return told
