"""What rules in shadow would have stopped: counted by rule since the start; the ledger keeps each flow of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.model.record import FlowRecord

NAMES_SHOWN = 5
MAX_RULES = 1_024
Place = tuple[str, str, str, str]
"""(device, purpose, what it would have done, where the rule stands)"""


@dataclass(slots=True)
class Count:
    """Of one rule, device and purpose."""

    flows: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    names: dict[str, int] = field(default_factory=dict)
    """The first few destinations, and how many flows went there."""


class Shadows:
    """Bounded; rules beyond are not counted here."""

    def __init__(self) -> None:
        self._counts: dict[Place, Count] = {}

    def add(self, record: FlowRecord, before: FlowRecord | None) -> None:
        """A record came, or came again revised: ``before`` is what was counted of it so far."""
        if before is not None and before.would:
            self._count(before, -1)
        if record.would:
            self._count(record, 1)

    def forget(self, mac: str) -> None:
        """No rule stood in its way."""
        self._counts = {place: count for place, count in self._counts.items() if place[0] != mac}

    def rows(self) -> Iterator[dict[str, Any]]:
        """As ``status`` shows it."""
        for (mac, purpose, would, rule), count in sorted(self._counts.items()):
            if count.flows > 0:
                yield {
                    "mac": mac,
                    "purpose": purpose,
                    "would": would,
                    "rule": rule,
                    "flows": count.flows,
                    "bytes_out": count.bytes_out,
                    "bytes_in": count.bytes_in,
                    "names": [name for name, flows in count.names.items() if flows > 0],
                }

    def _count(self, record: FlowRecord, sign: int) -> None:
        place = (record.device, record.purpose, record.would, record.would_rule)
        count = self._counts.get(place)
        if count is None:
            if len(self._counts) >= MAX_RULES:
                return
            count = self._counts[place] = Count()
        count.flows += sign
        count.bytes_out += sign * record.bytes_toserver
        count.bytes_in += sign * record.bytes_toclient
        name = record.server_name or ""
        if name and (name in count.names or len(count.names) < NAMES_SHOWN):
            count.names[name] = count.names.get(name, 0) + sign
