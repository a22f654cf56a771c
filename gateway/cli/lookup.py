"""What the catalogue says of a name: every row that covers it, the one that decides for a device, and why not the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.model.assessment import Catalogue, Evidence, FixedReply, Hint, Row
from gateway.model.device import Device
from gateway.model.facts import Facts
from gateway.policy.value import parse_app, parse_name, parse_ports, port_ranges
from gateway.purpose import find
from gateway.purpose.fit import Fit, Rank, best_of, choose, rank_of
from gateway.purpose.lookup import literal_length

FROM = {
    Rank.NOBODY: "a place that everybody shares: what another device does there says nothing of this one",
    Rank.STRANGER: "evidenced for another maker's device: worth half",
    Rank.HOUSE: "evidenced for a device of a maker of the same house: worth three quarters",
    Rank.ANY: "evidenced for every device",
    Rank.VENDOR: "evidenced for another device of this maker",
    Rank.PROFILE: "evidenced for this very kind of device",
}
WORDS = {0.9: "high", 0.6: "medium", 0.3: "low"}
"""As confidences are written in the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One row that covers the name."""

    row: Row
    decides: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """All that is known of a name, as seen from one kind of device."""

    name: str
    device: str
    rows: tuple[Found, ...]
    hints: tuple[Hint, ...] = ()
    replies: tuple[FixedReply, ...] = ()

    @property
    def decider(self) -> Row | None:
        """The row that decides for the device."""
        return next((found.row for found in self.rows if found.decides), None)

    def conflicts(self) -> Iterator[str]:
        """Where sources disagree, and where rows that could decide for some device name different purposes."""
        for found in self.rows:
            if found.row.conflict:
                yield f"sources disagree: {found.row.conflict} ({found.row.source})"
        said = {found.row.purpose: found.row for found in self.rows if found.row.match == self.rows[0].row.match}
        if len(said) > 1:
            each = "; ".join(f"{row.purpose} for {', '.join(row.devices)} ({row.source})" for row in said.values())
            yield f"it depends on the device: {each}"

    def json(self) -> dict[str, Any]:
        """As a plain mapping."""
        decider = self.decider
        return {
            "name": self.name,
            "device": self.device,
            "purpose": decider.purpose if decider else None,
            "decides": decider.source if decider else None,
            "conflicts": list(self.conflicts()),
            "rows": [{**_plain(found.row), "decides": found.decides, "why": found.why} for found in self.rows],
            "hints": [_plain_hint(hint) for hint in self.hints],
            "answered": [{"path": reply.path, "status": reply.status, "source": reply.source} for reply in self.replies],
        }


def look_up(catalogue: Catalogue, text: str, device: Device) -> Lookup:
    """``text``: a name, ``udp/123`` or ``app:stun``; ``ValueError`` for anything else."""
    if app := parse_app(text):
        return _at_protocol(catalogue, text, catalogue.protocols.get(app, ()), device)
    if ranges := port_ranges(text):
        if ranges[0][1] != ranges[0][2] or len(ranges) > 1:
            raise ValueError("is several ports; ask for one, like udp/123")
        hints = tuple(hint for hint in catalogue.hints if _covers(hint, ranges[0][0], ranges[0][1]))
        found = _at_protocol(catalogue, text, catalogue.ports.get(parse_ports(text)[0], ()), device)
        return Lookup(name=text, device=device.profile, rows=found.rows, hints=hints)
    name = parse_name(text)
    rows = find(catalogue, name)
    evidence = _evidence(device)
    return Lookup(
        name=name,
        device=device.profile,
        rows=tuple(_judged(rows, choose(rows, evidence) if rows else None, evidence)),
        hints=tuple(hint for hint in catalogue.hints if name in hint.says),
        replies=catalogue.replies.get(name, ()),
    )


def _at_protocol(catalogue: Catalogue, text: str, rows: tuple[Row, ...], device: Device) -> Lookup:
    """Ports and protocols: rows that ask for an ALPN are told by it, so each of them is shown as if it were offered."""
    evidence = _evidence(device)
    plain = tuple(row for row in rows if not row.alpn)
    found = _judged(rows, best_of(plain, evidence, least=Rank.ANY) if plain else None, evidence, least=Rank.ANY)
    return Lookup(name=text, device=device.profile, rows=tuple(found))


def _evidence(device: Device) -> Evidence:
    return Evidence(profile=device.profile, vendor=device.vendor, family=device.family, facts=Facts())


def _judged(rows: tuple[Row, ...], fit: Fit | None, evidence: Evidence, *, least: Rank = Rank.STRANGER) -> Iterator[Found]:
    for row in rows:
        decides = fit is not None and row is fit.row
        yield Found(row=row, decides=decides, why=_why(row, fit, evidence, decides=decides, least=least))


def _why(row: Row, fit: Fit | None, evidence: Evidence, *, decides: bool, least: Rank) -> str:
    rank = rank_of(row, evidence)
    if decides:
        return FROM[rank]
    if row.alpn:
        return f"decides where ALPN {row.alpn} is offered; {FROM[rank]}"
    if rank < least:
        return FROM[rank] if least is Rank.STRANGER else f"{FROM[rank]}, and a port means something for its own device only"
    if fit is not None and literal_length(row) < literal_length(fit.row):
        return "a longer match decides"
    return f"{FROM[rank]}; another row stands nearer"


def _covers(hint: Hint, proto: int, port: int) -> bool:
    return any(wanted == proto and first <= port <= last for wanted, first, last in hint.ports)


def confidence_word(value: float) -> str:
    """As it is written in the files."""
    return WORDS.get(value, f"{value:.2f}")


def _plain(row: Row) -> dict[str, Any]:
    return {
        "match": row.match, "purpose": row.purpose, "also": list(row.also), "vendor": row.vendor, "devices": list(row.devices),
        "alpn": row.alpn or None, "tells": row.tells or None, "breaks": row.breaks or None, "conflict": row.conflict or None,
        "evidence": row.evidence, "confidence": confidence_word(row.confidence), "date": row.date or None, "source": row.source,
    }  # fmt: skip


def _plain_hint(hint: Hint) -> dict[str, Any]:
    return {
        "kind": hint.kind, "says": hint.says, "home": hint.home, "purpose": hint.purpose, "vendor": hint.vendor,
        "devices": list(hint.devices), "alone": hint.alone, "breaks": hint.breaks or None, "evidence": hint.evidence,
        "confidence": confidence_word(hint.confidence), "date": hint.date or None, "source": hint.source,
    }  # fmt: skip
