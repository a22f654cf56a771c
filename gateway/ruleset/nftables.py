"""``RulesetPlan`` -> the text of one generation of the nftables table ``inet netcurtain``.

A generation is loaded by ``flush table`` and refilled sets in one transaction, never by ``delete table``: deleting a chain
drops every packet that is held in the queue. Epoch and policy digest stand in the comment of a rule, since the kernel keeps the
first comment of a table for ever.
"""

import re
from collections.abc import Iterator, Mapping

from gateway.model.command import RulesetPlan
from gateway.model.mark import (
    ASK,
    BUDGET_MASK,
    CLASS_MASK,
    DEVICE_MASK,
    EPOCH_MASK,
    EPOCHS,
    HANDSHAKES,
    LET_OUT_BIT,
    LOOKS,
    OWN_ANSWER,
    PURPOSE_MASK,
    SENT,
    FlowClass,
    pack,
)

from .budget import budget_chains, budget_elements, budget_sets
from .chains import FORWARD, INPUT, OUTPUT, PREROUTING
from .flowtable import fast_chains, fast_set_names, fast_sets, passed, passing
from .handshake import HANDSHAKE
from .sets import NEIGHBOURS, PORTS, REFILLED, SETS

TABLE = "inet netcurtain"
SCHEMA = 5
"""Counts up when sets, chain types, priorities or the classes of a mark change: a table of another schema cannot be refilled,
only replaced."""

_INTERFACE = re.compile(r"[A-Za-z0-9_.@:-]{1,15}")
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_NETWORK = re.compile(r"[0-9a-f.:]{2,39}/\d{1,3}")
_DIGEST = re.compile(r"[0-9A-Za-z]{0,64}")

VERDICTS = {
    FlowClass.PASS: "accept",
    **dict.fromkeys((FlowClass.LIMIT, *SENT), "goto charged"),
    FlowClass.UNDECIDED: "accept",
    FlowClass.WELCOME: "goto welcome_again",
    FlowClass.REFUSE: "goto refuse",
    FlowClass.REMEMBER: "goto remember",
    FlowClass.DROP: "drop",
    FlowClass.SILENCE: "goto silence",
}
HANDSHAKE_LOOK = dict.fromkeys(sorted(HANDSHAKES), "goto undecided")
NEXT_LOOK = {
    FlowClass.LIMIT: "goto limited",
    **{kind: f"goto look_{size}" for kind, size in LOOKS.items()},
    FlowClass.LOOK_AGAIN: "goto look_again",
}
ANSWERS = {
    **dict.fromkeys((FlowClass.REFUSE, FlowClass.REMEMBER), "goto unanswered"),
    **dict.fromkeys((FlowClass.DROP, FlowClass.SILENCE), "drop"),
    **dict.fromkeys(HANDSHAKES, "goto greeted"),
}

BARE_IPV4 = 0x45
"""First byte of an IPv4 header without options."""
NO_PORT = 1
"""Where nothing is answered here, nothing is turned round either: the sets are empty. nft takes no port 0."""
UNSEEN_LOOKS = dict.fromkeys(SENT, "goto unseen_look")


def render(plan: RulesetPlan) -> str:
    """The whole text for ``nft -f``; ``ValueError`` for a plan that could not be one (names, addresses, epoch)."""
    _check(plan)
    return "\n".join(_lines(plan)) + "\n"


