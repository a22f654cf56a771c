"""Viewings that nobody asked for in words: what opens them, how long they go on, and how much of them a device can have.

``panel``     a person says so, and says so again while they watch. No sign opens such a viewing, or makes it longer.
``home``      an owner's phone at home opened the vendor's live view (``phone``), and within seconds the camera wants to send.
              It goes on as long as that connection is used.
``evidence``  a command was heard on a control connection, and within seconds the camera wants to send; no report came first
              (``want``). Works away from home.
``bell``      the device called the name that it only calls when its bell is pressed (``press``): two minutes.

A rule's ``viewing:`` names the way; all but ``panel`` include ``home``. A device alone can do nothing about these two. The
others are signs of its own, which it could give whenever it likes: so what they open is bounded (``allotment``), for each hour.
No sign counts for a device that no file names: it may be anybody.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gateway.model.action import Action, Effect
from gateway.model.assessment import Catalogue
from gateway.model.device import Device, Mac
from gateway.model.event import Now
from gateway.model.moment import Grant
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.policy import rule_of
from gateway.purpose import Beginner

from .allotment import Allotments, Bound
from .flow import Flow
from .grants import Grants
from .look import MEDIA
from .phone import Call, Phones
from .press import Presses
from .roster import Roster
from .want import Until, Want, Wants

PANEL, HOME, EVIDENCE, BELL = "panel", "home", "evidence", "bell"
SIGNS = {"panel": (), "panel+home": (HOME,), "evidence": (HOME, EVIDENCE), "bell": (HOME, BELL)}
"""``viewing:`` of a rule -> the signs that open a viewing."""
OWN = (EVIDENCE, BELL)
"""Signs of the device's own."""
PHONE_FIRST_S = 20.0
"""The camera wants to send within this time after the phone called."""
SLACK_S = 2.0
"""A phone's call shows a second late, or two."""
QUIET_S = 120.0
"""A phone's connection that says nothing for so long is not used any more."""
IDLE_S = 30.0
"""Pictures that stop for so long have ended."""
PRESSED_S = 120.0
LENGTHS = 4
"""So many times its length a viewing at home goes on at most; then somebody opens the live view anew."""
EVIDENCE_PER_HOUR, PRESSES_PER_HOUR = 6, 10
STOPPED_S = 300.0
"""What a person ended is not opened again by a device's own signs for so long."""
HERE_EVERY_S = 5.0
UNSHOWN = 0.3
"""How sure the order of flows makes us, where nobody has shown it for such a device."""

class Terms(NamedTuple):
    """What may open a viewing of a device, and its length."""

    signs: tuple[str, ...]
    length_s: float


NOTHING = Terms((), 0.0)


class Turn(NamedTuple):
    """What a tick came to."""

    opened: tuple[Grant, ...] = ()
    asks: tuple[str, ...] = ()
    """Names whose addresses are to be asked for."""
    full: tuple[Mac, ...] = ()
    """Cameras whose signs open nothing more in this hour."""


