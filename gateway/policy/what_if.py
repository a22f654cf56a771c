"""What would change if another policy were in force: flows judged under both, gathered by device, purpose and name.

Who judges them, and where they were recorded, is the caller's business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, NamedTuple

from ..model.action import Action, Effect
from ..model.purpose import Purpose
from ..model.record import PROTO_NAMES, FlowRecord
from .treatment import Treatment
from .window import Windows

MAX_CHANGES = 50_000
"""Lines kept apart; of what comes after them a device has one line for each purpose and change."""
MAX_REASONS = 4_096
OTHERS = "all others"
SPENT = (
    "it was stopped because its budget was spent, and how much it would have sent nobody knows: another budget may let it pass"
)
UNEXPLAINED = frozenset({Purpose.UNKNOWN, Purpose.DIRECT_ADDRESS})


class Kind(StrEnum):
    """What changes, most consequential first."""

    STOPPED = "stopped"
    """It passed, and would be refused, dropped, answered by the gateway, or cut where its budget ends."""
    PASSES = "passes"
    """It was stopped, and would leave the home."""
    MANNER = "manner"
    """It would pass, or be stopped, as before, but otherwise."""


class Cost(NamedTuple):
    """What is known to stop working, or to work again."""

    profile: str = ""
    """What the device's profile states of the purpose."""
    breaks: str = ""
    """What the catalogue's row of the name states."""
    advice: str = ""
    """How such a device is better told no, where the draft goes against that."""


class _Place(NamedTuple):
    """What must be alike for two flows to share a line."""

    kind: Kind
    mac: str
    device: str
    name: str
    before: Treatment
    after: Treatment
    cut: bool


@dataclass(slots=True, kw_only=True)
class Change:
    """Flows of one device, purpose and name that change alike."""

    kind: Kind
    device: str
    name: str
    before: Treatment
    after: Treatment
    cut: bool
    """They would be stopped where their budget ends."""
    example: FlowRecord
    flows: int = 0
    tries: int = 0
    bytes_out: int = 0
    """Of a flow that is cut: what had no room."""
    bytes_in: int = 0
    held_bytes: int = 0
    """Payload that was held back."""
    cost: Cost = Cost()

    @property
    def purpose(self) -> Purpose:
        """The one that is decided by: where it is stopped by its new one, where it passes by the one it was stopped by."""
        return self.before.purpose if self.kind is Kind.PASSES else self.after.purpose

    def count(self, record: FlowRecord, over_bytes: int) -> None:
        """One more flow."""
        self.flows += 1
        self.tries += record.attempts
        self.bytes_out += over_bytes if self.cut else record.bytes_toserver
        self.bytes_in += 0 if self.cut else record.bytes_toclient
        self.held_bytes += record.held_bytes

    def json(self) -> dict[str, Any]:
        """As a plain mapping."""
        return {
            "change": self.kind, "device": self.device, "mac": self.example.device, "purpose": self.purpose, "name": self.name,
            "flows": self.flows, "tries": self.tries, "bytes_out": self.bytes_out, "bytes_in": self.bytes_in,
            "held_bytes": self.held_bytes, "before": plain(self.before), "after": plain(self.after), "cut": self.cut,
            "cost": self.cost.profile, "breaks": self.cost.breaks, "advice": self.cost.advice,
        }  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Unjudged:
    """Flows of one device that could not be judged again, for one reason."""

    device: str
    why: str
    flows: int = 0
    tries: int = 0


