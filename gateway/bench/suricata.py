"""Suricata in the curtain's place: in IPS mode, fed through the same queue, with one rule that looks at the server's name.

It looks at every packet of every flow, as its package configures it; what it lets pass is not handed to the kernel. What it
cannot parse passes here: after a real hello the bench's traffic is no TLS and no QUIC any more.
"""

import shutil
import subprocess
import time
from pathlib import Path

from gateway.lab.namespace import LabError, Namespace

from .router import PlainRouter

INSTALL = "apt install -t bookworm-backports suricata (from Debian's backports, see https://backports.debian.org)"
CONFIG = Path("/etc/suricata/suricata.yaml")
RULES = 'drop tls any any -> any any (msg:"a name that is refused"; tls.sni; content:"refused.example"; sid:1; rev:1;)\n'
LENIENT = ("--set", "exception-policy=ignore")
QUEUE = 0
START_S = 30.0
POLL_S = 0.02


class Suricata(PlainRouter):
    """A plain NAT router whose forwarded packets go through Suricata."""

    def __init__(self, machine: Namespace, work: Path) -> None:
        super().__init__(machine, work)
        self._work = work
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Turn it on, and wait until it listens."""
        super().start()
        rules = self._work / "one.rules"
        rules.write_text(RULES)
        with (self._work / "suricata.out").open("wb") as out:
            self._process = self._machine.spawn(
                ["suricata", "-c", str(CONFIG), "-S", str(rules), "-l", str(self._work), "-q", str(QUEUE), *LENIENT],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        self.pid = self._process.pid
        self._await_queue()
        queue = ["-j", "NFQUEUE", "--queue-num", str(QUEUE), "--queue-bypass"]
        self._machine.run("iptables", "-w", "-t", "mangle", "-A", "FORWARD", *queue)

    def _await_queue(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with self._machine.entered():
                if Path("/proc/thread-self/net/netfilter/nfnetlink_queue").read_text():
                    return
            time.sleep(POLL_S)
        raise LabError(f"Suricata did not listen to the queue\n{self.last_words()}")

    def stop(self) -> None:
        """Turn it off."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        super().stop()

    def last_words(self) -> str:
        """The end of what it said."""
        out = self._work / "suricata.out"
        return "\n".join(out.read_text(errors="replace").splitlines()[-20:]) if out.exists() else ""


def missing() -> str:
    """How to install what it needs; empty if it is there."""
    return "" if shutil.which("suricata") and CONFIG.exists() else f"Suricata is not installed: {INSTALL}"
