"""What a flow of datagrams speaks by now: ports may be used for something else after a while.

One packet is not enough, since pictures have no mark of their own: RTP is told from noise by several packets that agree. So a
second look lasts several in a row, and ends early only where something is recognised.
"""

from collections.abc import Callable

from gateway.model.facts import NOTHING, Facts
from gateway.model.packet import Packet
from gateway.wire import FlowReader, OtherReader

PACKETS = 8
"""Twice what RTP needs, so that it is found between as many packets of something else."""


class SecondLook:
    """One look at one flow. Memory: a few integers; each packet is read by itself, and what is told over several is counted."""

    __slots__ = ("_left", "_other", "facts")

    def __init__(self, proto: int, sport: int, dport: int) -> None:
        self._left = PACKETS
        self._other = OtherReader(proto, sport, dport)
        self.facts: Facts = NOTHING
        """What it speaks, as soon as that is known."""

    def feed(self, packet: Packet, *, scapy: Callable[[], bool]) -> bool:
        """Take its next packet from the device's side; True where the look is over. ``scapy``: may it be asked?"""
        self._left -= 1
        facts = FlowReader(packet.proto, packet.dport).feed(packet, 0)
        if facts is not None and facts.app_proto == "unknown" and scapy():
            facts = self._other.feed(packet, 0)
        if facts is not None and facts.app_proto != "unknown":
            self.facts = facts
        return self._left <= 0 or self.facts is not NOTHING
