"""Flows that the kernel carries past all chains: its flowtable, and the one check that must not be missed there.

Only TCP that a managed device opened upstream and that passes without any bounds (class PASS of the current epoch) goes there:
everything else is counted, watched or tied to its sender packet by packet. Three things keep the promises of the long way:

* A new generation empties the table. It is never deleted for that, since with its hooks the kernel drops every packet held in
  the queue; ``edge.nft`` makes its routes stale instead, and each flow's next packet takes the long way again.
* A flow belongs to the hardware address it was judged for. An address that has flows here is tied to the first one that had
  them, and ``guard`` drops TCP under it from any other, before the flowtable looks. Who does not fit into the sets stays out.
* Counting goes on in conntrack (``counter``).
"""

import re

from gateway.model.command import RulesetPlan

SIZE = 1024
_SETS = """\
  set fast4 {{ type ipv4_addr; size {size}; flags dynamic; }}
  set fast6 {{ type ipv6_addr; size {size}; flags dynamic; }}
  set tied4 {{ type ether_addr . ipv4_addr; size {larger}; flags dynamic; }}
  set tied6 {{ type ether_addr . ipv6_addr; size {larger}; flags dynamic; }}
"""
_CHAINS = """\
  flowtable fast {{
    hook ingress priority filter
    devices = {{ {devices} }}
    counter
  }}
  chain fast {{
    meta l4proto != tcp accept
    ct direction reply accept
    oifname $LAN accept
    ip saddr != @fast4 add @fast4 {{ ip saddr }} add @tied4 {{ ether saddr . ip saddr }}
    ip6 saddr != @fast6 add @fast6 {{ ip6 saddr }} add @tied6 {{ ether saddr . ip6 saddr }}
    ether saddr . ip saddr @tied4 flow add @fast
    ether saddr . ip6 saddr @tied6 flow add @fast
    accept
  }}
  chain passing {{
    ct mark & $CMASK == $PASS goto fast
    accept
  }}"""
_GUARD = """\
  chain guard_{name} {{
    type filter hook ingress device "{device}" priority -10; policy accept;
    meta l4proto != tcp accept
    ip saddr @fast4 ether saddr . ip saddr != @tied4 drop
    ip6 saddr @fast6 ether saddr . ip6 saddr != @tied6 drop
  }}"""


def fast_sets(plan: RulesetPlan) -> str:
    """Their declaration; nothing without a flowtable."""
    return _SETS.format(size=SIZE, larger=2 * SIZE) if plan.flowtable else ""


def fast_set_names(plan: RulesetPlan) -> tuple[str, ...]:
    """Those that every generation begins without elements."""
    return ("fast4", "fast6", "tied4", "tied6") if plan.flowtable else ()


def fast_chains(plan: RulesetPlan) -> list[str]:
    """The flowtable, the chain that fills it, and a guard at each of the curtain's interfaces it listens on."""
    if not plan.flowtable:
        return []
    devices = ", ".join(f'"{device}"' for device in plan.flowtable)
    guarded = [device for device in plan.flowtable if device in plan.lan]
    guards = [_GUARD.format(device=device, name=re.sub(r"[^0-9A-Za-z_]", "_", device)) for device in guarded]
    return [_CHAINS.format(devices=devices), *guards]


def passed(plan: RulesetPlan) -> str:
    """The verdict on a flow that is let out for good."""
    return "goto fast" if plan.flowtable else "accept"


def passing(plan: RulesetPlan) -> str:
    """The verdict on a packet of a flow that may pass, for good or not."""
    return "goto passing" if plan.flowtable else "accept"
