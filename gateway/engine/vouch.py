"""Names are checked, not believed: a hello may call itself anything.

A name counts for an address if our resolver gave that address for it, or for a sibling of the same owner, to anybody within a
week (``binding``). Else our resolver is asked while the packet is held. What nobody vouches for is a ``direct-address`` that
claims a name. And a name that a device did not ask for is judged together with its *rivals*, by the strictest of them all: the
names that it did ask for at this address, and those it was refused there a moment ago.

Only what would pass is checked, and only names that a query of the device's own would have been let out for are asked about:
our questions carry nothing out that the device could not have asked itself.
"""

import re
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from gateway.model.action import Effect
from gateway.model.assessment import Assessment, Evidence
from gateway.model.command import Command, ResolveName
from gateway.model.decision import Decision
from gateway.model.event import NameResolved, Now, PacketSeen
from gateway.model.name import Name, NameSource
from gateway.model.purpose import Purpose

from .binding import Bindings
from .flow import Flow
from .judge import judge
from .state import State
from .waiting import Waiter, Waiting

ANSWER_KEPT_S = 30.0
"""A name that was asked for is not asked for again so soon: the same device tries the same thing a thousand times."""
SILENCE_KEPT_S = 1.0
"""Where no address came: the resolver may only have been slow, and its late answer is learnt too."""
MAX_ANSWERS = 1_024
QUESTIONS_PER_MINUTE = 30
"""For one device: it has a resolver of its own to ask, and ours is no way out."""
MAX_ASKERS = 512
REFUSED_KEPT_S = 60.0
MAX_REFUSED = 4_096
MAX_REFUSED_NAMES = 8
MAX_RIVALS = 64
"""More than one hello can say in all readings."""

_ASKABLE = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?!\d+\Z)[a-z0-9-]{2,63}").fullmatch
"""Names as hosts have them (RFC 1123, and the underscore): no address literal, nothing unprintable, no single label."""


class Standing(Enum):
    """How much a claimed name is worth."""

    VOUCHED = "vouched"
    ASK_RESOLVER = "ask"
    MISMATCH = "mismatch"


Judged = tuple[Assessment, Decision]


class Claim(NamedTuple):
    """What a flow's own bytes say, and where."""

    names: tuple[str, ...]
    """The first is the one that counts."""
    bound: tuple[str, ...]
    """The names that DNS gave this very device for the address."""
    device: str
    address: bytes
    port: int

    @property
    def name(self) -> str:
        """The name that counts."""
        return self.names[0]


def standing(claim: Claim, bindings: Bindings, *, at: float) -> Standing:
    """As far as is known now; ``ASK_RESOLVER`` where an answer of our resolver could change it."""
    if claim.name in claim.bound or bindings.vouched(claim.name, claim.address, at=at):
        return Standing.VOUCHED
    return Standing.ASK_RESOLVER if _ASKABLE(claim.name) else Standing.MISMATCH


def rivals(claim: Claim, refused: tuple[str, ...]) -> tuple[str, ...]:
    """The other names to judge by; ``refused``: those that this device was refused there a moment ago.

    None where DNS gave this very device the address for this name, so that an allowed neighbour at a shared address is not
    hurt; but what the hello itself says beside its first name always counts.
    """
    others = claim.names if claim.name in claim.bound else (*claim.names, *claim.bound, *refused)
    return tuple(dict.fromkeys(other for other in others if other != claim.name))[:MAX_RIVALS]


def strictest(judged: Iterable[Judged]) -> Judged:
    """The judgement that lets out least; among equals the first."""
    return max(judged, key=lambda one: _severity(one[1]))


def _severity(decision: Decision) -> tuple[bool, int, float]:
    """Refused before let out, then the stricter action, then the smaller budget."""
    return decision.effect is not Effect.PASS, decision.action.strictness, -(decision.budget_bytes or float("inf"))


