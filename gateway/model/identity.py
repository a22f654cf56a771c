"""Who speaks: what a device gives away of itself, what is known of such signs, and the guess they lead to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Signal(StrEnum):
    """The ways in which a device gives itself away. The closed list of ``policies/identity/``."""

    OUI = "oui"
    """The first half of a hardware address."""
    MAKER = "oui-maker"
    """The organisation that the prefix is registered to."""
    VENDOR_CLASS = "dhcp-vendor-class"
    """DHCP option 60."""
    PARAM_LIST = "dhcp-param-list"
    """DHCP option 55, in order: ``1,3,6``."""
    HOSTNAME = "hostname-pattern"
    """DHCP option 12."""
    MDNS = "mdns-service"
    """``_hue._tcp.local``, ``_hap._tcp.local with md=BSB002``, ``_http._tcp.local with name shelly1``."""
    SSDP = "ssdp"
    """``ST roku:ecp``, ``SERVER Linux UPnP/1.0 IpBridge/1.9.0``, ``manufacturer Signify``."""
    DNS = "dns-name"
    """A name that is asked for."""
    JA4 = "ja4"
    """The fingerprint of a TLS hello."""


class Confidence(StrEnum):
    """How good the evidence of one row is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Clue(NamedTuple):
    """One thing that a device was seen to say."""

    signal: Signal
    value: str
    """As it was observed; for ``hostname-pattern`` the host name itself."""
    at: float = 0.0
    """Seconds, on any clock: only the order counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """One row: who shows these signs."""

    vendor: str
    signal: Signal
    values: tuple[str, ...]
    """What is seen, any of them; ``*``, ``?`` and ``[…]`` as in a shell."""
    device: str = "any"
    """The kind of device; ``any``: the row speaks for the vendor only."""
    confidence: Confidence = Confidence.LOW
    evidence: str = ""
    note: str = ""
    alone: bool = True
    """False: it says nothing without a second sign (a prefix of a maker of chips, a host name of two letters)."""
    source: str = ""
    """``file:line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """All that is known of such signs."""

    traits: tuple[Trait, ...] = ()
    brands: Mapping[str, str] = field(default_factory=dict)
    """A word that only this vendor's devices call themselves by -> the vendor."""
    houses: Mapping[str, str] = field(default_factory=dict)
    """Brand -> the vendor whose prefixes its devices carry as well."""
    platforms: frozenset[str] = frozenset()
    """Vendors of parts, software and standards: nobody's device is *theirs*."""
    profiles: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(vendor, kind of device) -> the profile that suits it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Who a device probably is."""

    vendor: str = ""
    """The likeliest vendor; empty where nothing speaks for anybody."""
    profile: str = ""
    """The id of the profile that suits it; empty where the kind of device is not clear."""
    confidence: float = 0.0
    """0 … 1: how often an answer like this one is right, vendor and (where it is named) profile."""
    reasons: tuple[str, ...] = ()
    """Short human sentences, strongest first, each with its evidence."""

    @property
    def sure(self) -> bool:
        """Good enough to act upon."""
        return self.confidence >= SURE


SURE = 0.8
"""From here on a guess is acted upon (``guided`` newcomers get its profile)."""
