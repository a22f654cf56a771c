"""Who the devices are: guesses for all of them, and a profile for those that no file names.

What is heard is looked at in the ticks, so much in each; a guess is weighed anew at most once a second for a device. A sure one
(0.8) gives a device that nobody has named its profile, unless it is still being set up. It keeps it until another is sure, and
whoever says something else all the time changes it a few times, then once an hour. A device that a file names keeps the profile
of the file: where it surely looks like somebody else's, that is told, and nothing is done about it.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gateway.identity import Index
from gateway.model.device import Mac
from gateway.model.event import LeaseGiven, Now
from gateway.model.identity import Clue, Guess, Signal
from gateway.model.policy import SET_UP, Policy, Regime
from gateway.wire.tls import ClientHello

from .impression import Acquaintance
from .roster import Member, Roster
from .set_up import SetUps
from .share import Shares

LOOKS_PER_TICK = 40
"""Clues looked up in one tick, 5 to 50 µs each; every device in its turn."""
WEIGHED_PER_TICK = 300
"""Clues that guesses are weighed from in one tick, some 10 µs each."""
GUESS_EVERY_S = 1.0
CHANGES, CHANGES_PER_S = 4, 1 / 3_600.0
"""Of a device's profile by guessing, and eight times that of all that no file names: each begins a new epoch."""
MAX_STRANGERS, MAX_SAID = 64, 16
"""Devices that asked for an address and have none yet, and what is kept of each."""
CHECK_EVERY_S, TOLD_AGAIN_AFTER_S = 10.0, 86_400.0
"""How often it is seen whether devices still are what they were, and how often the same one is told of."""
_GUESSING = (Regime.GUIDED, Regime.CAREFUL)
_SIGNALS = {signal.value: signal for signal in Signal}


class Turn(NamedTuple):
    """What a tick came to."""

    changed: frozenset[Mac] = frozenset()
    """Devices that have another profile now."""
    told: frozenset[Mac] = frozenset()
    """Devices of which there is something new to be shown."""
    misfits: tuple[tuple[Mac, str], ...] = ()
    """Devices that surely look like somebody else's, and a sentence about each."""


