"""A flow of the ledger, judged again: what two policies make of it, at the time it happened.

What it was for is taken from the ledger. Only where the two policies know different things of it is it asked for anew, and then
what the present policy finds has to be what was found then: else it was judged by something else (a catalogue that has changed
since, a record of an earlier version, which kept less), and the flow is left unjudged. Of grants only viewings are known again,
since what is for the owner only passes by them; pauses and allowances change nothing between two policies.
"""

from collections.abc import Iterator
from math import inf
from operator import attrgetter
from typing import NamedTuple

from gateway.model.action import Action, Effect
from gateway.model.assessment import Assessment, Catalogue, Row
from gateway.model.decision import Subject
from gateway.model.device import Device, Mac
from gateway.model.moment import Moment
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from gateway.policy import next_change
from gateway.policy.part import BUILT_IN
from gateway.policy.treatment import Treatment, treat
from gateway.purpose import classify

from .exported import line_of
from .judge import judge_assessed
from .look import media_bytes_of
from .recorded import Circumstance, Judged, assessment_of, circumstances_of, judged_then, moment_of
from .replay import is_home

UNDECIDED = "what was decided about it then is not in the ledger"
NO_MAIN = "it was judged by the strictest of several purposes, and which was its main one is not in the ledger"
OTHER_KNOWLEDGE = "the policies know different things of it, and what it was judged by then is not in the ledger"
AT_HOME = "it stayed in the home, and who was at its other end is not in the ledger"
MAX_KEPT = 16_384
_FIXED = frozenset({Purpose.LOCAL, Purpose.DNS_ESCAPE})
"""Where a flow went and how it asked says so, whatever a catalogue knows."""


class Twice(NamedTuple):
    """What the two policies make of a flow."""

    before: Treatment
    after: Treatment


class Again:
    """Judges records again, under the present policy and a draft."""

    def __init__(self, present: Policy, draft: Policy) -> None:
        self._present, self._draft = _Side(present, present), _Side(draft, present)
        self._knows_the_same = present.catalogue == draft.catalogue
        self._by_address = any(_names_addresses(policy) for policy in (present, draft))
        self._known: dict[object, Twice | str] = {}
        """What records say -> what came of them, within one term."""
        self._since = self._until = 0.0
        """The term in which no schedule of either policy turns: gadgets do the same all day, so what came of it is kept."""

    def judge(self, record: FlowRecord) -> Twice | str:
        """What each makes of it; or why that cannot be told."""
        if not self._since <= record.started < self._until or len(self._known) >= MAX_KEPT:
            self._begin(record.started)
        sent = _sent(record) if self._asks(record) else None
        key = (_said(record), record.dst if self._by_address else is_home(record.dst), sent)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._judge(record)
        return known

    def _begin(self, wall: float) -> None:
        ends = (next_change(side.policy, wall) for side in (self._present, self._draft))
        self._since, self._until = wall, min((end for end in ends if end is not None), default=inf)
        self._known.clear()

    def _asks(self, record: FlowRecord) -> bool:
        """Whether a classifier is asked what it was for, and so how much it sent."""
        return (record.mixed and not record.main and record.purpose in record.also) or not self._is_alike(record)

    def _is_alike(self, record: FlowRecord) -> bool:
        """The two policies know the same of it and its device."""
        return self._knows_the_same and self._present.standing(record) == self._draft.standing(record)

    def _judge(self, record: FlowRecord) -> Twice | str:
        then = judged_then(record)
        if then is None:
            return UNDECIDED
        assessed = self._assess(record, then)
        if isinstance(assessed, str):
            return assessed
        moment = moment_of(record, then)
        trusted = self._present.device(record).trusted and self._draft.device(record).trusted
        found = {
            Twice(self._present.treat(record, assessed[0], how, moment), self._draft.treat(record, assessed[1], how, moment))
            for how in circumstances_of(record, then.decided, trusted=trusted)
        }
        return _protected(record, then, found) or _only(found)

    def breaks(self, record: FlowRecord, purpose: Purpose) -> str:
        """What the catalogue says stops working without this destination; the draft's word counts first."""
        return self._draft.breaks(record, purpose) or self._present.breaks(record, purpose)

    def _assess(self, record: FlowRecord, then: Judged) -> tuple[Assessment, Assessment] | str:
        """What it is for, as each policy has it."""
        alike = self._is_alike(record)
        if then.purpose is not None and (then.purpose in _FIXED or (alike and not then.also)):
            recorded = assessment_of(record, then.purpose, then)
            return recorded, recorded
        before = self._present.classify(record)
        after = before if alike else self._draft.classify(record)
        if (before.purpose, before.also, before.match) != (after.purpose, after.also, after.match):
            return (before, after) if _agrees(before, then) else OTHER_KNOWLEDGE
        if then.purpose is None:
            return (before, before) if _agrees(before, then) else NO_MAIN
        recorded = assessment_of(record, then.purpose, then, match=before.match)
        return recorded, recorded


class _Standing(NamedTuple):
    """Of the evidence, what a policy says of the device."""

    profile: str
    vendor: str
    family: str
    media_bytes: int