class Viewings:
    """Opens and renews; what ends is the business of ``Grants``."""

    def __init__(self, roster: Roster, grants: Grants, policy: Policy, *, until: Until) -> None:
        """``until``: what the device of a flow did until a moment."""
        self._roster, self._grants, self._policy = roster, grants, policy
        self.phones = Phones(roster)
        self._allotments = Allotments()
        self._wants = Wants(until)
        self._presses = Presses()
        self._sent: dict[Mac, float] = {}
        """When pictures of a viewing were last seen to go out."""
        self._at_home: dict[Mac, str] = {}
        """Cameras that a phone views -> vendor."""
        self._stopped: dict[Mac, float] = {}
        self._full: dict[Mac, float] = {}
        """When it was last told that the hour is used up."""
        self._here: frozenset[str] = frozenset()
        self._here_at = float("-inf")
        self._adopt(policy)

    # What is heard.

    def hear(self, flow: Flow, now: Now) -> None:
        """A flow was judged, or is one more try of what was refused."""
        decision, device = flow.decision, flow.device
        if decision is None or flow.local or device.trusted:
            return
        if decision.action is Action.OWNER_ONLY and decision.effect is not Effect.PASS:
            if self._terms(device).signs:
                self._wants.note(flow, now)
        else:
            self._presses.hear(flow)

    def sent(self, flow: Flow, now: Now) -> None:
        """More of a flow went out, by the kernel's counters."""
        if flow.decision is not None and flow.decision.grant == "viewing":
            self._sent[flow.device.mac] = now.mono

    def walked(self, now: Now) -> None:
        """The whole table was seen."""
        self._wants.walked(now)
        self.phones.walked(now)

    def stopped(self, ended: Iterable[Grant], now: Now) -> None:
        """A person ended them."""
        for grant in ended:
            if grant.kind == "viewing" and grant.mac is not None:
                self._stopped[grant.mac] = now.mono
                self._wants.forget(grant.mac)

    def forget(self, mac: Mac) -> None:
        """A device that gave no sign, and was never opened."""
        self.phones.forget(mac)
        self._allotments.forget(mac)
        self._wants.forget(mac)
        self._presses.forget(mac)
        for table in (self._sent, self._at_home, self._stopped, self._full):
            table.pop(mac, None)
        self._here_at = float("-inf")

    def length_s(self, mac: Mac) -> float | None:
        """The length of a viewing, as the device's rules have it."""
        terms = terms_of(self._policy, self._roster.describe(mac))
        return terms.length_s if terms else None

    # What comes of it.

    def tick(self, policy: Policy, now: Now) -> Turn:
        """Renew what is used, open what signs speak for."""
        if policy is not self._policy:
            self._adopt(policy)
        self._wants.tick(now)
        self._end_calls()
        for grant in self._grants.in_force:
            self._renew(grant, now)
        full: list[Mac] = []
        opened = [*self._press(now), *self._look_at_wants(full, now)]
        eager = {self._roster.describe(mac).vendor for mac, _ in self._wants}
        return Turn(tuple(opened), self.phones.due(self._vendors(now), eager, now), tuple(full))

    def dump(self, now: Now) -> dict[str, Any]:
        """Plain values for ``state.json``."""
        return {"allotments": self._allotments.dump(at=now.mono)}

    def restore(self, dumped: Mapping[str, Any], now: Now) -> None:
        """The inverse of ``dump``."""
        self._allotments.restore(dumped.get("allotments", ()), at=now.mono)

    def _adopt(self, policy: Policy) -> None:
        self._policy = policy
        self.phones.adopt(policy.catalogue)
        self._presses.adopt(policy.catalogue)
        self._here_at = float("-inf")

    def _terms(self, device: Device) -> Terms:
        """What may open a viewing of it; nothing may where no file names it, or nothing of it is the owner's only."""
        found = terms_of(self._policy, device) if self._roster.is_named(device.mac) else None
        return found or NOTHING

    def _press(self, now: Now) -> Iterator[Grant]:
        bound = Bound(PRESSES_PER_HOUR, PRESSES_PER_HOUR * PRESSED_S)
        for flow in self._presses.take():
            mac, terms = flow.device.mac, self._terms(self._roster.describe(flow.device.mac))
            if BELL not in terms.signs or self._is_held_back(mac, now) or flow.assessment is None:
                continue
            if not self._allotments.left_s(mac, BELL, bound, at=now.mono):
                continue
            self._allotments.begin(mac, BELL, at=now.mono)
            name = flow.assessment.name.text if flow.assessment.name else flow.assessment.match
            because = f"the bell was pressed, since it called {name}"
            until = now.mono + min(PRESSED_S, terms.length_s)
            yield from self._open(mac, BELL, because, until=until, confidence=flow.assessment.confidence, now=now)

    def _look_at_wants(self, full: list[Mac], now: Now) -> Iterator[Grant]:
        for mac, want in self._wants:
            device = self._roster.describe(mac)
            terms, viewing = self._terms(device), self._grants.viewing(mac)
            if viewing is not None and viewing.by not in OWN:  # what rests on its own signs, a phone at home takes over
                continue
            call = self._call_for(device, want, now) if HOME in terms.signs else None
            if call is not None:
                yield from self._open_at_home(device, call, terms, now)
            elif viewing is None and EVIDENCE in terms.signs and not self._is_held_back(mac, now):
                story = self._wants.story(want, now)
                if story.by is Beginner.VIEWER:
                    yield from self._open_by_evidence(device, story.reason, terms, full=full, now=now)

    def _call_for(self, device: Device, want: Want, now: Now) -> Call | None:
        """The call of an owner's phone that this camera seems to answer."""
        since = max(now.mono - PHONE_FIRST_S, self._stopped.get(device.mac, float("-inf")))
        fresh = (call for call in self.phones.calls(device.vendor) if not call.spent and call.began >= since)
        return next((call for call in fresh if want.last >= call.began - SLACK_S), None) if device.vendor else None

    def _open_at_home(self, device: Device, call: Call, terms: Terms, now: Now) -> Iterator[Grant]:
        phone = self._roster.describe(call.mac).id
        because = f"{phone} opened the live view at home ({call.place.name}, {now.mono - call.began:.0f} s before)"
        until = now.mono + min(QUIET_S, terms.length_s)
        self._at_home[device.mac] = device.vendor
        yield from self._open(device.mac, HOME, because, until=until, confidence=call.place.confidence, now=now)

    def _open_by_evidence(self, device: Device, because: str, terms: Terms, *, full: list[Mac], now: Now) -> Iterator[Grant]:
        mac = device.mac
        left_s = self._allotments.left_s(mac, EVIDENCE, _bound(terms), at=now.mono)
        if left_s < 1.0:
            if now.mono - self._full.get(mac, float("-inf")) >= terms.length_s:
                self._full[mac] = now.mono
                full.append(mac)
            return
        self._allotments.begin(mac, EVIDENCE, at=now.mono)
        self._sent.pop(mac, None)
        confidence = _order_confidence(self._policy.catalogue, device)
        until = now.mono + min(IDLE_S, left_s)
        yield from self._open(mac, EVIDENCE, because, until=until, confidence=confidence, now=now)

    def _open(self, mac: Mac, by: str, because: str, *, until: float, confidence: float, now: Now) -> Iterator[Grant]:
        before = self._grants.viewing(mac)
        if before is not None and (before.by not in OWN or before.by == by):
            if before.by == by and until > before.until:
                self._grants.renew(before, until)
            return
        grant = Grant(
            kind="viewing",
            mac=mac,
            purpose=Purpose.VIDEO,
            until=until,
            since=now.mono,
            by=by,
            because=f"{because} (confidence {confidence:.2f})",
            confidence=confidence,
        )
        try:
            self._grants.open(grant)
        except ValueError:  # there are too many: it stays closed
            return
        self._wants.forget(mac)
        yield grant

    def _renew(self, grant: Grant, now: Now) -> None:
        if grant.kind != "viewing" or grant.mac is None:
            return
        terms, until = self._terms(self._roster.describe(grant.mac)), grant.until
        if grant.by == HOME:
            self._at_home[grant.mac] = vendor = self._roster.describe(grant.mac).vendor
            used = max((call.used for call in self.phones.calls(vendor)), default=float("-inf"))
            until = min(used + min(QUIET_S, terms.length_s), grant.since + LENGTHS * terms.length_s)
        elif grant.by == EVIDENCE:
            self._allotments.go_on(grant.mac, at=min(now.mono, grant.until))
            rest_s = self._allotments.rest_s(grant.mac, EVIDENCE, _bound(terms), at=now.mono)
            until = min(self._sent.get(grant.mac, float("-inf")) + IDLE_S, now.mono + rest_s)
        if until > grant.until:
            self._grants.renew(grant, until)

    def _end_calls(self) -> None:
        """A phone's call is good for one viewing."""
        for mac, vendor in list(self._at_home.items()):
            viewing = self._grants.viewing(mac)
            if viewing is None or viewing.by != HOME:
                del self._at_home[mac]
                for call in self.phones.calls(vendor):
                    call.spent = True

    def _is_held_back(self, mac: Mac, now: Now) -> bool:
        return now.mono - self._stopped.get(mac, float("-inf")) < STOPPED_S

    def _vendors(self, now: Now) -> frozenset[str]:
        """Of cameras that a phone at home may open: none where nobody owns a phone."""
        if now.mono - self._here_at >= HERE_EVERY_S:
            self._here_at = now.mono
            owned = any(entry.device.trusted and entry.device.owner for entry in self._policy.devices.values())
            devices = (member.device for member in self._roster.members.values()) if owned else ()
            self._here = frozenset(device.vendor for device in devices if device.vendor and HOME in self._terms(device).signs)
        return self._here


def terms_of(policy: Policy, device: Device) -> Terms | None:
    """By the rule for its pictures, else for its sound; None where neither is the owner's only."""
    for purpose in MEDIA:
        rule = rule_of(policy, device, purpose)
        if rule.action is Action.OWNER_ONLY and not device.trusted:
            return Terms(SIGNS.get(rule.viewing, ()), rule.viewing_s)
    return None


def _bound(terms: Terms) -> Bound:
    """In an hour as long as one viewing, however often."""
    return Bound(EVIDENCE_PER_HOUR, terms.length_s)


def _order_confidence(catalogue: Catalogue, device: Device) -> float:
    """What was shown of the order for this kind of device."""
    shown = (hint for hint in catalogue.hints if hint.kind == "order" and hint.purpose is Purpose.VIDEO)
    return max((hint.confidence for hint in shown if device.profile in hint.devices), default=UNSHOWN)