def _check(plan: RulesetPlan) -> None:
    if not plan.lan:
        raise ValueError("a ruleset needs a curtain interface")
    macs = (*plan.free6, *plan.fault_open, *(mac for mac, _ in plan.free + plan.leases), *(mac for mac, _ in plan.owners))
    addresses = tuple(address for _, address in plan.free + plan.leases)
    checked: dict[re.Pattern[str], tuple[str, ...]] = {
        _INTERFACE: plan.lan + plan.wan + plan.flowtable,
        _MAC: macs,
        _IPV4: addresses,
        _NETWORK: plan.old_network,
        _DIGEST: (plan.digest,),
    }
    for pattern, values in checked.items():
        for value in values:
            if not pattern.fullmatch(value):
                raise ValueError(f"not fit for a ruleset: {value!r}")
    if not 0 < plan.epoch < EPOCHS:
        raise ValueError(f"epochs run from 1 to {EPOCHS - 1}, not {plan.epoch}")
    for budget in plan.budgets:
        if not (budget.size_bytes or budget.rate_bytes_s) or min(budget) < 0:
            raise ValueError(f"a budget of nothing: {budget}")
    if not 0 <= plan.answer_port <= 0xFFFF:
        raise ValueError(f"no port: {plan.answer_port}")
    if not 0 <= plan.queue <= 0xFFFF:
        raise ValueError(f"no queue number: {plan.queue}")
    if "lo" in plan.lan + plan.wan + plan.flowtable or set(plan.lan) & set(plan.wan):
        raise ValueError("an interface is either the curtain's or upstream, and never the loopback")


def _lines(plan: RulesetPlan) -> Iterator[str]:
    yield from _defines(plan)
    yield f"table {TABLE} {{\n{SETS}{budget_sets(plan.budgets)}{fast_sets(plan)}}}"
    yield f"flush table {TABLE}"
    for kind, name in (*REFILLED, *(("set", name) for name in fast_set_names(plan))):
        yield f"flush {kind} {TABLE} {name}"
    yield f"table {TABLE} {{"
    yield f'  chain generation {{\n    return comment "{_comment(plan)}"\n  }}'
    yield from fast_chains(plan)
    yield _chains(plan)
    yield from budget_chains(plan.budgets)
    yield from _wan_chains(plan)
    if plan.native_queue:
        yield from _queue_chains(plan.queue)
    yield "}"
    yield from _elements(plan)
    yield from _ports(plan)
    yield NEIGHBOURS
    if plan.leases:
        pairs = ", ".join(f"{address} . {mac}" for mac, address in plan.leases)
        yield f"add element arp netcurtain leased {{ {pairs} }}"
        yield f"add element arp netcurtain claimed {{ {', '.join(dict.fromkeys(address for _, address in plan.leases))} }}"


def _ports(plan: RulesetPlan) -> Iterator[str]:
    """Who is heard at which port of a bridge matters where an address alone lets pass."""
    if plan.bridges:
        yield PORTS
        if trusted := dict.fromkeys((*plan.free6, *(mac for mac, _ in plan.free))):
            yield f"add element bridge netcurtain trusted {{ {', '.join(trusted)} }}"


def _comment(plan: RulesetPlan) -> str:
    return f"epoch={plan.epoch} policy={plan.digest} schema={SCHEMA}"


def _defines(plan: RulesetPlan) -> Iterator[str]:
    numbers = {
        "EPOCH": pack(0, plan.epoch, 0, 0),
        "EMASK": EPOCH_MASK,
        "CMASK": CLASS_MASK,
        "LET_OUT_BIT": LET_OUT_BIT,
        "PASSING_MASK": EPOCH_MASK | LET_OUT_BIT,
        "PASSING": pack(0, plan.epoch, 0, 0) | LET_OUT_BIT,
        "DMASK": DEVICE_MASK,
        "BUDGET_MASK": BUDGET_MASK,
        "PURPOSE_MASK": PURPOSE_MASK,
        "NO_CLASS": 0xFFFFFFFF & ~(CLASS_MASK | ASK),
        "ASK_SPENT": pack(0, 0, 0, FlowClass.SPENT) | ASK,
        "OWN_ANSWER": OWN_ANSWER,
        "WELCOME": pack(0, 0, 0, FlowClass.WELCOME),
        "PASS": pack(0, 0, 0, FlowClass.PASS),
        "ASK_BEGUN": pack(0, 0, 0, FlowClass.BEGUN) | ASK,
    }
    yield f"define LAN = {_names(plan.lan)}"
    for name, number in numbers.items():
        yield f"define {name} = {number:#010x}"
    yield f"define BARE_IPV4 = {BARE_IPV4:#04x}"
    yield f"define ANSWER_PORT = {plan.answer_port or NO_PORT}"


