"""What the names of a flow say of it."""

from typing import NamedTuple

from ..model.assessment import Assessment, Catalogue, Evidence, Row
from ..model.name import Name, NameSource
from ..model.purpose import Purpose
from .fit import FACTOR, Fit, Rank, choose
from .lookup import find

MAX_CANDIDATES = 16
"""DNS-bound names looked up for one flow: a shared address can have hundreds."""

BOUND = 0.9
"""Worth of a name that DNS bound to the address, against one in the flow's own bytes."""
DISAGREEING = 0.7
"""Worth where several such names serve different purposes."""
COVERED = 0.5
"""Worth of a name beside an encrypted hello."""


class Named(NamedTuple):
    """What the names came to."""

    assessment: Assessment | None
    """None: the name that counts says nothing of this device."""
    also: tuple[Purpose, ...] = ()
    """Then: what other names of this address are for."""
    remark: str = ""
    """Then: why it says nothing."""


NAMELESS = Named(None)


def judge_names(catalogue: Catalogue, evidence: Evidence) -> Named:
    """A name in the flow's own bytes decides alone; of DNS-bound ones the latest, and the others are told beside it."""
    if not evidence.names:
        return NAMELESS
    name = evidence.names[0]
    rows = find(catalogue, name.text)
    fit = choose(rows, evidence)
    others: tuple[Purpose, ...] = ()
    if name.source is NameSource.DNS and len(evidence.names) > 1:
        others = _purposes_of_others(catalogue, evidence, fit)
    if fit is None:
        return Named(None, others, _remark(name, rows, evidence))
    return Named(_assess(fit, name, evidence, others=others))


def _purposes_of_others(catalogue: Catalogue, evidence: Evidence, fit: Fit | None) -> tuple[Purpose, ...]:
    found: list[Purpose] = []
    for name in evidence.names[1:MAX_CANDIDATES]:
        other = choose(find(catalogue, name.text), evidence)
        if other is not None and other.row.purpose not in found and (fit is None or other.row.purpose is not fit.row.purpose):
            found.append(other.row.purpose)
    return tuple(found)


def _remark(name: Name, rows: tuple[Row, ...], evidence: Evidence) -> str:
    """Siblings under the same domain lend an unevidenced name nothing."""
    offered = [row for row in rows if not row.alpn or row.alpn in evidence.facts.alpn]
    if not offered:
        return f"{name.text} is in no catalogue: nobody has shown what it is for"
    row = offered[0]
    seen = f"what {', '.join(row.devices)} does there ({row.source or row.match})"
    return f"{name.text} is a place that everybody shares: {seen} says nothing of this device"


def _assess(fit: Fit, name: Name, evidence: Evidence, *, others: tuple[Purpose, ...]) -> Assessment:
    row = fit.row
    confidence = row.confidence * FACTOR[fit.rank]
    reasons = [f"{name.text} {describe(fit)}"]
    also = row.also
    if fit.rivals:
        reasons.append(_contradiction(fit.rivals))
    if others:
        also = tuple(dict.fromkeys((*also, *others)))
        confidence *= DISAGREEING
        reasons.append(f"the address also answers to names for {list_purposes(others)}")
    if name.source is NameSource.DNS:
        confidence *= BOUND
        reasons.append("the name was not in the flow: an earlier DNS answer gave this address for it")
    if evidence.facts.ech:
        confidence *= COVERED
        reasons.append("an encrypted hello was offered: the name may be a cover")
    return Assessment(
        purpose=row.purpose,
        also=also,
        confidence=confidence,
        reasons=tuple(reasons),
        name=name,
        match=row.match,
        source=row.source,
    )


def describe(fit: Fit) -> str:
    """What a row says, for whom, and where it is written: ``serves control (catalogue/ring.yaml:12)``."""
    row, rank = fit.row, fit.rank
    known = row.purpose is not Purpose.UNKNOWN
    what = f"serves {list_purposes((row.purpose, *row.also))}" if known else "is known, but not its purpose"
    whom = "" if rank in (Rank.PROFILE, Rank.ANY) else f", evidenced for another device: {', '.join(row.devices)}"
    return f"{what}{whom} ({row.source or row.match})"


def list_purposes(purposes: tuple[Purpose, ...]) -> str:
    """As people say it: ``control, video and voice``."""
    return purposes[0] if len(purposes) == 1 else f"{', '.join(purposes[:-1])} and {purposes[-1]}"


def _contradiction(rivals: tuple[Row, ...]) -> str:
    return "; ".join(f"{row.source or row.match} says {row.purpose} instead" for row in rivals)
