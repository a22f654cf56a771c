"""Owners' phones at home: whether one of them has just opened a vendor's live view.

A phone is trusted: nothing that it sends is queued, read or written down. What shows is the kernel's table of connections. Of
those that nobody was asked about, and that come from the address which an owner's phone was leased, some are kept: those to an
address that our resolver gives for a name with ``tells: viewing`` in the catalogue. All else about a phone is passed over. A
gadget has no such connections: all of its own bear a mark.

Not seen: live views of vendors for which nobody has shown such a name; of phones that ask another resolver and were given other
addresses; over IPv6, where an address does not say whose it is. Seen wrongly: another service behind the same address. And the
phone does not say which of the vendor's cameras it wants.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.model.assessment import Catalogue
from gateway.model.device import Mac
from gateway.model.event import Counter, Now
from gateway.model.packet import FlowKey

from .roster import Roster

ASK_EVERY_S = 300.0
"""So often our resolver is asked where the live view of a vendor is."""
ASK_AGAIN_S = 5.0
"""And so often, while a camera wants to send: our resolver remembers what it told the phone."""
KEPT_S = 3_600.0
"""An address that was not named for so long leads there no more."""
MAX_ADDRESSES, MAX_CALLS = 512, 256
COARSE_S = 5.0
"""Where the last look at the table is longer ago, nobody can say when a connection began."""
BOUND = 0.9
"""Worth of a name that is only known by the address it leads to."""


class Place(NamedTuple):
    """A name that tells of viewing."""

    name: str
    vendor: str
    confidence: float
    """That whoever opens it views."""


class Known(NamedTuple):
    """An address that such a name leads to."""

    place: Place
    since: float
    """From when on it was looked for, monotonic seconds,"""
    named: float
    """and when it was named last."""


@dataclass(slots=True, kw_only=True)
class Call:
    """A phone's connection to such a place."""

    mac: Mac
    place: Place
    began: float
    """Monotonic seconds; minus infinity where it may have been there for long."""
    used: float
    """When it was last seen to grow."""
    size: int
    seen: bool = True
    spent: bool = False
    """It has opened a viewing, and that has ended: it opens no other."""


class Phones:
    """The calls of owners' phones, as the connection table shows them."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._places: dict[str, Place] = {}
        self._asked: dict[str, float] = {}
        self.looked_for: dict[bytes, Known] = {}
        """By address."""
        self._calls: dict[FlowKey, Call] = {}
        self._walks = (float("-inf"), float("-inf"))
        """When the walks before this one ended, latest last."""

    def adopt(self, catalogue: Catalogue) -> None:
        """The names that tell of viewing."""
        self._places = {place.name: place for place in places_of(catalogue)}
        for address in [address for address, known in self.looked_for.items() if known.place.name not in self._places]:
            del self.looked_for[address]

    def due(self, vendors: Container[str], eager: Container[str], now: Now) -> tuple[str, ...]:
        """The names to be asked for now: of vendors whose cameras are here; more often of ``eager`` ones, that want to send."""
        found = []
        for name, place in self._places.items():
            every_s = ASK_AGAIN_S if place.vendor in eager else ASK_EVERY_S
            if place.vendor in vendors and now.mono - self._asked.get(name, float("-inf")) >= every_s:
                self._asked[name] = now.mono
                found.append(name)
        return tuple(found)

    def learn(self, name: str, addresses: Iterable[bytes], now: Now) -> None:
        """Our resolver said where a name leads."""
        place = self._places.get(name)
        if place is None:
            return
        for address in addresses:
            before = self.looked_for.pop(address, None)
            since = before.since if before is not None and now.mono - before.named <= KEPT_S else now.mono
            self.looked_for[address] = Known(place, since, now.mono)
            if len(self.looked_for) > MAX_ADDRESSES:
                del self.looked_for[next(iter(self.looked_for))]

    def see(self, counter: Counter, now: Now) -> None:
        """A connection that is nobody's flow. Most are passed over at once."""
        known = self.looked_for.get(counter.key.dst)
        if known is None or counter.mark or now.mono - known.named > KEPT_S:
            return
        member = self._roster.by_address(counter.key.src)
        if member is None or not member.device.trusted or not member.device.owner or counter.key.src not in member.leases:
            return
        size = counter.bytes_out + counter.bytes_in
        call = self._calls.get(counter.key)
        if call is None or size < call.size:  # the ports are used again
            began = now.mono if self._is_fresh(known, now) else float("-inf")
            call = Call(mac=member.device.mac, place=known.place, began=began, used=now.mono, size=size)
            self._keep(counter.key, call)
        elif size > call.size:
            call.used, call.size = now.mono, size
        call.seen = True

    def walked(self, now: Now) -> None:
        """The whole table was seen: calls that were not in it are over."""
        self._walks = self._walks[1], now.mono
        self._calls = {key: call for key, call in self._calls.items() if call.seen}
        for call in self._calls.values():
            call.seen = False

    def forget(self, mac: Mac) -> None:
        """It is nobody's phone."""
        self._calls = {key: call for key, call in self._calls.items() if call.mac != mac}

    def calls(self, vendor: str) -> Iterator[Call]:
        """Those to a vendor, latest first."""
        found = (call for call in self._calls.values() if call.place.vendor == vendor)
        return iter(sorted(found, key=lambda call: call.began, reverse=True))

    def _is_fresh(self, known: Known, now: Now) -> bool:
        """The last walk would have shown it: its address was looked for since that began."""
        before, last = self._walks
        return known.since <= before and now.mono - last <= COARSE_S

    def _keep(self, key: FlowKey, call: Call) -> None:
        self._calls[key] = call
        if len(self._calls) > MAX_CALLS:
            del self._calls[next(iter(self._calls))]


def places_of(catalogue: Catalogue) -> Iterator[Place]:
    """The names that a live view is opened by, where they are whole: nobody can ask for a pattern."""
    for rows in catalogue.names.values():
        for row in rows:
            if row.tells == "viewing":
                yield Place(row.match, row.vendor, round(row.confidence * BOUND, 2))