class Acquaintances:
    """All devices but trusted ones. ``live``: False in a replay, where nobody is new."""

    def __init__(self, roster: Roster, policy: Policy, set_ups: SetUps, *, live: bool = True) -> None:
        self._roster, self._policy, self._live = roster, policy, live
        self._index: Index | None = None
        self.set_ups = set_ups
        self._known: dict[Mac, Acquaintance] = {}
        self._strangers: OrderedDict[Mac, list[Clue]] = OrderedDict()
        self._waiting: OrderedDict[Mac, None] = OrderedDict()
        """There is something to look at."""
        self._stale: dict[Mac, None] = {}
        """There is something to weigh."""
        self._changes = Shares(roster.is_named, burst=CHANGES, per_s=CHANGES_PER_S)
        self._told_at: dict[Mac, float] = {}
        self._checked_at = float("-inf")

    def begin(self, saved: Mapping[str, Any], now: Now) -> bool:
        """The gateway starts; True if what was judged before does not hold any more."""
        dumped = saved.get("acquaintances")
        if dumped is None and not saved.get("devices"):
            self.set_ups.begin(now)
        if self._live:
            self._rows()  # no packet shall wait for that
        ended = self.set_ups.restore(dumped["set_ups"], now) if dumped else False
        rows = dumped["devices"] if dumped else {}
        for mac, member in self._roster.members.items():
            if self._live and not member.device.trusted:
                self._restore(member, rows.get(mac, {}), now)
        return ended

    def meet(self, member: Member, now: Now) -> None:
        """Somebody joined."""
        mac = member.device.mac
        if not self._live or member.device.trusted:
            return
        self._get_to_know(mac, self._strangers.pop(mac, ()))
        guided = self._policy.new_devices is Regime.GUIDED and SET_UP in self._policy.profiles
        if guided and not self._roster.is_named(mac) and self.set_ups.join(mac, now):
            self._settle(mac)

    def hear(self, mac: Mac, clue: Clue) -> None:
        """A device said something. Cheap: it is looked at later."""
        known = self._known.get(mac)
        if known is not None:
            if known.hear(clue):
                self._waiting[mac] = None
        elif self._live and mac not in self._roster.members:
            said = self._strangers.setdefault(mac, [])
            if len(said) < MAX_SAID:
                said.append(clue)
            if len(self._strangers) > MAX_STRANGERS:
                self._strangers.popitem(last=False)

    def greet(self, mac: Mac, hello: ClientHello, now: Now) -> None:
        """A device greeted a server. Cheap: its fingerprint is taken later, and only while nobody has said what it is."""
        known = self._known.get(mac)
        if known is not None and not self._roster.is_named(mac) and known.greet(hello, now.mono):
            self._waiting[mac] = None

    def lease(self, event: LeaseGiven, now: Now) -> None:
        """It got an address, and said its name."""
        known = self._known.get(event.mac)
        if known is None:
            return
        if event.restarted and known.begin_anew(now.mono):
            self._waiting[event.mac] = None
        for clue in _said(event.hostname, event.vendor_class, now.mono):
            self.hear(event.mac, clue)

    def part(self, mac: Mac) -> None:
        """It left: it is a stranger when it comes again."""
        self.set_ups.end(mac)
        self._roster.assign(mac, "")
        for table in (self._known, self._waiting, self._stale, self._told_at):
            table.pop(mac, None)

    def forget(self, mac: Mac) -> None:
        """It was never heard of."""
        self.part(mac)
        self._strangers.pop(mac, None)
        self._changes.forget(mac)

    def adopt(self, policy: Policy) -> None:
        """Another policy: other rows, profiles, regime; devices may be named or trusted by now, or not any more."""
        before, self._policy = self._policy, policy
        if not self._live:
            return
        if policy.identity != before.identity:
            self._index = None
            for mac, known in self._known.items():
                known.use(self._rows())
                self._waiting[mac] = None
        for mac, member in self._roster.members.items():
            if member.device.trusted:
                self.part(mac)
            elif mac not in self._known:
                self._get_to_know(mac, _said(member.hostname, member.vendor_class, 0.0))
            self._settle(mac)

    def tick(self, now: Now) -> Turn:
        """Look, weigh, and end what has run out."""
        self._look()
        revised = self._weigh(now)
        over = self.set_ups.expire(now)
        changed = frozenset(mac for mac in (*revised, *over) if self._settle(mac))
        return Turn(changed, frozenset(revised) | changed, tuple(self._check(now)))

    def guess(self, mac: Mac) -> Guess | None:
        """Whose a device is; None for those that nobody guesses about."""
        known = self._known.get(mac)
        return known.guess if known is not None else None

    def dump(self, now: Now) -> dict[str, Any]:
        """Plain values for ``state.json``."""
        rows = {mac: {"said": known.dump(), "profile": known.profile} for mac, known in self._known.items()}
        return {"set_ups": self.set_ups.dump(now), "devices": {mac: row for mac, row in rows.items() if any(row.values())}}

    def _restore(self, member: Member, row: Mapping[str, Any], now: Now) -> None:
        known = self._get_to_know(member.device.mac)
        said = [Clue(_SIGNALS[signal], value, now.mono) for signal, value in row.get("said", ()) if signal in _SIGNALS]
        known.restore((*said, *_said(member.hostname, member.vendor_class, now.mono)), now.mono)
        known.profile, known.vendor = row.get("profile", ""), known.guess.vendor if known.guess.sure else ""
        self._settle(member.device.mac)

    def _get_to_know(self, mac: Mac, said: Iterable[Clue] = ()) -> Acquaintance:
        known = self._known[mac] = Acquaintance(mac, self._rows())
        self._waiting[mac] = None  # its address says something
        for clue in said:
            known.hear(clue)
        return known

    def _rows(self) -> Index:
        if self._index is None:
            self._index = Index(self._policy.identity)
        return self._index

    def _look(self) -> None:
        for _ in range(LOOKS_PER_TICK):
            if not self._waiting:
                return
            mac, _ = self._waiting.popitem(last=False)
            impression = self._known[mac].impression
            if impression.waits and impression.look():
                self._stale[mac] = None
            if impression.waits:
                self._waiting[mac] = None

    def _weigh(self, now: Now) -> list[Mac]:
        """Devices with another guess than before."""
        room, revised = WEIGHED_PER_TICK, []
        for mac in list(self._stale):
            known = self._known[mac]
            if now.mono - known.looked_at < GUESS_EVERY_S:
                continue
            if room <= 0:
                break
            room -= known.impression.weight
            del self._stale[mac]
            if known.revise(now.mono):
                revised.append(mac)
                self._take_over(known, mac, now)
        return revised

    def _take_over(self, known: Acquaintance, mac: Mac, now: Now) -> None:
        """A sure guess gives a profile, until another one is sure."""
        found = known.guess
        if found.sure and found.profile not in ("", known.profile) and self._changes.take(mac, at=now.mono):
            known.profile = found.profile

    def _settle(self, mac: Mac) -> bool:
        """Give a device the profile that it has by now; True if it is another one than before."""
        return self._roster.assign(mac, self._profile_of(mac))

    def _profile_of(self, mac: Mac) -> str:
        policy = self._policy
        if policy.new_devices not in _GUESSING:
            return ""
        if mac in self.set_ups and policy.new_devices is Regime.GUIDED and SET_UP in policy.profiles:
            return SET_UP
        known = self._known.get(mac)
        return known.profile if known is not None and known.profile in policy.profiles else ""

    def _check(self, now: Now) -> Iterator[tuple[Mac, str]]:
        """Devices that surely look like somebody else's, and what there is to say of them, once a day."""
        if now.mono - self._checked_at < CHECK_EVERY_S:
            return
        self._checked_at = now.mono
        for mac, known in self._known.items():
            if known.guess.sure:
                what = self._misfit(mac, known)
                known.vendor = known.guess.vendor
                if what and now.mono - self._told_at.get(mac, float("-inf")) >= TOLD_AGAIN_AFTER_S:
                    self._told_at[mac] = now.mono
                    yield mac, what

    def _misfit(self, mac: Mac, known: Acquaintance) -> str:
        """A file says what it is, or it looked like another vendor's before."""
        device, named = self._roster.describe(mac), self._roster.is_named(mac)
        expected, found = device.vendor if named else known.vendor, known.guess
        if not expected or self._is_of_the_house(expected, found.vendor):
            return ""
        was = f"is {device.profile} by {self._policy.devices[mac].ref}" if named else f"looked like {expected}"
        return f"{device.id} {was}, and looks like {found.vendor} now ({found.reasons[0]}): is it still what it was?"

    def _is_of_the_house(self, one: str, other: str) -> bool:
        """The same vendor; a house and its brand carry the same prefixes, and are not told apart for sure."""
        houses = self._policy.identity.houses
        return houses.get(one, one) == houses.get(other, other)


def _said(hostname: str, vendor_class: str, at: float) -> list[Clue]:
    """What a lease says of its device."""
    said = ((Signal.HOSTNAME, hostname), (Signal.VENDOR_CLASS, vendor_class))
    return [Clue(signal, value, at) for signal, value in said if value]
