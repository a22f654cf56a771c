"""What a flow is for, how sure we are, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .facts import NOTHING, Facts
from .name import Name
from .purpose import Purpose


class Extent(StrEnum):
    """How much the counts of an ``Evidence`` cover. What is small so far may grow; what is over stays small."""

    SO_FAR = "so-far"
    """A flow up to now: what the gateway has of a live one."""
    ENDED = "ended"
    """A flow that is over."""
    BURST = "burst"
    """One burst of a flow, over: packets less than a second apart."""
    MOMENT = "moment"
    """That there was a burst, and when: nobody counted it."""


class Evidence(NamedTuple):
    """All that is known of a flow when it is judged: the input of ``purpose.classify``. A named tuple, since judgements are
    remembered by it, and one is made for every flow."""

    profile: str = "careful"
    vendor: str = ""
    family: str = ""
    facts: Facts = NOTHING
    names: tuple[Name, ...] = ()
    """Candidates, best first: names in the flow's own bytes, then names DNS bound to the address, latest first."""
    address: bytes = b""
    """The responder's packed address."""
    port: int = 0
    proto: int = 0
    local: bool = False
    """The responder is in the home (a private peer, multicast or broadcast)."""
    resolver: bool = False
    """The responder is the resolver this network hands out (the gateway)."""
    extent: Extent = Extent.SO_FAR
    pkts_out: int = 0
    pkts_in: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    media_bytes: int = 0
    """What goes up from a camera in more than so many bytes is taken for pictures, whatever it is called; 0: nothing is."""
    settled: Purpose | None = None
    """A purpose that nothing here can show, found otherwise: by the mark of an earlier life of the gateway, by a hello that
    cannot be read, by a name that nobody vouches for, by names that say too much. Only volume speaks against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The answer of ``purpose.classify``."""

    purpose: Purpose
    also: tuple[Purpose, ...] = ()
    """Other purposes the same name serves, that cannot be told apart in this flow."""
    confidence: float = 0.0
    """0 … 1."""
    reasons: tuple[str, ...] = ()
    """Short human sentences, strongest first."""
    name: Name | None = None
    """The name the judgement rests on."""
    match: str = ""
    """The catalogue pattern that matched (``fw.ring.com``, ``udp/123``); the key of a profile's ``mixed:``."""
    source: str = ""
    """``file:line`` of the catalogue row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the catalogue."""

    match: str
    """A plain name (covers its subdomains), ``*.suffix`` or a pattern with ``*``, ``tcp/443``-like ports, or ``app:stun``."""
    purpose: Purpose
    also: tuple[Purpose, ...] = ()
    vendor: str = ""
    devices: tuple[str, ...] = ()
    """Profile ids or device kinds of the knowledge base; empty or ``any``: every device."""
    alpn: str = ""
    tells: str = ""
    """What somebody did who opens it, where nothing else leads there: ``viewing`` (the live view in a phone's app) or
    ``press`` (of the bell, by a device that tells it from motion)."""
    evidence: str = ""
    confidence: float = 0.0
    breaks: str = ""
    conflict: str = ""
    """Where sources disagree about it: what each of them says."""
    date: str = ""
    source: str = ""
    """``file:line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something known of a purpose that cannot decide by itself: a port that everything uses, a beat, an order of flows."""

    kind: str
    """``port``, ``order``, ``beat``, ``volume``, ``ceiling``, ``protocol`` or ``note``."""
    says: str
    """The port as it is written, or what flows look like."""
    purpose: Purpose
    alone: str
    """Why it cannot decide by itself."""
    ports: tuple[tuple[int, int, int], ...] = ()
    """(protocol number, first port, last port)."""
    home: bool = False
    """It is about what gadgets say within the home."""
    every_s: float = 0.0
    """0: it has no beat."""
    rate_bytes_s: int = 0
    """A ceiling that the maker states: it helps to recognise, and permits nothing."""
    budget_bytes: int = 0
    budget_window_s: float = 0.0
    vendor: str = ""
    devices: tuple[str, ...] = ()
    """As of a row."""
    breaks: str = ""
    evidence: str = ""
    confidence: float = 0.0
    date: str = ""
    source: str = ""
    """``file:line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedReply:
    """What a server always says to one request over plain HTTP, so that the gateway can say it in its place."""

    host: str
    path: str
    status: int
    content_type: str = ""
    body: str = ""
    evidence: str = ""
    source: str = ""
    """``file:line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The compiled table. ``names`` is keyed by reversed labels joined with dots (``com.ring.fw``)."""

    names: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    patterns: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    """Rows whose first labels hold ``*``, keyed by the reversed labels after the last one that does."""
    ports: Mapping[tuple[int, int], tuple[Row, ...]] = field(default_factory=dict)
    """(protocol number, port) -> rows."""
    protocols: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    """``Facts.app_proto`` -> rows."""
    replies: Mapping[str, tuple[FixedReply, ...]] = field(default_factory=dict)
    """Host -> what it says to plain HTTP, where that is known."""
    hints: tuple[Hint, ...] = ()
    """What is known and cannot decide by itself."""
    size: int = 0
    """How many rows."""
