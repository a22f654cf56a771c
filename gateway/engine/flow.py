"""The flow table: what we know of every connection that was asked about, bounded."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from gateway.model.assessment import Assessment, Evidence
from gateway.model.decision import Decision
from gateway.model.device import Device, Mac
from gateway.model.facts import NOTHING, Facts
from gateway.model.mark import HANDSHAKES, LET_OUT, FlowClass, class_of
from gateway.model.name import Name
from gateway.model.packet import TCP, FlowKey, Packet
from gateway.model.purpose import BY_NUMBER, Purpose
from gateway.wire import FlowReader, OtherReader

from .counted import WHOLE
from .second_look import SecondLook

MAX_FLOWS = 8_192


class Flow:
    """One connection. Mutable: it lives in the flow table alone, and leaves it only as a ``FlowRecord``."""

    __slots__ = (
        "id", "key", "device", "number", "peer", "inbound", "local", "started_wall", "touched", "isn", "start", "reader",
        "other", "facts", "candidates", "assessment", "decision", "flow_class", "epoch", "held", "held_since", "held_bytes",
        "refused_bytes", "attempts", "bytes_out", "bytes_in", "pkts_out", "pkts_in",
        "macs", "syn_seen", "dirty", "gone", "carried", "table_key", "line", "passed", "on_credit", "evidence", "counted",
        "began", "busy", "noted", "look",
    )  # fmt: skip

    def __init__(self, *, flow_id: int, key: FlowKey, device: Device, number: int, wall: float, mono: float) -> None:
        self.id = flow_id
        self.key = key
        self.table_key = key
        self.device = device
        """Whose policy judges it."""
        self.number = number
        """Number of the device that opened it: it stands in the mark."""
        self.peer: Device | None = None
        self.inbound = False
        self.local = False
        self.on_credit = False
        """Its handshake went to an address that no name led to."""
        self.started_wall = wall
        self.began = self.touched = mono
        self.noted = False
        """What it is for stands among what its device did."""
        self.isn = -1
        """Sequence number of its SYN."""
        self.start: int | None = None
        """Sequence number of its first byte, as its server acknowledged it."""
        self.reader: FlowReader | None = None
        self.other: OtherReader | None = None
        self.look: SecondLook | None = None
        """A second look that is not over."""
        self.facts: Facts = NOTHING
        self.candidates: tuple[Name, ...] = ()
        """All names it was judged with."""
        self.evidence: Evidence | None = None
        """What its assessment rests on."""
        self.assessment: Assessment | None = None
        self.decision: Decision | None = None
        self.flow_class = FlowClass.NONE
        self.epoch = 0
        self.held: list[int] = []
        """Ids of queued packets that wait for the name."""
        self.held_since = 0.0
        self.held_bytes = 0
        self.refused_bytes = 0
        self.attempts = 1
        self.bytes_out = self.bytes_in = self.pkts_out = self.pkts_in = 0
        self.counted = WHOLE
        self.busy = True
        """More had been counted of it when the kernel's counters were read last; a new flow is."""
        self.macs: list[Mac | None] = [None, None]
        """Replay: MAC of the initiator's and the responder's side."""
        self.syn_seen = False
        self.dirty = False
        """Changed since it was last recorded."""
        self.gone = 0
        """How many walks through the kernel's counters in a row did not show it."""
        self.line: Flow | None = None
        """The first of the tries it is one of: that one stands in the ledger for all."""
        self.passed = False
        """It was let out once: what becomes of it later is its own line."""
        self.carried = 0
        """Purpose number of the mark it carried over from an earlier process; its Facts are lost."""

    @property
    def ends(self) -> tuple[Device, Device | None]:
        """(who opened it, the other device of the home if there is one)."""
        if self.inbound and self.peer is not None:
            return self.peer, self.device
        return self.device, self.peer

    @property
    def stream_start(self) -> int | None:
        """The sequence number of its first byte, as far as it is known."""
        if self.start is not None:
            return self.start
        return self.isn + 1 if self.syn_seen and self.isn >= 0 else None

    @property
    def began_unseen(self) -> bool:
        """Its first bytes were said before anybody read along, and no mark tells of them."""
        return self.key.proto == TCP and not self.syn_seen and not self.carried and self.facts is NOTHING

    @property
    def carried_over(self) -> Purpose | None:
        """An earlier process judged this connection, and its mark still names the purpose: its own first bytes are lost."""
        return BY_NUMBER.get(self.carried) if self.carried and self.facts is NOTHING else None

    def lost_its_beginning(self, mark: int) -> bool:
        """Its handshake passed without us and it has said nothing yet, so nobody can tell which segment is its first. ``mark``:
        of its packet, of whatever epoch."""
        return self.key.proto == TCP and not self.syn_seen and class_of(mark) in HANDSHAKES

    def is_used_again(self, packet: Packet, *, opens: bool, begins: bool) -> bool:
        """Its ports are: a SYN after it was let out or with another number, or a first byte after the first."""
        if begins:
            return self.decision is not None or self.start is not None
        return opens and self.decision is not None and (self.flow_class in LET_OUT or self.isn != packet.seq)

    def read(self, packet: Packet, direction: int, *, scapy: Callable[[], bool]) -> bool:
        """Feed one packet to the readers; True when there is something to judge by now. ``scapy``: may it be asked?"""
        if self.reader is None:
            self.reader = FlowReader(packet.proto, self.key.dport, start=self.stream_start)
        if not self.reader.done:
            facts = self.reader.feed(packet, direction)
            if facts is not None and facts.app_proto != "unknown":
                self.facts = facts
                return True
            if facts is None and not self.reader.done:
                return False
        return self._read_other(packet, direction) if scapy() else True

    def _read_other(self, packet: Packet, direction: int) -> bool:
        if self.other is None:
            self.other = OtherReader(packet.proto, self.key.sport, self.key.dport)
        if self.other.done:
            return True
        facts = self.other.feed(packet, direction)
        if facts is None:
            return False
        if facts.app_proto != "unknown":
            self.facts = facts
        return True

    def read_again(self, packet: Packet, *, scapy: Callable[[], bool]) -> bool:
        """Look at what it speaks by now; True where that look is over. What cannot be read changes nothing."""
        if self.look is None:
            self.look = SecondLook(packet.proto, self.key.sport, self.key.dport)
        if not self.look.feed(packet, scapy=scapy):
            return False
        if self.look.facts is not NOTHING:
            self.facts = self.look.facts
        self.look = None
        return True

    @property
    def settled(self) -> bool:
        """Nothing more can be learnt from its bytes."""
        return (
            self.reader is not None
            and self.reader.done
            and (self.other is None or self.other.done or self.facts.app_proto != "unknown")
        )


class FlowTable:
    """Flows by 5-tuple, either way round; the least recently touched leave first."""

    def __init__(self, limit: int = MAX_FLOWS) -> None:
        self._flows: OrderedDict[FlowKey, Flow] = OrderedDict()
        self._limit = limit

    def __len__(self) -> int:
        return len(self._flows)

    def __iter__(self) -> Iterator[Flow]:
        return iter(self._flows.values())

    def get(self, key: FlowKey) -> Flow | None:
        """The flow that was opened with this 5-tuple."""
        return self._flows.get(key)

    def add(self, flow: Flow) -> Flow | None:
        """Take a flow in; returns the one that had to leave for it."""
        self._flows[flow.table_key] = flow
        if len(self._flows) <= self._limit:
            return None
        return self._flows.popitem(last=False)[1]

    def touch(self, flow: Flow, mono: float) -> None:
        """It is alive."""
        flow.touched = mono
        self._flows.move_to_end(flow.table_key)

    def remove(self, flow: Flow) -> None:
        """Take a flow out; nothing happens if it left already."""
        if self._flows.get(flow.table_key) is flow:
            del self._flows[flow.table_key]

    def oldest(self) -> Flow | None:
        """The least recently touched flow."""
        return next(iter(self._flows.values()), None)
