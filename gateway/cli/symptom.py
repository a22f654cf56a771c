"""What ``doctor`` looks at: each check tells what it found, and what to do about it."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address
from pathlib import Path

from gateway.edge.clock import is_synchronised
from gateway.edge.control_client import ControlClient, ControlError
from gateway.edge.link import read_link
from gateway.edge.nft import QUEUE_PROBE
from gateway.model.command import RulesetPlan
from gateway.ruleset import render
from gateway.settings import Settings

_CAPABILITIES = {12: "CAP_NET_ADMIN", 13: "CAP_NET_RAW"}
_MIN_FREE_BYTES = 200_000_000
_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor."""

    what: str
    level: Level
    found: str
    advice: str = ""


class Patient:
    """This machine, and what is to run on it."""

    def __init__(self, settings: Settings, *, proc: Path = Path("/proc"), path: str = _PATH) -> None:
        self.settings = settings
        self.proc = proc
        self._path = path

    def program(self, name: str) -> str | None:
        """Where a program is."""
        return shutil.which(name, path=self._path)

    def run(self, *command: str, text: str = "") -> tuple[bool, str]:
        """(it worked, what it said)."""
        try:
            done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired) as err:
            return False, str(err)
        return done.returncode == 0, (done.stderr if done.returncode else done.stdout).strip()

    def aside(self, *command: str, text: str = "") -> tuple[bool, str]:
        """Run it in a network namespace of its own, so that trying something out changes nothing here."""
        return self.run(*self._aside, *command, text=text)

    @cached_property
    def _aside(self) -> tuple[str, ...]:
        return ("unshare", "-n") if self.run("unshare", "-n", "true")[0] else ("unshare", "-Urn")

    @cached_property
    def is_running(self) -> bool:
        """A gateway answers."""
        try:
            with ControlClient(self.settings.control, timeout_s=2.0) as client:
                client.ask("status")
        except ControlError:
            return False
        return True


def ok(what: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(what=what, level=Level.OK, found=found)


def warn(what: str, found: str, advice: str) -> Finding:
    """It works, but not as well as it could."""
    return Finding(what=what, level=Level.WARN, found=found, advice=advice)


def fail(what: str, found: str, advice: str) -> Finding:
    """It will not work."""
    return Finding(what=what, level=Level.FAIL, found=found, advice=advice)


def rights(patient: Patient) -> Iterator[Finding]:
    """The two capabilities, and namespaces for the virtual home."""
    status = (patient.proc / "self/status").read_text(encoding="ascii")
    effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), 16)
    missing = [name for bit, name in _CAPABILITIES.items() if not effective >> bit & 1]
    if missing:
        yield fail("rights", f"no {' and no '.join(missing)}", "run it with sudo, or as the service that deploy/ installs")
    else:
        yield ok("rights", "may filter packets and send raw ones")
    if patient.run("unshare", "-Urn", "true")[0]:
        yield ok("user namespaces", "the virtual home runs without any rights")
    else:
        advice = "only the virtual home needs them; run it as root, or set kernel.unprivileged_userns_clone=1"
        yield warn("user namespaces", "not allowed here", advice)


def programs(patient: Patient) -> Iterator[Finding]:
    """What is called by name."""
    for name, package in (("nft", "nftables"), ("ip", "iproute2")):
        if (where := patient.program(name)) is not None:
            yield ok(name, where)
        else:
            yield fail(name, "not installed", f"apt install {package}")


def kernel(patient: Patient) -> Iterator[Finding]:
    """The very ruleset, the packet queue and the counters, tried out aside."""
    if patient.program("nft") is None:
        return
    plan = RulesetPlan(lan=("probe0",), wan=(), epoch=1, digest="doctor", native_queue=False)
    loads, why = patient.aside("nft", "-f", "-", text=render(plan))
    if loads:
        yield ok("nftables", "takes the whole ruleset")
    else:
        advice = "it needs Linux 5.16 or later with nftables, conntrack and NAT, and nft 1.0.2 or later"
        yield fail("nftables", f"refuses the ruleset: {why.splitlines()[0] if why else 'no reason given'}", advice)
    yield _queue(patient)
    if patient.aside("cat", "/proc/sys/net/netfilter/nf_conntrack_acct")[0]:
        yield ok("connection counters", "bytes of flows can be counted")
    else:
        advice = "load nf_conntrack (modprobe nf_conntrack); flows are judged, but their bytes stay unknown"
        yield warn("connection counters", "the kernel shows no nf_conntrack_acct", advice)


def _queue(patient: Patient) -> Finding:
    if patient.aside("nft", "-f", "-", text=QUEUE_PROBE)[0]:
        return ok("packet queue", "native (nft_queue)")
    fallback = "iptables -t mangle -A FORWARD -m mark --mark 0x1/0x1 -j NFQUEUE --queue-bypass"
    if patient.program("iptables") is None:
        return fail("packet queue", "no nft_queue, and no iptables to do without it", "apt install iptables")
    if patient.aside(*fallback.split())[0]:
        return ok("packet queue", "by iptables rules (the kernel has no nft_queue)")
    return fail("packet queue", "neither nft_queue nor NFQUEUE works", "the kernel needs nft_queue or xt_NFQUEUE")


