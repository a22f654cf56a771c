"""What one device did, gathered from its records: by purpose, with the names that carried it. Bounded."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..model.action import Action, Effect
from ..model.device import Device
from ..model.packet import TCP, UDP
from ..model.policy import Exemption, Policy
from ..model.purpose import BY_TEXT, Purpose
from ..model.record import FlowRecord
from .ruling import PASSING, entry_for
from .target import covers
from .what_if import UNEXPLAINED, far_end
from .window import Highest

MAX_NAMES = 256
"""Kept apart for a purpose; what comes after them is one line."""
OTHERS = "all others"
MAX_DAYS = 4_000
_DAY_S = 86_400


@dataclass(slots=True)
class Place:
    """A name, or an address that has none."""

    flows: int = 0
    tries: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    confidence: float = 0.0
    """The highest that its purpose was told with."""
    target: str = ""
    """As an exception would name it; empty where one cannot."""

    def json(self) -> dict[str, Any]:
        """As a plain mapping."""
        return {
            "flows": self.flows, "tries": self.tries, "bytes_out": self.bytes_out, "bytes_in": self.bytes_in,
            "confidence": self.confidence,
        }  # fmt: skip


@dataclass(slots=True)
class Seen:
    """One purpose."""

    highest: Highest
    flows: int = 0
    tries: int = 0
    passed: int = 0
    """Flows that were let out."""
    passed_at_home: int = 0
    """Of them, those between two devices of the home."""
    passed_nameless: int = 0
    """Of them, those of protocols that carry no name, such as ICMP: no mere limit lets them out."""
    answered: int = 0
    """Flows that the gateway answered in the internet's place."""
    spent: int = 0
    """Flows that were stopped because a budget had no room."""
    bytes_out: int = 0
    bytes_in: int = 0
    largest_bytes: int = 0
    """The most that one flow sent."""
    names: dict[str, Place] = field(default_factory=dict)


class _Outer:
    """An exception of the profile: rules for the device itself would no longer leave room for it."""

    def __init__(self, exemption: Exemption) -> None:
        self.exemption = exemption
        self.let_pass = self.overruled = False

    def look(self, record: FlowRecord) -> None:
        """A flow passed: by this exception, or although it covers it."""
        if record.rule == str(self.exemption.ref):
            self.let_pass = True
            return
        name, to = record.server_name or "", self.exemption.to
        self.overruled |= covers(to, name=name, address=record.dst, port=record.dport, proto=record.proto)

    @property
    def carried(self) -> bool:
        """What refuses, unless that would stop what passes; what lets pass, where something did by it."""
        return self.let_pass if self.exemption.action in PASSING else not self.overruled


class Observed:
    """Gathers the records of one device."""

    def __init__(self, policy: Policy, device: Device, windows: dict[Purpose, float]) -> None:
        """``windows``: seconds, in which the bytes of a purpose are watched for a budget."""
        self.flows = 0
        self.first = self.last = 0.0
        """Wall time of the first and the latest flow; 0: none."""
        self.days: set[int] = set()
        self.purposes: dict[Purpose, Seen] = {}
        self.beside: set[Purpose] = set()
        """What names that passed served beside what they were judged by."""
        self._windows = windows
        entry = entry_for(policy, device)
        own = 1 if device.mac in policy.devices else 0
        self._outer = [_Outer(exemption) for level in entry.levels[own:] for exemption in level.exemptions]

    def add(self, record: FlowRecord, *, at_home: bool) -> None:
        """Count a flow. One whose purpose is none that is known here counts as unknown."""
        self.flows += 1
        self.first = min(self.first or record.started, record.started)
        self.last = max(self.last, record.started)
        if len(self.days) < MAX_DAYS:
            self.days.add(int(record.started // _DAY_S))
        purpose = BY_TEXT.get(record.purpose, Purpose.UNKNOWN)
        seen = self.purposes.get(purpose)
        if seen is None:
            seen = self.purposes[purpose] = Seen(Highest(self._windows[purpose]))
        _count(seen, record, at_home=at_home)
        if record.effect == Effect.PASS:
            self.beside.update(BY_TEXT[also] for also in record.also if also in BY_TEXT)
            for outer in self._outer:
                outer.look(record)

    def carried(self) -> tuple[Exemption, ...]:
        """The profile's exceptions that have to stand with the device from now on."""
        return tuple(outer.exemption for outer in self._outer if outer.carried)

    def doubtful(self, least: float) -> list[str]:
        """Names that passed for an evidenced purpose, none of whose flows was told with so much confidence."""
        return sorted(
            name
            for purpose, seen in self.purposes.items()
            if seen.passed and purpose not in UNEXPLAINED
            for name, place in seen.names.items()
            if place.confidence < least
        )


def _count(seen: Seen, record: FlowRecord, *, at_home: bool) -> None:
    sent = record.bytes_toserver
    seen.flows += 1
    seen.tries += record.attempts
    seen.passed += record.effect == Effect.PASS
    seen.passed_at_home += at_home and record.effect == Effect.PASS
    seen.passed_nameless += record.proto not in (TCP, UDP) and record.effect == Effect.PASS
    seen.answered += record.effect == Effect.REDIRECT
    seen.spent += record.action == Action.LIMIT and record.effect in (Effect.REFUSE, Effect.DROP)
    seen.bytes_out += sent
    seen.bytes_in += record.bytes_toclient
    seen.largest_bytes = max(seen.largest_bytes, sent)
    seen.highest.add(sent, at=record.started)
    name = record.server_name or far_end(record)
    if name not in seen.names and len(seen.names) >= MAX_NAMES:
        name = OTHERS
    place = seen.names.setdefault(name, Place())
    place.flows += 1
    place.tries += record.attempts
    place.bytes_out += sent
    place.bytes_in += record.bytes_toclient
    place.confidence = max(place.confidence, record.confidence)
    if name is not OTHERS:
        asked = record.lookup or record.app_proto == "dns"
        place.target = name if asked or not record.server_name else f"{name}:{record.dport}"


def biggest_first(names: dict[str, Place]) -> Iterable[tuple[str, Place]]:
    """By what they sent and received."""
    return sorted(names.items(), key=lambda item: (-(item[1].bytes_out + item[1].bytes_in), -item[1].tries, item[0]))
