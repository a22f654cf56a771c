"""``ResolverPlan`` -> dnsmasq's configuration: resolver, DHCP server and router advertisements of the curtain.

Only this text counts: no hosts file, no drop-in directory, no resolv.conf where upstreams are given.
"""

from collections.abc import Iterator
from ipaddress import IPv4Interface

from gateway.model.resolver import Link, ResolverPlan

MAX_POOL = 4_096
LEASE = "12h"

_ALWAYS = """\
# Rendered by Netcurtain. What is changed here is lost.
port=53
bind-dynamic
except-interface=lo
no-hosts
domain-needed
bogus-priv
dns-forward-max=300
# Answers that fit every path without fragments (DNS flag day 2020).
edns-packet-max=1232
"""
_AS_CHILD = """\
# Nothing is given up that a user namespace could not give up: no user is switched to, no group list is set.
user=root
group=
pid-file=
log-facility=-
"""
_DHCP = """\
dhcp-authoritative
# An address is given at once: the lease file says which are taken, and devices look for themselves (RFC 5227).
no-ping
quiet-dhcp
quiet-dhcp6
quiet-ra
# The gateway is the clock (its own address is 0.0.0.0 here).
dhcp-option=option:ntp-server,0.0.0.0
# No gadget becomes the home's proxy by calling itself so.
dhcp-name-match=set:no-name,wpad
dhcp-name-match=set:no-name,isatap
dhcp-ignore-names=tag:no-name
"""


def render_dnsmasq(plan: ResolverPlan) -> str:
    """The whole file."""
    parts = [_ALWAYS, _lines(f"interface={link.name}" for link in plan.links)]
    if plan.as_child:
        parts.append(_AS_CHILD)
    parts.append(_lines(_upstream(plan)))
    if plan.dhcp:
        ranges = [line for link in plan.links for line in _ranges(link)]
        parts += [_DHCP, f"dhcp-leasefile={plan.lease_file}\n", _lines(ranges)]
    return "".join(parts)


def _upstream(plan: ResolverPlan) -> Iterator[str]:
    if plan.upstreams:
        yield "no-resolv"
        yield from (f"server={server}" for server in plan.upstreams)
    else:
        yield f"resolv-file={plan.resolv_file}"
    yield f"cache-size={plan.cache}"
    # Whoever answers for a name learns at most once a minute that it is asked for: no Morse code by questions.
    # Whoever answers for a name learns once a minute at most that it is asked for: no letters in Morse.
    yield "min-cache-ttl=60"
    yield "neg-ttl=60"
    if plan.stop_rebind:
        yield "stop-dns-rebind"
        yield from (f"rebind-domain-ok={domain}" for domain in plan.rebind_ok)


def _ranges(link: Link) -> Iterator[str]:
    if link.ipv4 is not None and (pool := pool_of(link.ipv4)) is not None:
        first, last = pool
        yield f"dhcp-range={first},{last},{link.ipv4.netmask},{LEASE}"
    if any(address.network.prefixlen == 64 for address in link.ipv6):
        # Hosts make their own addresses below the prefix that the interface carries; resolver and clock are told by DHCPv6.
        yield "enable-ra"
        yield f"dhcp-range=::,constructor:{link.name},ra-stateless,64,{LEASE}"


def pool_of(own: IPv4Interface) -> tuple[str, str] | None:
    """First and last address to give: an eighth of the network stays free for fixed ones. None if it has no room."""
    network = own.network
    if network.prefixlen > 30:
        return None
    first = network.network_address + max(2, network.num_addresses // 8)
    last = min(network.broadcast_address - 1, first + MAX_POOL - 1)
    return str(first), str(last)


def _lines(lines: Iterator[str] | list[str]) -> str:
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))
