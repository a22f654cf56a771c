"""Handshakes on credit: how many flows a device may begin towards addresses that no name led it to.

Until a hello tells more, a SYN passes; its address, ports and numbers may say something to whoever owns that address. An
ordinary gadget remembers a few addresses from before, and what is let out in the end costs it nothing. Who has no credit left
is judged at once, by the address alone.

All devices that nobody has named have a few times that together (``share``): whoever changes its hardware address all the time
gains no more.
"""

from .share import IsNamed, Shares

BURST = 64
REFILL_S = 15.0
"""One more for each so many seconds."""


class Credits(Shares):
    """One account per device. ``take``: a handshake; ``give_back``: its flow was let out, so its address was no secret."""

    def __init__(self, is_named: IsNamed) -> None:
        super().__init__(is_named, burst=BURST, per_s=1 / REFILL_S)
