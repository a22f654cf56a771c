"""Which names DNS gave to which device for which address, and which to anybody.

Gadgets keep answers for days, far past their TTL, so a binding lives seven days – on the monotonic clock, since the wall's may
begin in 1970 and jump. Bounded: the oldest addresses of a device go first, and at most a handful of names are kept for one
address; where the whole is full, the device that holds most gives way.
"""

from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Mapping

KEPT_S = 7 * 86_400.0
MAX_ADDRESSES = 2_048
"""Per device."""
MAX_NAMES = 8
"""Per address of a device."""
MAX_DEVICES = 512
MAX_ROWS = 16_384
"""(Device, address), of all devices together."""
MAX_KNOWN_NAMES = 16
"""Per address, in the view over all devices."""
GATEWAY = "gateway"
"""Who asked, where the gateway asked for itself."""
SAVED_AFTER_S = 30.0
"""New bindings come in bursts, so they are let come to rest before they are written down."""
SAVED_SHARE = 10
"""What is new must be a tenth of the whole to be written down before its turn: what is written grows with what is learnt."""


def no_registrable(name: str) -> str:
    """The careful answer of somebody who has no list of public suffixes: no two names have the same owner."""
    return ""


class Bindings:
    """(device, address) -> names, latest first. A device is a MAC, or in captures without MACs an address.

    All times (``at``) are monotonic seconds. ``registrable`` tells the domain that somebody registered a name under
    (``ring.com`` of ``fw.ring.com``), empty where there is none.
    """

    def __init__(self, registrable: Callable[[str], str] = no_registrable) -> None:
        self._devices: OrderedDict[str, OrderedDict[bytes, dict[str, float]]] = OrderedDict()
        self._known: dict[bytes, dict[str, float]] = {}
        """Address -> name -> when anybody was last given it: the view over all rows, and bounded with them."""
        self._registrable = registrable
        self._rows = 0
        self._unsaved = 0
        self.changed_at: float | None = None
        """When the oldest name was learnt that no ``dump`` has told yet."""

    def __len__(self) -> int:
        return self._rows

    def add(self, device: str, addresses: Iterable[bytes], name: str, *, at: float) -> None:
        """An answer gave ``device`` these addresses for ``name``."""
        table = self._devices.get(device)
        if table is None:
            table = self._devices[device] = OrderedDict()
            if len(self._devices) > MAX_DEVICES:
                self._drop_device()
        for address in addresses:
            self._keep(address, name, at)
            self._bind(table, address, name, at)
        while self._rows > MAX_ROWS:
            self._drop_row(max(self._devices.values(), key=len))

    def learn(self, name: str, addresses: Iterable[bytes], *, at: float) -> None:
        """Our resolver told the gateway itself: that vouches for the name, and binds it to no device."""
        self.add(GATEWAY, addresses, name, at=at)

    def forget(self, device: str) -> None:
        """It never asked for anything."""
        table = self._devices.pop(device, _NOTHING)
        while table:
            self._drop_row(table)

    def names(self, device: str, address: bytes, *, at: float) -> tuple[str, ...]:
        """The names bound to an address for this device, latest first."""
        names = self._devices.get(device, _NOTHING).get(address)
        if not names:
            return ()
        return tuple(name for name, seen in reversed(names.items()) if at - seen < KEPT_S)

    def addresses(self, device: str, names: Container[str], *, since: float) -> tuple[bytes, ...]:
        """The addresses that this device was told for any of these names since then."""
        table = self._devices.get(device, _NOTHING)
        return tuple(
            address for address, known in table.items() if any(seen >= since and name in names for name, seen in known.items())
        )

    def vouched(self, name: str, address: bytes, *, at: float) -> bool:
        """Our resolver gave anybody this address for this name, or for another name of the same owner."""
        known = self._known.get(address)
        if not known:
            return False
        seen = known.get(name)
        if seen is not None and at - seen < KEPT_S:
            return True
        domain = self._registrable(name)
        return bool(domain) and any(
            at - seen < KEPT_S and self._registrable(other) == domain for other, seen in known.items()
        )

    def due(self, *, at: float) -> bool:
        """So much is new that it should be written down before its turn."""
        rested = self.changed_at is not None and at - self.changed_at >= SAVED_AFTER_S
        return rested and self._unsaved * SAVED_SHARE >= self._rows

    def dump(self, *, at: float) -> dict[str, dict[str, dict[str, int]]]:
        """Plain values for ``state.json``: the age in seconds of every binding that still counts, oldest first."""
        self._unsaved, self.changed_at = 0, None
        return {
            device: {
                address.hex(): ages
                for address, names in table.items()
                if (ages := {name: max(0, round(at - seen)) for name, seen in names.items() if at - seen < KEPT_S})
            }
            for device, table in self._devices.items()
        }

    def restore(self, dumped: Mapping[str, Mapping[str, Mapping[str, float]]], *, at: float) -> None:
        """The inverse of ``dump``: ages count on. What is too old is left out."""
        for device, table in dumped.items():
            for address, ages in table.items():
                for name, age in sorted(ages.items(), key=lambda item: -item[1]):
                    if age < KEPT_S:
                        self.add(device, (bytes.fromhex(address),), name, at=at - age)
        self._unsaved, self.changed_at = 0, None

    def _bind(self, table: OrderedDict[bytes, dict[str, float]], address: bytes, name: str, at: float) -> None:
        names = table.get(address)
        if names is None:
            names = table[address] = {}
            self._rows += 1
        else:
            table.move_to_end(address)
        if names.pop(name, None) is None:
            self._unsaved += 1
            self.changed_at = at if self.changed_at is None else self.changed_at
        names[name] = at
        if len(names) > MAX_NAMES:
            oldest = next(iter(names))
            self._forget(address, {oldest: names.pop(oldest)})
        if len(table) > MAX_ADDRESSES:
            self._drop_row(table)

    def _drop_row(self, table: OrderedDict[bytes, dict[str, float]]) -> None:
        self._forget(*table.popitem(last=False))
        self._rows -= 1

    def _drop_device(self) -> None:
        _, table = self._devices.popitem(last=False)
        while table:
            self._drop_row(table)

    def _keep(self, address: bytes, name: str, at: float) -> None:
        """Into the view over all; restored bindings do not come in the order of time."""
        known = self._known.setdefault(address, {})
        known[name] = max(at, known.get(name, at))
        if len(known) > MAX_KNOWN_NAMES:
            del known[min(known, key=known.__getitem__)]

    def _forget(self, address: bytes, names: Mapping[str, float]) -> None:
        """Out of the view over all, where nobody was told later."""
        known = self._known.get(address, {})
        for name, at in names.items():
            if known.get(name) == at:
                del known[name]
        if not known:
            self._known.pop(address, None)


_NOTHING: OrderedDict[bytes, dict[str, float]] = OrderedDict()
