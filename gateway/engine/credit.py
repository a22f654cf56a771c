"""Handshakes on credit: how many flows a device may begin towards addresses that no name led it to.

Until a hello tells more, a SYN passes; its address, ports and numbers may say something to whoever owns that address. An
ordinary gadget remembers a few addresses from before, and what is let out in the end costs it nothing. Who has no credit left
is judged at once, by the address alone.
"""

from collections import OrderedDict

BURST = 64
REFILL_S = 15.0
"""One more for each so many seconds."""
MAX_DEVICES = 512


class Credits:
    """One account per device. Bounded: the device that was silent longest goes first, and begins anew."""

    def __init__(self) -> None:
        self._accounts: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Device -> (credit, as of when)."""

    def take(self, device: str, *, at: float) -> bool:
        """One handshake; False where the device has none left. ``at``: monotonic."""
        credit = self._credit(device, at)
        if credit < 1:
            return False
        self._set(device, credit - 1, at)
        return True

    def give_back(self, device: str, *, at: float) -> None:
        """The flow was let out: its address was no secret."""
        self._set(device, min(self._credit(device, at) + 1, BURST), at)

    def _credit(self, device: str, at: float) -> float:
        credit, since = self._accounts.get(device, (float(BURST), at))
        return min(credit + max(at - since, 0.0) / REFILL_S, BURST)

    def _set(self, device: str, credit: float, at: float) -> None:
        self._accounts[device] = credit, at
        self._accounts.move_to_end(device)
        if len(self._accounts) > MAX_DEVICES:
            self._accounts.popitem(last=False)
