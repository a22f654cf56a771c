"""What the kernel was told to refuse by itself, as long as it does: bounded, since its sets serve the whole home.

A device that tries thousands of destinations would fill them, and then nobody's tries were remembered. So it has a few hundred
places, and all devices that nobody has named have a few times that together (``share``). What finds no place is refused all the
same, by the judge: such tries are asked about one by one, within the limits that each device meets before the queue.
"""

from collections import OrderedDict
from collections.abc import Container
from typing import NamedTuple

from gateway.model.device import Mac
from gateway.model.event import Now

from .share import Accounts, IsNamed

KEPT_S = 30.0
"""Timeout of the kernel's sets; it begins anew whenever a destination is told again."""
MAX_DESTINATIONS = 256
"""Of one device."""


class Destination(NamedTuple):
    """Whom a device tried to reach; what the kernel remembers is named alike."""

    mac: Mac
    address: bytes
    proto: int
    port: int


class Remembered:
    """Which destinations of which device have a place."""

    def __init__(self, is_named: IsNamed) -> None:
        self._places: Accounts[_Places] = Accounts(is_named, _Places)

    def add(self, place: Destination, now: Now) -> bool:
        """The kernel refuses this destination by itself from now on; False: there is no room for it."""
        known = self._places.of(place.mac)
        if not all([places.has_room(place, now.mono) for places in known]):
            return False
        for places in known:
            places.keep(place, now.mono)
        return True

    def forget(self, mac: Mac, addresses: Container[bytes]) -> list[Destination]:
        """Another name leads to these addresses: what the kernel has to be told to forget."""
        own, *shared = self._places.of(mac)
        found = own.at(addresses)
        for places in (own, *shared):
            places.drop(found)
        return found

    def forget_device(self, mac: Mac) -> None:
        """It was refused nothing: a ruleset that is loaded anew remembers nothing either."""
        own, *shared = self._places.of(mac)
        for places in shared:
            places.drop(own.all())
        self._places.forget(mac)


class _Places:
    """Destinations of one device, or of several that share."""

    __slots__ = ("_most", "_until")

    def __init__(self, devices: int) -> None:
        self._most = devices * MAX_DESTINATIONS
        self._until: OrderedDict[Destination, float] = OrderedDict()
        """Longest known first."""

    def has_room(self, place: Destination, at: float) -> bool:
        while self._until and next(iter(self._until.values())) <= at:
            self._until.popitem(last=False)
        return place in self._until or len(self._until) < self._most

    def keep(self, place: Destination, at: float) -> None:
        self._until[place] = at + KEPT_S
        self._until.move_to_end(place)

    def at(self, addresses: Container[bytes]) -> list[Destination]:
        return [place for place in self._until if place.address in addresses]

    def all(self) -> list[Destination]:
        return list(self._until)

    def drop(self, found: list[Destination]) -> None:
        for place in found:
            self._until.pop(place, None)