def interfaces(patient: Patient) -> Iterator[Finding]:
    """The curtain's, and the way out."""
    settings = patient.settings
    present = {name for _, name in socket.if_nameindex()}
    if not settings.lan:
        choices = ", ".join(sorted(present - {"lo"})) or "none is there"
        yield fail("curtain", "no interface is named", f"say which with --lan IF or `lan` in netcurtain.toml: {choices}")
    for name in settings.lan:
        link = read_link(name)
        if name not in present:
            yield fail("curtain", f"{name} is not there", f"present: {', '.join(sorted(present - {'lo'}))}")
        elif link.ipv4 is None:
            yield fail("curtain", f"{name} has no IPv4 address", f"give it one: ip address add 192.168.50.1/24 dev {name}")
        elif not link.ipv6:
            advice = "for IPv6 set dnsmasq.prefix6 in netcurtain.toml, to a prefix like fd12:3456:789a:1::/64"
            yield warn("curtain", f"{name} has {link.ipv4} and no IPv6 prefix", advice)
        else:
            yield ok("curtain", f"{name} has {link.ipv4} and {link.ipv6[0]}")
    for name in settings.wan:
        if name not in present:
            yield fail("upstream", f"{name} is not there", f"present: {', '.join(sorted(present - {'lo'}))}")
    routes = [line.split() for line in (patient.proc / "net/route").read_text(encoding="ascii").splitlines()[1:]]
    ways = sorted({row[0] for row in routes if row[1] == "00000000" and row[7] == "00000000"})
    if not ways:
        yield warn("upstream", "no default route", "gadgets reach nothing until this machine has a way to the internet")
    elif set(ways) <= set(settings.lan):
        yield fail("upstream", f"the way out is {ways[0]}, on the curtain's side", "the curtain needs an interface of its own")
    else:
        yield ok("upstream", f"by {', '.join(ways)}")


def clock(patient: Patient) -> Iterator[Finding]:
    """Schedules hang on it."""
    if is_synchronised():
        yield ok("clock", "synchronised")
    else:
        advice = "install chrony, or switch on systemd-timesyncd; until then schedules take their stricter side"
        yield warn("clock", "nothing synchronises it", advice)


def resolver(patient: Patient) -> Iterator[Finding]:
    """dnsmasq, and its port."""
    if not patient.settings.dnsmasq_managed:
        yield ok("resolver", "left to systemd (dnsmasq.managed = false)")
        return
    where = patient.program("dnsmasq")
    if where is None:
        yield fail("resolver", "dnsmasq is not installed", "apt install dnsmasq-base")
        return
    own = [link.ipv4.ip for link in map(read_link, patient.settings.lan) if link.ipv4]
    taken = sorted({address for address in _port_53(patient.proc) if address in own or address == IPv4Address(0)})
    if taken and not patient.is_running:
        advice = "stop the other resolver, or let it listen elsewhere (`ss -lunp sport = 53` names it)"
        yield fail("resolver", f"port 53 of {', '.join(map(str, taken))} is taken", advice)
    else:
        yield ok("resolver", where)


def _port_53(proc: Path) -> Iterator[IPv4Address]:
    for line in (proc / "net/udp").read_text(encoding="ascii").splitlines()[1:]:
        address, port = line.split()[1].split(":")
        if int(port, 16) == 53:
            yield IPv4Address(bytes.fromhex(address)[::-1])


def state(patient: Patient) -> Iterator[Finding]:
    """Where the ledger goes."""
    directory = patient.settings.state_dir
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < _MIN_FREE_BYTES:
        yield warn("state", f"{free // 1_000_000} MB are free at {there}", "make room: flows that cannot be written are lost")
    else:
        yield ok("state", f"{directory}, {free // 1_000_000} MB free")


def leftovers(patient: Patient) -> Iterator[Finding]:
    """A gateway that runs, or what one that was killed left behind."""
    if patient.is_running:
        yield ok("gateway", f"running, answers at {patient.settings.control}")
        return
    yield ok("gateway", "not running")
    left = []
    if patient.program("nft") is not None and patient.run("nft", "list", "table", "inet", "netcurtain")[0]:
        left.append(("the table inet netcurtain", "nft delete table inet netcurtain"))
    for tool in ("iptables", "ip6tables"):
        saved = patient.run(f"{tool}-save", "-t", "mangle")[1] if patient.program(f"{tool}-save") else ""
        rules = [line for line in saved.splitlines() if "--mark 0x1/0x1" in line and "-j NFQUEUE" in line]
        if rules:
            left.append((f"{len(rules)} {tool} rules", "; ".join(f"{tool} -t mangle -D{rule[2:]}" for rule in rules)))
    for what, remedy in left:
        advice = f"`netcurtain run` takes it over and removes it when it stops; by hand: {remedy}"
        yield warn("leftovers", f"{what} of a gateway that was killed: what is not allowed stays refused", advice)
    if not left:
        yield ok("leftovers", "none")


CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    rights, programs, kernel, interfaces, clock, resolver, state, leftovers,
)  # fmt: skip


def examine(patient: Patient) -> Iterator[Finding]:
    """Everything; a check that cannot be made is a finding itself."""
    for check in CHECKS:
        try:
            yield from check(patient)
        except (OSError, ValueError) as err:
            yield warn(check.__name__, f"could not be looked at: {err}", "")