class WhatIf:
    """Gathers flows that were judged under both policies."""

    def __init__(self) -> None:
        self.flows = 0
        self.unchanged = 0
        self._changes: dict[_Place, Change] = {}
        self._unjudged: dict[tuple[str, str], Unjudged] = {}
        self._before, self._after = Windows(), Windows()

    def add(self, record: FlowRecord, before: Treatment, after: Treatment) -> None:
        """Count a flow, as the policies of before and after treat it."""
        self.flows += 1
        is_spent = before.passes and _was_spent(record, before)
        over = 0 if is_spent else self._over(record, before, after)
        kind = Kind.STOPPED if over else _kind(before, after, is_spent=is_spent)
        if kind is None:
            self.unchanged += 1
        elif is_spent and after.passes and _may_fit(before, after):
            self._leave(record, SPENT)
        else:
            self._count(record, kind, before, after, over_bytes=over)

    def leave(self, record: FlowRecord, why: str) -> None:
        """Count a flow whose evidence is not enough to judge it again."""
        self.flows += 1
        self._leave(record, why)

    def changes(self, cost_of: Callable[[Change], Cost] = lambda change: Cost()) -> list[Change]:
        """Most consequential first: by kind; where something is known to stop working; by what they sent and received."""
        found = list(self._changes.values())
        for change in found:
            change.cost = cost_of(change)
        return sorted(found, key=_rank)

    def unjudged(self) -> list[Unjudged]:
        """Most flows first."""
        return sorted(self._unjudged.values(), key=lambda one: (-one.flows, one.device, one.why))

    def _over(self, record: FlowRecord, before: Treatment, after: Treatment) -> int:
        """Bytes that had room, and would have none."""
        who, sent, at = record.device, record.bytes_toserver, record.started
        had = self._before.over(who, before, sent, at=at) if before.passes else 0
        has = self._after.over(who, after, sent, at=at) if after.passes else 0
        return max(0, has - had) if before.passes and after.passes else 0

    def _count(self, record: FlowRecord, kind: Kind, before: Treatment, after: Treatment, *, over_bytes: int) -> None:
        place = _Place(kind, record.device, label(record), _name(record), before, after, bool(over_bytes))
        if place not in self._changes and len(self._changes) >= MAX_CHANGES:
            place = place._replace(name=OTHERS)
        change = self._changes.get(place)
        if change is None:
            change = self._changes[place] = Change(
                kind=kind, device=place.device, name=place.name, before=before, after=after, cut=place.cut, example=record
            )
        change.count(record, over_bytes)

    def _leave(self, record: FlowRecord, why: str) -> None:
        device = label(record)
        if (device, why) not in self._unjudged and len(self._unjudged) >= MAX_REASONS:
            device = OTHERS
        one = self._unjudged.setdefault((device, why), Unjudged(device=device, why=why))
        one.flows += 1
        one.tries += record.attempts


def _was_spent(record: FlowRecord, before: Treatment) -> bool:
    """Its rule lets pass, and it was stopped all the same: its budget had no room."""
    return record.effect in (Effect.REFUSE, Effect.DROP) and record.action == Action.LIMIT == before.action


def _may_fit(before: Treatment, after: Treatment) -> bool:
    """Another budget than the one that was spent, that is not plainly a smaller one."""
    if after.action is not Action.LIMIT or not after.budget_bytes:
        return False  # no bounds: it passes
    bounds = (after.budget_window_s, after.rate_bytes_s)
    return not (bounds == (before.budget_window_s, before.rate_bytes_s) and after.budget_bytes <= before.budget_bytes)


def _kind(before: Treatment, after: Treatment, *, is_spent: bool) -> Kind | None:
    if before.met() == after.met():
        return None
    passed = before.passes and not is_spent
    passes = after.passes and not (is_spent and after.action is Action.LIMIT and after.budget_bytes)
    if passed is passes:
        return Kind.MANNER
    return Kind.STOPPED if passed else Kind.PASSES


_KINDS = tuple(Kind)


def _rank(change: Change) -> tuple[object, ...]:
    is_dear = change.kind is not Kind.PASSES and change.cost != Cost()
    evidenced = change.purpose not in UNEXPLAINED
    size = change.bytes_out + change.bytes_in + change.held_bytes
    place = (change.device, change.purpose, change.name, change.before, change.after)
    return _KINDS.index(change.kind), not is_dear, not evidenced, -size, -change.tries, *place


def plain(treatment: Treatment) -> dict[str, Any]:
    """As a plain mapping."""
    return {
        "purpose": treatment.purpose, "action": treatment.action, "effect": treatment.effect, "rule": treatment.rule,
        "says": str(treatment),
    }  # fmt: skip


def label(record: FlowRecord) -> str:
    """What people call the device; the address where a capture shows no hardware address."""
    return record.device_id or record.device or str(ip_address(record.src))


def _name(record: FlowRecord) -> str:
    return record.server_name or far_end(record)


def far_end(record: FlowRecord) -> str:
    """``203.0.113.9:443/tcp``."""
    host = ip_address(record.dst)
    proto = PROTO_NAMES.get(record.proto, str(record.proto)).lower()
    text = f"[{host}]" if host.version == 6 else str(host)
    return f"{text}:{record.dport}/{proto}" if record.dport else f"{text}/{proto}"
