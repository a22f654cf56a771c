"""The kernel's packet filter, loaded through ``nft``: our one table, and on some kernels the rules of the fall-back queue."""

import re
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from .iptables import FallbackQueue

TABLE = "inet netcurtain"
_COMMENT = re.compile(r'comment "epoch=(\d+) policy=(\w*) schema=(\d+)"')
_DELETE_BRIDGE = "table bridge netcurtain\ndelete table bridge netcurtain\n"
_DELETE = "".join(f"table {table}\ndelete table {table}\n" for table in (TABLE, "arp netcurtain"))
QUEUE_PROBE = (
    "table inet netcurtain_probe {\n chain probe {\n queue flags bypass to 0\n }\n}\ndelete table inet netcurtain_probe\n"
)
"""Loads only where a table of ours can queue, and leaves nothing behind."""
_BRIDGE_PROBE = "table bridge netcurtain_probe {\n}\ndelete table bridge netcurtain_probe\n"
_FLOWTABLE_PROBE = """\
table inet netcurtain_probe {
  flowtable probe {
    hook ingress priority filter
    counter
  }
  chain probe {
    flow add @probe
  }
}
delete table inet netcurtain_probe
"""
_STALE4 = "addr replace 192.0.0.8/32 dev lo\naddr del 192.0.0.8/32 dev lo\n"
_STALE6 = "addr replace 100::1/128 dev lo nodad\naddr del 100::1/128 dev lo\n"
"""An address that comes and goes makes every route that the kernel looked up stale: the dummy address of RFC 7600, and one of
the prefix that RFC 6666 throws away."""
_NO_IPV6 = Path("/proc/sys/net/ipv6/conf/lo/disable_ipv6")
_TIMEOUT_S = 30.0


class RulesetError(OSError):
    """``nft`` or ``iptables`` refused what it was given; the text is theirs."""


class Nft:
    """Our table in the packet filter of this network namespace."""

    def __init__(self, *, queue: int, lan: Iterable[str]) -> None:
        self._fallback = FallbackQueue(queue=queue, lan=tuple(lan), run=run)
        self._native: bool | None = None
        self._flowtables: bool | None = None
        self._bridges: bool | None = None
        self._loaded = False

    @property
    def native_queue(self) -> bool:
        """Can a table of ours queue? Asked once, by loading such a rule and taking it away in one transaction."""
        if self._native is None:
            self._native = _loads(QUEUE_PROBE)
        return self._native

    @property
    def bridges(self) -> bool:
        """Can it see the ports of a bridge? Asked in the same way."""
        if self._bridges is None:
            self._bridges = _loads(_BRIDGE_PROBE)
        return self._bridges

    @property
    def flowtables(self) -> bool:
        """Can flows skip the chains of this kernel? Asked in the same way."""
        if self._flowtables is None:
            self._flowtables = _loads(_FLOWTABLE_PROBE)
        return self._flowtables

    def fast_interfaces(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of them that a flowtable can be made for now: it takes none that is not there."""
        present = {name for _, name in socket.if_nameindex()} if self.flowtables else set()
        return tuple(name for name in names if name in present)

    def load(self, text: str, *, otherwise: str = "") -> None:
        """Put a generation into the kernel in one transaction; ``RulesetError`` leaves the last one in force.

        ``otherwise``: the same without the fast way, in case an interface vanished that it was to be made for.
        """
        try:
            self._load(text)
        except RulesetError:
            if otherwise in ("", text):
                raise
            self._load(otherwise)
        self.empty_flowtable()

    def empty_flowtable(self) -> None:
        """Let every flow meet the chains again: with a stale route it leaves the flowtable at its next packet.

        Deleting the flowtable would do it too, and drop what is held in the queue.
        """
        if not self.flowtables:
            return
        ipv6 = _NO_IPV6.exists() and _NO_IPV6.read_text(encoding="ascii").strip() == "0"
        run("ip", "-batch", "-", text=_STALE4 + _STALE6 * ipv6)

    def _load(self, text: str) -> None:
        if self._loaded:
            run("nft", "-f", "-", text=text)
            return
        run("nft", "-f", "-", text=self._delete + text if self._is_of_another_make(text) else text)
        if not self.native_queue:
            self._fallback.add()
        self._loaded = True

    def _is_of_another_make(self, text: str) -> bool:
        """Sets of another schema cannot be refilled. Only a process that starts may replace the table: nothing is held yet."""
        kernel, ours = self._comment(), _COMMENT.search(text)
        return kernel is not None and (ours is None or ours[3] != kernel[3])

    def adopt(self) -> tuple[int, str] | None:
        """(epoch, policy digest) of the generation in the kernel, or None where there is none of ours."""
        found = self._comment()
        return (int(found[1]), found[2]) if found is not None else None

    def _comment(self) -> re.Match[str] | None:
        try:
            return _COMMENT.search(run("nft", "list", "chain", *TABLE.split(), "generation"))
        except RulesetError:
            return None

    def remove(self) -> None:
        """Take our table and our fall-back rules away; nothing happens where there are none."""
        self._loaded = False
        try:
            self._fallback.remove()
        finally:
            run("nft", "-f", "-", text=self._delete)

    @property
    def _delete(self) -> str:
        """Every table of ours, whether it is there or not."""
        return _DELETE + (_DELETE_BRIDGE if self.bridges else "")


def _loads(text: str) -> bool:
    """Does the kernel take it?"""
    try:
        run("nft", "-f", "-", text=text)
    except RulesetError:
        return False
    return True


def run(*command: str, text: str = "") -> str:
    """What a command wrote; ``RulesetError`` names its complaint."""
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except FileNotFoundError as err:
        package = {"nft": "nftables", "ip": "iproute2"}.get(command[0], command[0])
        raise RulesetError(f"{command[0]} is needed and not there: apt install {package}") from err
    except (OSError, subprocess.TimeoutExpired) as err:
        raise RulesetError(f"{command[0]}: {err}") from err
    if done.returncode:
        raise RulesetError(f"{command[0]}: {done.stderr.strip() or f'exit status {done.returncode}'}")
    return done.stdout
