"""What the ledger kept of a flow, as what it is judged by: the way back from a record."""

from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment
from gateway.model.device import Device, Mac
from gateway.model.moment import Grant, Moment
from gateway.model.name import Name, NameSource
from gateway.model.purpose import BY_TEXT, Purpose
from gateway.model.record import FlowRecord

from .look import MEDIA
from .replay import DNS_PORT, is_home

GADGET, TRUSTED, OWNER = (
    Device(mac=Mac(""), id="", profile="", trusted=trusted, owner=owner)
    for trusted, owner in ((False, ""), (True, ""), (True, "somebody"))
)
"""Whoever may be at the other end: nothing else about it decides."""
_ACTIONS = {str(action): action for action in Action}
_EFFECTS = {str(effect): effect for effect in Effect}
_SOURCES = {str(source): source for source in NameSource}


class Judged(NamedTuple):
    """What was decided then."""

    purpose: Purpose | None
    """What it was taken for. None: an earlier version only kept the strictest of several purposes, by which it was judged."""
    also: tuple[Purpose, ...]
    action: Action
    effect: Effect
    decided: Purpose
    """The purpose that it was judged by."""


class Circumstance(NamedTuple):
    """How a flow may have been."""

    peer: Device | None = None
    """The device at its other end, within the home."""
    inbound: bool = False
    dns: bool = False


def judged_then(record: FlowRecord) -> Judged | None:
    """None where the record does not say it in words that are known here."""
    purpose, action, effect = BY_TEXT.get(record.purpose), _ACTIONS.get(record.action), _EFFECTS.get(record.effect)
    if purpose is None or action is None or effect is None:
        return None
    also = tuple(BY_TEXT[other] for other in record.also if other in BY_TEXT)
    dropped = record.mixed and purpose in also
    main = BY_TEXT.get(record.main) or (None if dropped else purpose)
    return Judged(main, also, action, effect, purpose)


def assessment_of(record: FlowRecord, purpose: Purpose, then: Judged, *, match: str = "") -> Assessment:
    """What it was for, as it was written down."""
    name = Name(record.server_name, _source(record)) if record.server_name else None
    return Assessment(purpose=purpose, also=then.also, confidence=record.confidence, name=name, match=match)


def moment_of(record: FlowRecord, then: Judged) -> Moment:
    """When it happened, with the viewing that it passed by if it did."""
    viewed = then.action is Action.OWNER_ONLY and then.effect is Effect.PASS
    grant = Grant(kind="viewing", mac=Mac(record.device), purpose=Purpose.VIDEO, until=inf)
    return Moment(wall=record.started, grants=(grant,) if viewed else ())


def circumstances_of(record: FlowRecord, purpose: Purpose, *, trusted: bool) -> Iterator[Circumstance]:
    """Every way it may have been: one, but within the home, whoever may have been at the other end."""
    if is_question(record):
        yield Circumstance(dns=True)
        return
    if purpose is not Purpose.LOCAL and not record.local:
        yield Circumstance()
        # Pictures between two addresses of a home: an earlier version did not say whether they stayed in this one.
        if not (purpose in MEDIA and is_home(record.src) and is_home(record.dst)):
            return
    for peer in (TRUSTED, OWNER) if trusted else (GADGET, TRUSTED, OWNER):
        yield Circumstance(peer)
        if peer.trusted and not trusted:
            yield Circumstance(peer, inbound=True)


def is_question(record: FlowRecord) -> bool:
    """A line about a name that was asked for, not about a flow to it."""
    if record.lookup:
        return True
    if record.app_proto != "dns" or record.dport != DNS_PORT or not record.server_name:
        return False
    tunnel = record.action == Action.BLOCK and record.effect == Effect.DROP
    return record.purpose != Purpose.DNS_ESCAPE or tunnel


def _source(record: FlowRecord) -> NameSource:
    return _SOURCES.get(record.name_source or "", NameSource.DNS)
