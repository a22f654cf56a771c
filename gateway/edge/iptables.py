"""Queueing for kernels without ``nft_queue``: rules in the ``mangle`` tables of iptables queue what our table asks about.

They are added and removed one by one, each family in one transaction, so that nobody else's rule is ever touched.
"""

import re
from collections.abc import Iterator
from typing import Protocol

TOOLS = {"iptables": "ip", "ip6tables": "ip6"}
"""Each with the nftables family its tables are of."""
_OURS = re.compile(
    r"-A (?:PREROUTING|FORWARD|OUTPUT) -[io] \S+ (?:-p udp -m udp --[sd]port (?:53|123) )?"
    r"-m mark --mark 0x1/0x1 -j NFQUEUE --queue-num \d+ --queue-bypass"
)


class Run(Protocol):
    """Runs a command, gives its output, raises ``OSError`` with its complaint."""

    def __call__(self, *command: str, text: str = "") -> str: ...


class FallbackQueue:
    """The rules that queue, in both families."""

    def __init__(self, *, queue: int, lan: tuple[str, ...], run: Run) -> None:
        self._wanted = tuple(_rules(queue, lan))
        self._run = run
        self._made: set[str] = set()

    def add(self) -> None:
        """Add what is missing, and remove what a process left behind that ended on other interfaces or another queue."""
        for tool in TOOLS:
            if not self._is_there(tool):
                self._made.add(tool)
            there = self._ours(tool)
            missing = [rule for rule in self._wanted if rule not in there]
            self._change(tool, missing + [_deletion(rule) for rule in there if rule not in self._wanted])

    def remove(self) -> None:
        """Remove our rules, and the table where it came into being for them and holds nothing else."""
        for tool, family in TOOLS.items():
            if not self._is_there(tool):
                continue
            self._change(tool, [_deletion(rule) for rule in self._ours(tool)])
            if tool in self._made and all(line.startswith("-P ") for line in self._lines(tool)):
                self._made.discard(tool)
                self._run("nft", "delete", "table", family, "mangle")

    def _is_there(self, tool: str) -> bool:
        return f"table {TOOLS[tool]} mangle" in self._run("nft", "list", "tables", TOOLS[tool]).splitlines()

    def _lines(self, tool: str) -> list[str]:
        return self._run(tool, "-w", "-t", "mangle", "-S").splitlines()

    def _ours(self, tool: str) -> list[str]:
        return [line for line in self._lines(tool) if _OURS.fullmatch(line)]

    def _change(self, tool: str, lines: list[str]) -> None:
        if lines:
            self._run(f"{tool}-restore", "-w", "--noflush", text="\n".join(("*mangle", *lines, "COMMIT", "")))


def _rules(queue: int, lan: tuple[str, ...]) -> Iterator[str]:
    """As ``iptables -S`` writes them."""
    ask = f"-m mark --mark 0x1/0x1 -j NFQUEUE --queue-num {queue} --queue-bypass"
    for interface in lan:
        yield f"-A PREROUTING -i {interface} -p udp -m udp --dport 53 {ask}"
        yield f"-A PREROUTING -i {interface} -p udp -m udp --dport 123 {ask}"
        yield f"-A FORWARD -i {interface} {ask}"
        yield f"-A OUTPUT -o {interface} -p udp -m udp --sport 53 {ask}"


def _deletion(rule: str) -> str:
    return rule.replace("-A ", "-D ", 1)
