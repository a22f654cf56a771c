"""Which names DNS gave to which device for which address.

Gadgets keep answers for days, far past their TTL, so a binding lives seven days. Bounded: the oldest addresses of a device go
first, and at most a handful of names are kept for one address.
"""

from collections import OrderedDict
from collections.abc import Iterable

KEPT_S = 7 * 86_400.0
MAX_ADDRESSES = 2_048
"""Per device."""
MAX_NAMES = 8
"""Per address."""
MAX_DEVICES = 512


class Bindings:
    """(device, address) -> names, latest first. A device is a MAC, or in captures without MACs an address."""

    def __init__(self) -> None:
        self._devices: OrderedDict[str, OrderedDict[bytes, dict[str, float]]] = OrderedDict()

    def add(self, device: str, addresses: Iterable[bytes], name: str, *, at: float) -> None:
        """An answer gave ``device`` these addresses for ``name``; ``at`` in seconds on the wall clock."""
        table = self._devices.get(device)
        if table is None:
            table = self._devices[device] = OrderedDict()
            if len(self._devices) > MAX_DEVICES:
                self._devices.popitem(last=False)
        for address in addresses:
            names = table.setdefault(address, {})
            names.pop(name, None)
            names[name] = at
            table.move_to_end(address)
            if len(names) > MAX_NAMES:
                del names[next(iter(names))]
            if len(table) > MAX_ADDRESSES:
                table.popitem(last=False)

    def names(self, device: str, address: bytes, *, at: float) -> tuple[str, ...]:
        """The names bound to an address for this device, latest first."""
        names = self._devices.get(device, _NOTHING).get(address)
        if not names:
            return ()
        return tuple(name for name, seen in reversed(names.items()) if at - seen < KEPT_S)

    def dump(self) -> dict[str, dict[str, dict[str, float]]]:
        """Plain values for ``state.json``."""
        return {
            device: {address.hex(): dict(names) for address, names in table.items()} for device, table in self._devices.items()
        }

    def restore(self, dumped: dict[str, dict[str, dict[str, float]]]) -> None:
        """The inverse of ``dump``; entries that make no sense are left out."""
        for device, table in dumped.items():
            for address, names in table.items():
                for name, at in sorted(names.items(), key=lambda item: item[1]):
                    self.add(device, (bytes.fromhex(address),), name, at=at)


_NOTHING: OrderedDict[bytes, dict[str, float]] = OrderedDict()