def _chains(plan: RulesetPlan) -> str:
    """The chains of every generation; verdict maps are written out, since nft takes no variable for one."""
    text = (PREROUTING + FORWARD + HANDSHAKE + INPUT + OUTPUT).rstrip("\n")
    verdicts = {**VERDICTS, FlowClass.PASS: passed(plan)}
    maps = {
        "$VERDICTS": verdicts,
        "$NEXT_LOOK": NEXT_LOOK,
        "$HANDSHAKES": HANDSHAKE_LOOK,
        "$UNSEEN_LOOKS": UNSEEN_LOOKS,
        "$ANSWERS": ANSWERS,
    }
    for name, verdicts in maps.items():
        text = text.replace(name, _vmap(verdicts))
    return text.replace("$PASSES", passing(plan)).replace("$LOOKS", _look_chains())


def _vmap(verdicts: Mapping[FlowClass, str]) -> str:
    return "{ " + ", ".join(f"{pack(0, 0, 0, kind):#04x} : {verdict}" for kind, verdict in verdicts.items()) + " }"


def _look_chains() -> str:
    return "\n".join(
        f"  chain look_{size} {{\n    ct original bytes > {size} goto again\n    goto limited\n  }}" for size in LOOKS.values()
    )


def _names(interfaces: tuple[str, ...]) -> str:
    return "{ " + ", ".join(f'"{name}"' for name in interfaces) + " }"


def _elements(plan: RulesetPlan) -> Iterator[str]:
    owners = tuple(f"{mac} . {pack(number, 0, 0, 0):#010x}" for mac, number in plan.owners)
    members = {
        "free": tuple(f"{mac} . {address}" for mac, address in plan.free),
        "free6": plan.free6,
        "fault_open": plan.fault_open,
        "owner_of": owners,
        "welcome_mark": tuple(f"{mac} : {pack(n, plan.epoch, 0, FlowClass.WELCOME):#010x}" for mac, n in plan.owners),
        "known": tuple(mac for mac, _ in plan.owners),
        "stations": tuple(_number(mac) for mac, _ in plan.owners),
        "old_network4": tuple(network for network in plan.old_network if ":" not in network),
        "old_network6": tuple(network for network in plan.old_network if ":" in network),
        "dhcp_of": tuple(f"{mac} . {_number(mac)}" for mac, _ in plan.owners),
        **budget_elements(plan.budgets),
    }
    for name, found in members.items():
        if found:
            yield f"add element {TABLE} {name} {{ {', '.join(dict.fromkeys(found))} }}"


def _number(mac: str) -> str:
    """A hardware address as the number that stands in a message."""
    return "0x" + mac.replace(":", "")


def _wan_chains(plan: RulesetPlan) -> Iterator[str]:
    """The two chains that name the upstream side; without names it is every interface but the curtain's and the loopback."""
    interfaces = _names(plan.wan) if plan.wan else f"!= {_names(('lo', *plan.lan))}"
    yield f"""\
  chain gateway {{
    type filter hook input priority filter; policy accept;
    iifname "lo" accept
    iifname $LAN goto from_lan
    iifname {interfaces} goto from_wan
  }}
  chain to_wan {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname {interfaces} masquerade
  }}"""


def _queue_chains(queue: int) -> Iterator[str]:
    """Chains of their own, because a verdict skips the rest of the chain that queued."""
    for hook, where in (
        ("prerouting", "iifname $LAN udp dport { 53, 123 }"),
        ("forward", "iifname $LAN"),
        ("output", "oifname $LAN udp sport 53"),
    ):
        yield f"""\
  chain queue_{hook} {{
    type filter hook {hook} priority mangle; policy accept;
    {where} meta mark & 0x1 == 0x1 queue flags bypass to {queue}
  }}"""
