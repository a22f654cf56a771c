"""The kernel's packet filter, loaded through ``nft``: our one table, and on some kernels the rules of the fall-back queue."""

import re
import subprocess
from collections.abc import Iterable

from .iptables import FallbackQueue

TABLE = "inet netcurtain"
_COMMENT = re.compile(r'comment "epoch=(\d+) policy=(\w*) schema=(\d+)"')
_DELETE = "".join(f"table {table}\ndelete table {table}\n" for table in (TABLE, "arp netcurtain"))
QUEUE_PROBE = (
    "table inet netcurtain_probe {\n chain probe {\n queue flags bypass to 0\n }\n}\ndelete table inet netcurtain_probe\n"
)
"""Loads only where a table of ours can queue, and leaves nothing behind."""
_TIMEOUT_S = 30.0


class RulesetError(OSError):
    """``nft`` or ``iptables`` refused what it was given; the text is theirs."""


class Nft:
    """Our table in the packet filter of this network namespace."""

    def __init__(self, *, queue: int, lan: Iterable[str]) -> None:
        self._fallback = FallbackQueue(queue=queue, lan=tuple(lan), run=run)
        self._native: bool | None = None
        self._loaded = False

    @property
    def native_queue(self) -> bool:
        """Can a table of ours queue? Asked once, by loading such a rule and taking it away in one transaction."""
        if self._native is None:
            try:
                run("nft", "-f", "-", text=QUEUE_PROBE)
            except RulesetError:
                self._native = False
            else:
                self._native = True
        return self._native

    def load(self, text: str) -> None:
        """Put a generation into the kernel in one transaction; ``RulesetError`` leaves the last one in force."""
        if self._loaded:
            run("nft", "-f", "-", text=text)
            return
        run("nft", "-f", "-", text=_DELETE + text if self._is_of_another_make(text) else text)
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
            run("nft", "-f", "-", text=_DELETE)


def run(*command: str, text: str = "") -> str:
    """What a command wrote; ``RulesetError`` names its complaint."""
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except FileNotFoundError as err:
        package = "nftables" if command[0] == "nft" else "iptables"
        raise RulesetError(f"{command[0]} is needed and not there: apt install {package}") from err
    except (OSError, subprocess.TimeoutExpired) as err:
        raise RulesetError(f"{command[0]}: {err}") from err
    if done.returncode:
        raise RulesetError(f"{command[0]}: {done.stderr.strip() or f'exit status {done.returncode}'}")
    return done.stdout
