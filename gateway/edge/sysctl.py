"""Settings of the kernel that routing and counting rest on: set at the start, put back at the end.

What they were before is kept in a file, written before the first change. A process that finds the file follows one that could
not put them back, and takes over the true originals.
"""

import contextlib
import json
import socket
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from .disk import Disk, LocalDisk

PROC = Path("/proc/sys")

CONNTRACK = "net/netfilter/nf_conntrack_acct"
BRIDGED = "net/bridge/bridge-nf-call-iptables"
NETWORK = Path("/sys/class/net")
ADVICE = "`modprobe br_netfilter`, and its name in /etc/modules-load.d/netcurtain.conf"
FORWARDING = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
}
"""Last, when the ruleset stands: until then nothing passes. Changing it resets what stands under conf/."""
COUNTING = {
    # Devices are counted by what they sent.
    CONNTRACK: "1",
    # After a reboot the middle of an old connection is no connection: the ruleset resets it, and the device names itself anew.
    "net/netfilter/nf_conntrack_tcp_loose": "0",
    # With that, a packet out of window must not count as such a middle.
    "net/netfilter/nf_conntrack_tcp_be_liberal": "1",
    # Gadget to gadget within one bridge passes our forward chains. The default of the module, but not of every distribution.
    BRIDGED: "1",
    "net/bridge/bridge-nf-call-ip6tables": "1",
}
ALL = {"net/ipv4/conf/all/send_redirects": "0"}
LAN = {
    # Isolated stations reach each other through us: we answer for all of them, and never tell them the short way.
    "net/ipv4/conf/{}/proxy_arp_pvlan": "1",
    "net/ipv4/neigh/{}/proxy_delay": "0",  # at once: the default keeps a phone waiting for up to 0.8 s
    "net/ipv4/conf/{}/send_redirects": "0",
    "net/ipv4/conf/{}/accept_redirects": "0",
    "net/ipv4/conf/{}/accept_source_route": "0",
    "net/ipv4/conf/{}/rp_filter": "1",
    # No gadget tells the gateway where the internet is.
    "net/ipv6/conf/{}/accept_ra": "0",
    "net/ipv6/conf/{}/accept_redirects": "0",
}
_ACCEPT_RA = "net/ipv6/conf/{}/accept_ra"


class Sysctls:
    """The kernel settings of this network namespace that we change."""

    def __init__(
        self, originals: Path, *, proc: Path = PROC, interfaces: Iterable[str] | None = None, disk: Disk | None = None
    ) -> None:
        self._file = originals
        self._disk = disk or LocalDisk()
        self._proc = proc
        self._interfaces = interfaces
        self._originals: dict[str, str] = {}

    def prepare(self, lan: tuple[str, ...] = ()) -> tuple[str, ...]:
        """What has to hold before the first connection; returns a sentence for everything that could not be set."""
        self._originals = self._read_originals()
        if self._read(CONNTRACK) is None:
            _load_module("nf_conntrack")  # the ruleset would load it too, but only after the first connection to count
        bridges = [name for name in lan if (NETWORK / name / "bridge").exists()]
        if bridges and self._read(BRIDGED) is None:
            _load_module("br_netfilter")
            if self._read(BRIDGED) is None:
                return (*self._set(COUNTING), f"what gadgets say to each other on {', '.join(bridges)} is not seen: {ADVICE}")
        return self._set(COUNTING)

    def forward(self, lan: tuple[str, ...], wan: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Begin to forward: only once the ruleset stands. Complains as ``prepare`` does."""
        return self._set(FORWARDING | self._wanted(lan, wan))

    def _set(self, wanted: dict[str, str]) -> tuple[str, ...]:
        changes = {key: value for key, value in wanted.items() if self._read(key) not in (None, value)}
        for key in changes:
            self._originals.setdefault(key, self._read(key) or "")
        complaints = [self._save() if changes else "", *(self._write(key, value) for key, value in changes.items())]
        return tuple(filter(None, complaints))

    def restore(self) -> None:
        """Put everything back: forwarding first, since what stands under conf/ follows it."""
        originals = self._originals or self._read_originals()
        for key in sorted(originals, key=lambda key: key not in FORWARDING):
            self._write(key, originals[key])
        self._originals = {}
        with contextlib.suppress(OSError):  # a read-only disk: the next process finds everything as it should be
            self._file.unlink(missing_ok=True)

    def _wanted(self, lan: tuple[str, ...], wan: tuple[str, ...]) -> dict[str, str]:
        wanted = ALL | {key.format(name): value for name in lan for key, value in LAN.items()}
        for name in wan or self._others(lan):
            if self._read(_ACCEPT_RA.format(name)) == "1":
                wanted[_ACCEPT_RA.format(name)] = "2"  # 1 stops to hear the upstream router once we forward
        return wanted

    def _others(self, lan: tuple[str, ...]) -> Iterator[str]:
        names = [name for _, name in socket.if_nameindex()] if self._interfaces is None else self._interfaces
        return (name for name in names if name not in lan and name != "lo")

    def _read(self, key: str) -> str | None:
        try:
            return (self._proc / key).read_text().strip()
        except OSError:
            return None

    def _write(self, key: str, value: str) -> str:
        try:
            (self._proc / key).write_text(value)
        except OSError as err:
            return f"{key.replace('/', '.')} could not be set to {value}: {err.strerror}"
        return ""

    def _read_originals(self) -> dict[str, str]:
        try:
            found = json.loads(self._disk.read(self._file) or b"")
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {key: value for key, value in found.items() if isinstance(key, str) and isinstance(value, str)}

    def _save(self) -> str:
        """Whole or not at all: half a file would lose the originals for good. On a full disk the gateway runs without it."""
        aside = self._file.with_name(f".{self._file.name}.new")
        try:
            self._disk.write(aside, json.dumps(self._originals, indent=1).encode())
            self._disk.sync(aside)
            self._disk.rename(aside, self._file)
            self._disk.sync(self._file.parent)
        except OSError as err:
            return f"the kernel's settings before ours could not be kept in {self._file}: {err.strerror}"
        return ""


def _load_module(name: str) -> None:
    """Without the right to, or without modules at all, the settings stay away: nothing else changes."""
    try:
        subprocess.run(("modprobe", "-q", name), capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return