class _Side:
    """One of the two policies."""

    def __init__(self, policy: Policy, present: Policy) -> None:
        self.policy = policy
        self._present = present
        self._devices: dict[tuple[str, str], tuple[Device, _Standing]] = {}
        self._treatments: dict[tuple[object, ...], Treatment] = {}
        self._rows: dict[str, Row] = {}

    def device(self, record: FlowRecord) -> Device:
        """What the policy says that it is."""
        return self._known(record)[0]

    def standing(self, record: FlowRecord) -> "_Standing":
        """What a classifier is told of the device."""
        return self._known(record)[1]

    def classify(self, record: FlowRecord) -> Assessment:
        """What it is for, by what this policy knows and the ledger kept."""
        return classify(self.policy.catalogue, line_of(record).evidence._replace(**self.standing(record)._asdict()))

    def treat(self, record: FlowRecord, assessment: Assessment, how: Circumstance, moment: Moment) -> Treatment:
        """What this policy makes of it."""
        device, subject = self.device(record), Subject(device=self.device(record), assessment=assessment, dns=how.dns)
        if not how.dns:
            opener, other = (how.peer, device) if how.inbound and how.peer else (device, how.peer)
            subject = Subject(
                device=opener,
                assessment=assessment,
                address=record.dst,
                port=record.dport,
                proto=record.proto,
                peer=other,
                inbound=how.inbound,
            )
        decision = judge_assessed(self.policy, subject, moment)
        what = (decision.purpose, decision.action, decision.effect, decision.rule, decision.would)
        key = (device.mac, device.profile, *what, how.peer is None)
        known = self._treatments.get(key)
        if known is None:
            if len(self._treatments) >= MAX_KEPT:
                self._treatments.clear()
            known = self._treatments[key] = treat(
                self.policy,
                device,
                purpose=decision.purpose,
                action=decision.action,
                effect=decision.effect,
                rule=str(decision.rule),
                bounded=how.peer is None,
                would=decision.would,
            )
        return known

    def breaks(self, record: FlowRecord, purpose: Purpose) -> str:
        """What the row of the catalogue that it is judged by says of that."""
        if not self._rows:
            self._rows = {row.source: row for row in _rows(self.policy.catalogue)}
        row = self._rows.get(self.classify(record).source)
        return row.breaks if row is not None and purpose in (row.purpose, *row.also) else ""

    def _known(self, record: FlowRecord) -> tuple[Device, _Standing]:
        place = (record.device, record.profile)
        known = self._devices.get(place)
        if known is None:
            if len(self._devices) >= MAX_KEPT:
                self._devices.clear()
            device = self._describe(Mac(record.device), record.profile)
            media_bytes = media_bytes_of(self.policy, device)
            standing = _Standing(device.profile, device.vendor, device.family, media_bytes)
            known = self._devices[place] = (device, standing)
        return known

    def _describe(self, mac: Mac, recorded: str) -> Device:
        """Of a device that no file names, the profile it was judged by – unless that is only what newcomers get."""
        policy, present = self.policy, self._present
        if (named := policy.devices.get(mac)) is not None:
            return named.device
        guessed = mac not in present.devices and recorded != present.newcomer_profile and recorded in policy.profiles
        profile = recorded if guessed else policy.newcomer_profile
        known = policy.profiles.get(profile)
        vendor, family = (known.device.vendor, known.device.family) if known else ("", "")
        return Device(mac=mac, id=mac, profile=profile, vendor=vendor, family=family)


_said = attrgetter(
    "device", "profile", "purpose", "main", "also", "mixed", "action", "effect", "rule", "names", "weighed", "server_name",
    "name_source", "app_proto", "alpn", "ech", "settled", "local", "lookup", "proto", "src", "dport",
)  # fmt: skip
"""All of a record that decides, but when it was, where it went, and how much it sent."""


_sent = attrgetter("bytes_toserver", "bytes_toclient", "judged_toserver", "judged_toclient")


def _names_addresses(policy: Policy) -> bool:
    """Whether an exception of it speaks of addresses: else one is as good as another."""
    entries = (*policy.devices.values(), *policy.profiles.values())
    return any(target.network for entry in entries for _, exemption in entry.exceptions for target in exemption.to)


def _agrees(found: Assessment, then: Judged) -> bool:
    """What is found now is what was found then. That it may have been mesh sharing, a policy says, not a catalogue."""
    if set(found.also) not in (set(then.also), set(then.also) - {Purpose.MESH_SHARING}):
        return False
    return then.decided in found.also if then.purpose is None else then.purpose is found.purpose


def _protected(record: FlowRecord, then: Judged, found: set[Twice]) -> Twice | None:
    """What no rule refused, but the gateway itself, because it could not be read: no policy changes that."""
    if record.rule != BUILT_IN.file or then.action is not Action.BLOCK or then.effect is Effect.PASS:
        return None
    if any(twice.before.rule == record.rule and not twice.before.passes for twice in found):
        return None
    kept = Treatment(then.decided, then.action, then.effect, record.rule)
    return Twice(kept, kept)


def _only(found: set[Twice]) -> Twice | str:
    """However it was, the same comes of it, or nothing changes; else nobody knows."""
    met = {(twice.before.met(), twice.after.met()) for twice in found}
    if len(met) == 1 or all(before == after for before, after in met):
        return min(found)
    return AT_HOME


def _rows(catalogue: Catalogue) -> Iterator[Row]:
    for table in (catalogue.names, catalogue.patterns, catalogue.ports, catalogue.protocols):
        for rows in table.values():
            yield from rows
