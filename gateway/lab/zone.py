"""The internet of the lab: which names there are, and at which documentation addresses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

ADDRESS4 = "203.0.113.{}"
ADDRESS6 = "2001:db8:cafe::{:x}"
FILLER4, FILLER6 = "198.18.{}.{}", "2001:db8:fff::{:x}:{:x}"
NUMBERS = re.compile(r"\d{1,3}-\d{1,3}")
FIRST_HOST = 60
"""Below it: addresses that ``internet.yaml`` fixes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One name of the internet and what answers there."""

    name: str
    address4: str
    address6: str
    offers: tuple[str, ...] = ()
    """Besides HTTPS and HTTP, which every address offers: ``quic media ntp mqtt commands``."""
    ttl_s: int = 60
    beside: str = ""
    """Another name, whose address stands in the answer too."""
    more: int = 0
    """So many addresses that nobody has follow in the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """All of it."""

    hosts: Mapping[str, Host]
    resolver4: str
    resolver6: str
    public: tuple[str, ...]
    """Resolvers that gadgets have built in."""
    routed: tuple[str, ...]
    """Prefixes that the internet answers for."""
    lonely: Mapping[str, str] = field(default_factory=dict)
    """Addresses without a name, by the label the behaviours use."""
    numbered: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Domain -> patterns of the addresses that its names stand for: ``7-3.DOMAIN`` is where 7 and 3 are filled in."""
    numbered_networks: tuple[str, str] = ("", "")
    """The networks of those addresses."""

    def find(self, name: str) -> Host | None:
        """The host of a name, written down or numbered."""
        label, _, domain = name.partition(".")
        if (found := self.hosts.get(name)) or domain not in self.numbered or not NUMBERS.fullmatch(label):
            return found
        address4, address6 = (pattern.format(*map(int, label.split("-"))) for pattern in self.numbered[domain])
        return Host(name=name, address4=address4, address6=address6)

    def answer(self, host: Host, *, six: bool) -> tuple[str, ...]:
        """All addresses of one family that an answer for it holds."""
        named = [host, *([self.hosts[host.beside]] if host.beside else [])]
        filler = (FILLER6 if six else FILLER4).format
        found = [one.address6 if six else one.address4 for one in named]
        return (*found, *(filler(number >> 8, number & 255) for number in range(host.more)))

    def offering(self, what: str) -> tuple[Host, ...]:
        """The hosts that offer it."""
        return tuple(host for host in self.hosts.values() if what in host.offers)

    def names_at(self, address: str) -> tuple[str, ...]:
        """Which names an address answers to, of those that are written down."""
        return tuple(host.name for host in self.hosts.values() if address in (host.address4, host.address6))


def load_zone() -> Zone:
    """Read ``internet.yaml``."""
    return compile_zone(YAML(typ="safe").load(files(__package__).joinpath("internet.yaml").read_text("utf-8")))


def compile_zone(data: Mapping[str, Any]) -> Zone:
    """Give every name its addresses, in the order written."""
    hosts: dict[str, Host] = {}
    number = FIRST_HOST
    for name, value in data["names"].items():
        entry = value or {}
        if "shares" in entry:
            twin = hosts[entry["shares"]]
            address4, address6 = twin.address4, twin.address6
        else:
            number += 1
            address4 = entry.get("address4", ADDRESS4.format(number))
            address6 = entry.get("address6", ADDRESS6.format(number))
        odd = {key: entry[key] for key in ("ttl_s", "beside", "more") if key in entry}
        hosts[name] = Host(name=name, address4=address4, address6=address6, offers=tuple(entry.get("offers", ())), **odd)
    if number > 254:
        raise ValueError("internet.yaml: more names than 203.0.113.0/24 has room for")
    return Zone(
        hosts=hosts,
        resolver4=data["resolver"][0],
        resolver6=data["resolver"][1],
        public=tuple(data["public_resolvers"]),
        routed=tuple(data["routed"]),
        lonely=data.get("lonely", {}),
        numbered={domain: (pair[0], pair[1]) for domain, pair in data.get("numbered", {}).items()},
        numbered_networks=tuple(data.get("numbered_networks", ("", ""))),
    )