class Vouch:
    """Judges flows that name themselves."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._waiting = Waiting()
        self._answered: OrderedDict[str, float] = OrderedDict()
        """Name -> until when it is not asked for again."""
        self._asked_by: OrderedDict[str, deque[float]] = OrderedDict()
        """Device -> when it last made us ask."""
        self._refused: OrderedDict[tuple[str, bytes, int], dict[str, float]] = OrderedDict()
        """(Device, address, port) -> the names it was refused there."""
        self._lenient_until = float("-inf")
        state.keepers.append(self._forget_device)

    def begin(self, now: Now, *, grace_s: float) -> None:
        """The gateway starts. Without saved bindings nobody can be vouched for: mismatches are told, and pass, for a while."""
        self._lenient_until = now.mono + grace_s if grace_s and not len(self._state.bindings) else float("-inf")

    def judge(self, flow: Flow, evidence: Evidence, now: Now, *, may_ask: bool = True) -> Judged | None:
        """What the flow is for and what happens to it; None: our resolver is to be asked first (``wait``).

        What the judgement rests on stands in ``flow.evidence``: what was given, or what is left of it.
        """
        before, flow.evidence = flow.evidence, evidence
        judged = self._judge(flow, evidence, now, may_ask=may_ask)
        if judged is None:
            flow.evidence = before
        return judged

    def _judge(self, flow: Flow, evidence: Evidence, now: Now, *, may_ask: bool) -> Judged | None:
        judged = self._state.judge(evidence, flow, now)
        if not evidence.names or evidence.names[0].source is NameSource.DNS or flow.local or flow.device.trusted:
            return judged
        if judged[1].effect is Effect.PASS and _is_everyday(evidence.names):
            return self._beside_refused(judged, flow, now)
        claim = _claim(flow, evidence)
        if judged[1].effect is Effect.PASS:
            worth = Standing.VOUCHED if _was_let_out(flow, claim) else standing(claim, self._state.bindings, at=now.mono)
            if worth is Standing.ASK_RESOLVER and may_ask and self._may_ask(flow, claim, now):
                return None
            judged = self._among_rivals(judged, claim, flow, evidence, now)
            if worth is not Standing.VOUCHED:
                judged = self._mismatch(judged, claim, flow, evidence, now)
        if judged[1].effect is Effect.PASS:
            return self._beside_refused(judged, flow, now)
        self._note_refused(claim, now)
        return judged

    def wait(self, flow: Flow, event: PacketSeen, now: Now) -> list[Command]:
        """The flow waits until our resolver was asked for its name. Its packets are the caller's to hold."""
        name = flow.facts.names[0].text
        return [ResolveName(name)] if self._waiting.join(flow, event, name, at=now.mono) else []

    def holds(self, flow: Flow) -> bool:
        """Does it wait? Then there is nothing to be learnt from its packets."""
        return self._waiting.holds(flow)

    def resolved(self, event: NameResolved, now: Now) -> list[Waiter]:
        """Our resolver answered: who can be judged now (``may_ask=False``)."""
        if event.addresses:
            self._state.bindings.learn(event.name, event.addresses, at=now.mono)
        self._answered[event.name] = now.mono + (ANSWER_KEPT_S if event.addresses else SILENCE_KEPT_S)
        self._answered.move_to_end(event.name)
        if len(self._answered) > MAX_ANSWERS:
            self._answered.popitem(last=False)
        return self._waiting.leave(event.name)

    def expire(self, now: Now) -> list[Waiter]:
        """Who has waited long enough: they are judged by what is known (``may_ask=False``)."""
        return self._waiting.expire(now.mono)

    def forget(self, flow: Flow) -> None:
        """The flow waits no longer: it was judged, or given up."""
        self._waiting.forget(flow)

    def _may_ask(self, flow: Flow, claim: Claim, now: Now) -> bool:
        """Whether a question is due, allowed and affordable; takes it from the device's allowance."""
        if self._waiting.asks(claim.name):
            return self._waiting.has_room or self._waiting.holds(flow)
        if self._answered.get(claim.name, now.mono) > now.mono or not self._waiting.has_room_for_names:
            return False
        if not self._would_resolve(flow, claim, now) or not self._affords(claim.device, now):
            return False
        # What we ask in its place is said by the device too.
        return not self._state.tunnels.take(claim.device, claim.name, claim.name.encode(), at=now.mono)

    def _would_resolve(self, flow: Flow, claim: Claim, now: Now) -> bool:
        """Would the device's own query for this name be let out?"""
        device = flow.device
        asked = Evidence(
            profile=device.profile,
            vendor=device.vendor,
            family=device.family,
            names=(Name(claim.name, NameSource.DNS),),
        )
        _, decision = judge(self._state.policy, device=device, evidence=asked, moment=self._state.moment(now), dns=True)
        return decision.effect is Effect.PASS

    def _forget_device(self, device: str) -> None:
        self._asked_by.pop(device, None)
        for place in [place for place in self._refused if place[0] == device]:
            del self._refused[place]

    def _affords(self, device: str, now: Now) -> bool:
        times = self._asked_by.setdefault(device, deque(maxlen=QUESTIONS_PER_MINUTE))
        if len(self._asked_by) > MAX_ASKERS:
            self._asked_by.popitem(last=False)
        if len(times) == QUESTIONS_PER_MINUTE and now.mono - times[0] < 60.0:
            return False
        times.append(now.mono)
        return True

    def _among_rivals(self, judged: Judged, claim: Claim, flow: Flow, evidence: Evidence, now: Now) -> Judged:
        """The strictest purpose counts of all names that this may be."""
        others = rivals(claim, self._refused_names(claim, now))
        if not others:
            return judged
        alone = (evidence._replace(names=(Name(other, NameSource.DNS),)) for other in others)
        weighed = [(judged, evidence), *((self._state.judge(one, flow, now), one) for one in alone)]
        found = strictest(one for one, _ in weighed)
        flow.evidence = next(rests_on for one, rests_on in weighed if one is found)
        assessment, decision = found
        reason = f"it says {claim.name}, but could as well be {_list(others)}: the stricter counts"
        return replace(assessment, reasons=(reason, *assessment.reasons)), decision

    def _beside_refused(self, judged: Judged, flow: Flow, now: Now) -> Judged:
        """An allowed neighbour of what was refused passes, since DNS led there; what was refused a moment ago is told."""
        names = self._refused.get((flow.device.mac, flow.key.dst, flow.key.dport))
        if not names:
            return judged
        ages = {name: now.mono - at for name, at in names.items() if name != flow.facts.names[0].text}
        told = tuple(f"said {name} there {age:.0f} s ago and was refused" for name, age in ages.items() if age < REFUSED_KEPT_S)
        assessment, decision = judged
        return replace(assessment, reasons=(*assessment.reasons, *told)), decision

    def _mismatch(self, judged: Judged, claim: Claim, flow: Flow, evidence: Evidence, now: Now) -> Judged:
        """Nobody vouches for the name: it is told, and counts for nothing – in the first minutes of a new gateway only told."""
        reason = f"it calls itself {claim.name}, but our resolver gave no such address for that name"
        if now.mono < self._lenient_until:
            reason = f"{reason} (let be for now: this gateway has not watched for long)"
        elif judged[1].effect is Effect.PASS:
            flow.evidence = evidence._replace(names=(), settled=Purpose.DIRECT_ADDRESS)
            judged = self._state.judge(flow.evidence, flow, now)
        assessment, decision = judged
        return replace(assessment, reasons=(reason, *assessment.reasons)), decision

    def _note_refused(self, claim: Claim, now: Now) -> None:
        place = (claim.device, claim.address, claim.port)
        names = self._refused.setdefault(place, {})
        names[claim.name] = now.mono
        self._refused.move_to_end(place)
        if len(names) > MAX_REFUSED_NAMES:
            del names[min(names, key=names.__getitem__)]
        if len(self._refused) > MAX_REFUSED:
            self._refused.popitem(last=False)

    def _refused_names(self, claim: Claim, now: Now) -> tuple[str, ...]:
        names = self._refused.get((claim.device, claim.address, claim.port), {})
        return tuple(name for name, at in names.items() if now.mono - at < REFUSED_KEPT_S)


def _is_everyday(names: tuple[Name, ...]) -> bool:
    """The flow says one name, and DNS gave this very device the address for it: nothing is left to check."""
    return len(names) > 1 and names[1].source is NameSource.DNS and names[0].text in [name.text for name in names[1:]]


def _claim(flow: Flow, evidence: Evidence) -> Claim:
    own = tuple(name.text for name in evidence.names if name.source is not NameSource.DNS)
    bound = tuple(name.text for name in evidence.names if name.source is NameSource.DNS)
    return Claim(own, bound, flow.device.mac, flow.key.dst, flow.key.dport)


def _was_let_out(flow: Flow, claim: Claim) -> bool:
    """By this very name, when it began: a connection keeps its name whatever is forgotten meanwhile."""
    before = flow.assessment.name if flow.assessment is not None else None
    passed = flow.decision is not None and flow.decision.effect is Effect.PASS
    return passed and before is not None and before.text == claim.name and before.source is not NameSource.DNS


def _list(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
