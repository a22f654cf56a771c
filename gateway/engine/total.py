"""Running totals since the start: what left, and what stayed at home."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.model.record import FlowRecord


@dataclass(slots=True)
class Total:
    """Of one device and purpose."""

    flows: int = 0
    passed: int = 0
    """Flows that were let out."""
    stopped: int = 0
    """Tries that were refused, dropped or answered by the gateway."""
    bytes_out: int = 0
    bytes_in: int = 0
    held_bytes: int = 0
    """Payload that was held and never left."""


@dataclass(slots=True)
class Totals:
    """By (device id, purpose); bounded by devices times purposes."""

    table: dict[tuple[str, str], Total] = field(default_factory=dict)

    def add(self, record: FlowRecord, before: FlowRecord | None) -> None:
        """A record came, or came again revised: ``before`` is what was counted of it so far."""
        if before is not None:
            self._count(before, -1)
        self._count(record, 1)

    def forget(self, names: Iterable[str]) -> None:
        """Devices that were called so."""
        gone = frozenset(names)
        self.table = {place: total for place, total in self.table.items() if place[0] not in gone}

    def _count(self, record: FlowRecord, sign: int) -> None:
        total = self.table.setdefault((record.device_id, record.purpose), Total())
        total.flows += sign
        if record.effect == "pass":
            total.passed += sign
        else:
            total.stopped += sign * record.attempts
            total.held_bytes += sign * record.held_bytes
        total.bytes_out += sign * record.bytes_toserver
        total.bytes_in += sign * record.bytes_toclient

    def view(self) -> list[dict[str, Any]]:
        """As ``status`` shows it."""
        return [
            {
                "device": device,
                "purpose": purpose,
                "flows": total.flows,
                "passed": total.passed,
                "stopped": total.stopped,
                "bytes_out": total.bytes_out,
                "bytes_in": total.bytes_in,
                "held_bytes": total.held_bytes,
            }
            for (device, purpose), total in sorted(self.table.items())
        ]
