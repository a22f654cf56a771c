"""dnsmasq: its configuration written, and – unless systemd runs it – the process started, watched and started again."""

import contextlib
import errno
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Interface, IPv6Network
from pathlib import Path

from gateway.model.resolver import ResolverPlan
from gateway.settings import Settings

from .child import Trace, end
from .leases import strike
from .link import add_prefix, is_there, read_link, remove_address

log = logging.getLogger("netcurtain.dnsmasq")
CONFIG = "dnsmasq.conf"
LEASES = "dnsmasq.leases"
_PID = "dnsmasq.pid"
_PORT = 53
_STUB_RESOLV = Path("/run/systemd/resolve/resolv.conf")
"""Upstream servers where systemd-resolved keeps only its own stub in /etc/resolv.conf."""
LOOK_EVERY_S = 2.0


class Dnsmasq:
    """Resolver and DHCP server. ``watch`` is called often, and tells what is wrong; nothing here raises after ``start``."""

    def __init__(self, render: Callable[[ResolverPlan], str], settings: Settings, state_dir: Path) -> None:
        self._render = render
        self._settings = settings
        self._dir = _writable(state_dir)
        self.lease_file = self._dir / LEASES
        self._child: subprocess.Popen[bytes] | None = None
        self._text = ""
        self._trace = Trace("dnsmasq", log)
        self._added: list[tuple[str, IPv6Interface]] = []
        self._looked_at = 0.0
        self._silent_since: float | None = None
        self.trouble = ""
        """What keeps it from answering, until it answers again."""

    def start(self, timeout_s: float = 1.0) -> None:
        """Write the configuration and start it; waits a moment for it to answer."""
        self.trouble = self._configure()
        if not self._settings.dnsmasq_managed:
            return
        self._end_leftover()
        self._spawn()
        until = time.monotonic() + timeout_s
        while not self.ready and self._child is not None and self._child.poll() is None and time.monotonic() < until:
            time.sleep(0.005)

    @property
    def ready(self) -> bool:
        """It answers at every address of the curtain: its sockets are bound."""
        wanted = [link.ipv4.ip for link in self._plan().links if link.ipv4]
        bound = _bound()
        return bool(wanted) and all(address in bound for address in wanted)

    def watch(self) -> list[str]:
        """Look after it; returns what is wrong now, in sentences."""
        now = time.monotonic()
        self._trace.listen()
        problems = self._reap(now)
        if self._trace.restart_at is not None and now >= self._trace.restart_at:
            self._spawn()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            problems += self._look(now)
            if self.trouble and not problems and (self.ready or not self._settings.dnsmasq_managed):
                self.trouble = ""
        self.trouble = problems[-1] if problems else self.trouble
        return problems

    def forget(self, mac: str) -> None:
        """Take a device's leases out of its memory, for which it starts again. OSError where they stay until they end."""
        if not self.lease_file.exists() or mac.encode() not in self.lease_file.read_bytes():
            return
        if not self._settings.dnsmasq_managed:
            raise PermissionError(errno.EPERM, "dnsmasq is not the gateway's own here", str(self.lease_file))
        running = self._child is not None
        self._kill()
        try:
            strike(self.lease_file, mac)
        finally:
            if running:
                self._spawn()

    def stop(self) -> None:
        """End it within a second, and leave no address behind."""
        self._trace.restart_at = None
        if self._child is not None:
            self._kill()
            with contextlib.suppress(OSError):
                (self._dir / _PID).unlink(missing_ok=True)
        for name, address in self._added:
            with contextlib.suppress(OSError):
                remove_address(name, address)
        self._added.clear()

    def _plan(self) -> ResolverPlan:
        settings = self._settings
        return ResolverPlan(
            links=tuple(read_link(name) for name in settings.lan),
            lease_file=str(self.lease_file),
            upstreams=settings.dnsmasq_upstreams,
            resolv_file=str(_STUB_RESOLV if _STUB_RESOLV.exists() else "/etc/resolv.conf"),
            cache=settings.dnsmasq_cache,
            dhcp=settings.dnsmasq_dhcp,
            stop_rebind=settings.dnsmasq_stop_rebind,
            rebind_ok=settings.dnsmasq_rebind_ok,
            as_child=settings.dnsmasq_managed,
        )

    def _write(self) -> bool:
        """Write the configuration; True if it is another than before."""
        text = self._render(self._plan())
        path = self._dir / CONFIG
        if text == self._text or (not self._text and path.exists() and path.read_text(encoding="utf-8") == text):
            self._text = text  # it may be that of an earlier life: a full disk need not take it again
            return False
        new = path.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        os.replace(new, path)
        self._text = text
        return True

    def _configure(self) -> str:
        """Write the configuration for what is there now; what went wrong."""
        try:
            self._add_prefix()
            self._write()
        except OSError as err:
            return f"it could not be configured: {err}"
        return ""

    def _look(self, now: float) -> list[str]:
        """Addresses may have changed, and a process that lives may not answer."""
        before = self._text
        complaint = self._configure()
        if complaint:
            return [complaint]
        if self._child is None:
            return []
        if self._text != before:
            log.info("the curtain's addresses changed: dnsmasq starts again")
            self._kill()
            self._spawn()
        is_silent = any(link.ipv4 for link in self._plan().links) and not self.ready
        self._silent_since = (self._silent_since or now) if is_silent else None
        if self._silent_since is not None and now - self._silent_since >= 2 * LOOK_EVERY_S:
            return [f"dnsmasq runs, but is not bound to port {_PORT} of the curtain's addresses"]
        return []

    def _spawn(self) -> None:
        program = shutil.which("dnsmasq", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if program is None:
            self._trace.fail("dnsmasq is not installed; on Debian: apt install dnsmasq-base")
            return
        # The child holds the read end too, and never waits to write: it outlives a gateway that was killed.
        log_end = self._trace.open()
        try:
            self._child = subprocess.Popen(
                [program, "--keep-in-foreground", f"--conf-file={self._dir / CONFIG}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log_end,
                pass_fds=(self._trace.pipe,),
            )
        except OSError as err:
            self._trace.fail(f"dnsmasq cannot be started: {err}")
        else:
            with contextlib.suppress(OSError):  # a full disk: only a successor of a killed gateway would miss it
                (self._dir / _PID).write_text(str(self._child.pid), encoding="ascii")
        finally:
            os.close(log_end)

    def _reap(self, now: float) -> list[str]:
        if self._child is None:
            why = self.trouble or self._trace.last
            return [why] if self._trace.restart_at is not None and why else []
        if self._child.poll() is None:
            return []
        self._trace.listen()
        status, why = self._child.returncode, self._trace.last or "it said nothing"
        self._child = None
        return [f"dnsmasq ended (status {status}): {why}; it starts again in {self._trace.ended(now):.0f} s"]

    def _kill(self) -> None:
        if self._child is not None:
            end(self._child)
            self._trace.close()
        self._child = None

    def _end_leftover(self) -> None:
        """A gateway that was killed left its resolver running, on our port."""
        try:
            pid = int((self._dir / _PID).read_text(encoding="ascii"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return
        if str(self._dir / CONFIG).encode() not in command:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
            for _ in range(100):
                os.kill(pid, 0)
                if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
                    return
                time.sleep(0.01)
            os.kill(pid, signal.SIGKILL)

    def _add_prefix(self) -> None:
        """Give the first interface a prefix of its own, where one is set and none of that kind is there (any more)."""
        if not self._settings.dnsmasq_prefix6 or not self._settings.lan:
            return
        name = self._settings.lan[0]
        if not is_there(name) or any(address.is_private for address in read_link(name).ipv6):
            return
        self._added = [(name, add_prefix(name, IPv6Network(self._settings.dnsmasq_prefix6)))]


def _writable(state_dir: Path) -> Path:
    """On a read-only disk dnsmasq would not even start: then it has a folder in memory, with the leases so far."""
    if not state_dir.exists() or os.access(state_dir, os.W_OK):
        return state_dir
    aside = Path(tempfile.mkdtemp(prefix="netcurtain-"))
    with contextlib.suppress(OSError):
        shutil.copy(state_dir / LEASES, aside)
    return aside


def _bound() -> set[IPv4Address]:
    """IPv4 addresses of this network namespace with a UDP socket on port 53."""
    found = set()
    for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]:
        address, port = line.split()[1].split(":")
        if int(port, 16) == _PORT:
            found.add(IPv4Address(bytes.fromhex(address)[::-1]))  # printed as a number of this machine: little-endian
    return found
