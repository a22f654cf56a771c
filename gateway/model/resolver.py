"""What the resolver and DHCP server of the curtain is to do: the input of ``ruleset.render_dnsmasq``."""

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One of the curtain's interfaces, and the addresses that the gateway has there."""

    name: str
    ipv4: IPv4Interface | None = None
    ipv6: tuple[IPv6Interface, ...] = ()
    """Without link-local ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverPlan:
    """Names and addresses for the curtain."""

    links: tuple[Link, ...]
    lease_file: str
    upstreams: tuple[str, ...] = ()
    """``ADDRESS`` or ``ADDRESS#PORT``; empty: those of ``resolv_file``."""
    resolv_file: str = "/etc/resolv.conf"
    cache: int = 2_000
    dhcp: bool = True
    stop_rebind: bool = True
    rebind_ok: tuple[str, ...] = ()
    as_child: bool = True
    """It runs as the gateway's child: in the foreground, with the gateway's user."""
