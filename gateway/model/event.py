"""What happened: the engine's input, in the past tense."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from .control import Request
from .device import Mac
from .identity import Clue
from .packet import FlowKey, Packet
from .policy import Policy


class Hook(IntEnum):
    """Where a packet was seen."""

    FORWARD = 0
    QUERY = 1
    """A DNS query before it is redirected: its original server is known here."""
    ANSWER = 2
    """A DNS answer of our resolver on its way to the device."""
    REPLAY = 3
    """A packet of a capture: nobody waits for a verdict."""


class PacketSeen(NamedTuple):
    """A packet was queued (or read from a capture)."""

    packet: Packet
    hook: Hook
    mac: Mac | None
    """Who sent it on the link; None in ``ANSWER``, where the mark names the device."""
    mark: int = 0
    """The connection's mark (ask bit set), or 0."""
    queue_id: int = 0
    to_lan: bool = False
    """It leaves on the curtain's interface too: the peer is in the home."""
    peer_mac: Mac | None = None
    """In a replay: whom the frame was sent to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketUndecodable:
    """A queued packet was no IP, or cut, or contradicts itself."""

    queue_id: int
    mac: Mac | None
    hook: Hook


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseGiven:
    """The DHCP server gave an address; ``hostname`` and ``vendor_class`` are what the device said of itself."""

    mac: Mac
    address: bytes
    hostname: str = ""
    vendor_class: str = ""
    restarted: bool = False
    """It asked for its lease again long before that was due: somebody switched it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClueHeard:
    """A device said something of itself on the local link."""

    mac: Mac
    clue: Clue


class Counter(NamedTuple):
    """The kernel's counters of one connection. A named tuple, since one is made for every connection again and again."""

    key: FlowKey
    mark: int
    bytes_out: int
    bytes_in: int
    pkts_out: int
    pkts_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountersRead:
    """The kernel's counters of connections with a mark of ours: a part of one walk through its table."""

    counters: tuple[Counter, ...]
    complete: bool = True
    """The walk ended with this part: what it did not show is gone."""


class Tried(NamedTuple):
    """A destination that the kernel refuses by itself, and how often it was tried since it was remembered."""

    mac: Mac
    address: bytes
    proto: int
    port: int
    packets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TriesRead:
    """The kernel's own counts: of destinations it refuses by itself, of packets of devices that flood, of knocks at itself."""

    tried: tuple[Tried, ...] = ()
    flooded: tuple[tuple[Mac, int], ...] = ()
    """(Device, packets dropped before the queue since the ruleset was loaded)."""
    knocked: tuple[tuple[Mac, int, int], ...] = ()
    """(Device, protocol, packets that the gateway itself refused since the ruleset was loaded)."""
    contested: tuple[tuple[Mac, str, int], ...] = ()
    """(Trusted device, port of the bridge, packets dropped there, since it was heard at another port a moment before)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameResolved:
    """Our resolver answered a question of the gateway's own."""

    name: str
    addresses: tuple[bytes, ...] = ()
    """Packed, IPv4 and IPv6; empty: there are none, or the resolver did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged:
    """A new generation of the policy was compiled."""

    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRefused:
    """The policy files hold faults: the last good policy stays."""

    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request came over the control socket."""

    request: Request
    client: int
    """Whom to reply to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Ledger and leases hold nothing of a device any more."""

    mac: Mac


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went by."""


Event = (
    PacketSeen
    | PacketUndecodable
    | LeaseGiven
    | ClueHeard
    | CountersRead
    | TriesRead
    | NameResolved
    | PolicyChanged
    | PolicyRefused
    | Asked
    | Erased
    | Ticked
)


class Now(NamedTuple):
    """The clock, as an argument."""

    mono: float
    """Monotonic seconds (in a replay: the capture's time)."""
    wall: float
    """Seconds since 1970."""
    wall_trusted: bool = True
