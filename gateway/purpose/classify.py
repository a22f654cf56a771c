"""The order in which evidence counts."""

from dataclasses import replace

from ..model.assessment import Assessment, Catalogue, Evidence, Extent
from ..model.name import Name
from ..model.purpose import Purpose
from .cadence import judge_beat
from .column import Line
from .context import NOTHING_BEFORE, Context, Habits, Seen
from .errand import judge_ended
from .habit import judge_moment
from .named import COVERED, Named, judge_names
from .order import judge_order
from .spoken import (
    MEDIA,
    judge_alpn,
    judge_clock,
    judge_inside,
    judge_port,
    judge_protocol,
    judge_resolver,
)
from .volume import judge_burst, judge_volume

SETTLED = 0.6
"""How sure a purpose is that was found otherwise."""
_JUDGES = {Extent.ENDED: judge_ended, Extent.BURST: judge_burst, Extent.MOMENT: judge_moment}
"""What is over says more than what goes on; habits only speak of what is over: a live flow gains nothing by them."""


def classify(catalogue: Catalogue, evidence: Evidence, context: Context = NOTHING_BEFORE) -> Assessment:
    """What a flow is for. Never fails: where nothing speaks, it is ``unknown``, or ``direct-address`` without a name."""
    assessment = _judge_opening(catalogue, evidence)
    if evidence.extent is Extent.SO_FAR or evidence.local or evidence.resolver:
        return judge_order(judge_volume(assessment, evidence), context)
    found = _JUDGES[evidence.extent](assessment, evidence, context)
    return judge_order(judge_beat(found, evidence, context), context)


def _judge_opening(catalogue: Catalogue, evidence: Evidence) -> Assessment:
    """By what is known before anything was counted."""
    if evidence.settled is not None:
        return _settle(catalogue, evidence, evidence.settled)
    plain = (
        judge_inside(evidence)  # First: nothing that stays in the home escapes from it.
        or judge_resolver(evidence)  # Before names: port 53 and 853 are DNS whatever the far end is called.
        or judge_clock(catalogue, evidence)  # Before names: clocks are found through pools with anybody's name.
    )
    if plain is None:
        return _judge_outside(catalogue, evidence)
    # The name decided nothing, but exceptions and people ask for it.
    return replace(plain, name=evidence.names[0]) if evidence.names else plain


def _settle(catalogue: Catalogue, evidence: Evidence, purpose: Purpose) -> Assessment:
    """Its names only say what it could not be told from."""
    named = judge_names(catalogue, evidence).assessment or Assessment(purpose=purpose)
    return replace(
        named,
        purpose=purpose,
        also=tuple(other for other in named.also if other is not purpose),
        confidence=SETTLED,
        reasons=(f"{purpose}: settled by what is not seen here",),
        name=evidence.names[0] if evidence.names else None,
    )


def _judge_outside(catalogue: Catalogue, evidence: Evidence) -> Assessment:
    """By its names; else by what it speaks, offers, or where it knocks; else by what is missing."""
    named = judge_names(catalogue, evidence)
    if named.assessment is not None:
        return named.assessment
    name = evidence.names[0] if evidence.names else None
    found = (
        judge_protocol(catalogue, evidence, evidence.facts.app_proto)
        or judge_alpn(catalogue, evidence)
        or judge_port(catalogue, evidence)
    )
    if found is None:
        return _judge_silence(evidence, name, named)
    confidence = found.confidence * (COVERED if name is not None and evidence.facts.ech else 1.0)
    also = tuple(dict.fromkeys((*found.also, *(purpose for purpose in named.also if purpose is not found.purpose))))
    reasons = found.reasons if name is None else (*found.reasons, named.remark)
    return replace(found, name=name, also=also, confidence=confidence, reasons=reasons)


def _judge_silence(evidence: Evidence, name: Name | None, named: Named) -> Assessment:
    """Nothing speaks: a name that says nothing of this device, or no name at all."""
    app = evidence.facts.app_proto
    remark = (f"{app} of a {evidence.family or 'device'} that is not known for calls or pictures",) if app in MEDIA else ()
    if name is not None:
        reasons = (named.remark, *remark)
        return Assessment(purpose=Purpose.UNKNOWN, also=named.also, confidence=0.2, reasons=reasons, name=name)
    if not evidence.address:
        return Assessment(purpose=Purpose.UNKNOWN, confidence=0.1, reasons=("neither name nor address is known", *remark))
    reasons = ("no name: neither in the flow nor from DNS", *remark)
    return Assessment(purpose=Purpose.DIRECT_ADDRESS, confidence=0.6, reasons=reasons)


def classify_next(catalogue: Catalogue, line: Line, habits: Habits) -> Assessment:
    """The next row of a table; what it shows is remembered for those that follow."""
    evidence = line.evidence
    seen = Seen(line.destination, line.at, evidence.proto, bytes_out=evidence.bytes_out)
    found = classify(catalogue, evidence, habits.before(line.device, seen, sitting=line.run))
    if not evidence.local:
        habits.add(line.device, seen._replace(purposes=(found.purpose, *found.also)), sitting=line.run)
    return found
