"""Interfaces: their addresses with their networks, one address more where a prefix is wanted, and whether they are there."""

import contextlib
import fcntl
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path

from gateway.model.resolver import Link

_SIOCGIFFLAGS, _SIOCGIFADDR, _SIOCGIFNETMASK = 0x8913, 0x8915, 0x891B
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
PRIVATE = (
    IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"), IPv4Network("169.254.0.0/16"),
    IPv6Network("fc00::/7"),
)  # fmt: skip
LINK_LOCAL = IPv6Network("fe80::/10")


def is_there(name: str) -> bool:
    """An interface of this name exists, up or down."""
    return any(name == known for _, known in socket.if_nameindex())


def read_link(name: str) -> Link:
    """The interface as it is now, link-local addresses aside; one that is gone has no addresses."""
    lasting = (address for address in _ipv6(name) if not address.is_link_local)
    return Link(name=name, ipv4=_ipv4(name), ipv6=tuple(sorted(lasting)))


class Links:
    """The interfaces we stand between, by name: they may vanish, and another may come under the name of one."""

    def __init__(self, lan: Iterable[str], wan: Iterable[str]) -> None:
        self._lan, self._wan = tuple(lan), tuple(wan)
        self._indexes = self._look()

    def renewed(self) -> bool:
        """True once after an interface came anew: what the kernel knew of the one before is gone with it."""
        before, self._indexes = self._indexes, self._look()
        return any(index and index != old for index, old in zip(self._indexes, before, strict=True))

    def upstream(self) -> tuple[str, ...]:
        """The interfaces towards the internet: those that were named; else all but the curtain's and the loopback."""
        others = (name for _, name in socket.if_nameindex() if name not in ("lo", *self._lan))
        return self._wan or tuple(others)

    def troubles(self) -> dict[str, str]:
        """Interface -> what is wrong with it; empty where nothing is. No device of the home may be on: that is no trouble."""
        told = {name: _trouble(name, _IFF_UP) for name in self._lan}
        return told | {name: _trouble(name, _IFF_UP | _IFF_RUNNING) for name in self._wan}

    def _look(self) -> tuple[int, ...]:
        known = {name: index for index, name in socket.if_nameindex()}
        return tuple(known.get(name, 0) for name in (*self._lan, *self._wan))


def _trouble(name: str, wanted: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        try:
            answer = fcntl.ioctl(ask.fileno(), _SIOCGIFFLAGS, struct.pack("256s", name.encode()[:15]))
        except OSError:
            return f"{name} is gone: nothing passes there until it is back"
    missing = wanted & ~int(struct.unpack_from("=H", answer, 16)[0])
    if missing & _IFF_UP:
        return f"{name} is down: nothing passes there"
    return f"{name} has no carrier: nothing passes there" if missing else ""


def add_prefix(name: str, prefix: IPv6Network) -> IPv6Interface:
    """Give the interface the first address of a prefix. OSError if that fails."""
    address = IPv6Interface((prefix.network_address + 1, prefix.prefixlen))
    _ip("replace", address, name, "nodad")
    return address


def remove_address(name: str, address: IPv6Interface) -> None:
    """Take an address away again; OSError if that fails."""
    _ip("del", address, name)


def _ip(verb: str, address: IPv6Interface, name: str, *more: str) -> None:
    command = ["ip", "-6", "address", verb, str(address), "dev", name, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


def own_addresses(names: Iterable[str]) -> frozenset[bytes]:
    """Packed addresses of the interfaces, link-local ones too: cheap enough for the packet loop."""
    return frozenset(known.packed for known in _addresses(names))


def private_networks(names: Iterable[str]) -> tuple[str, ...]:
    """Networks that the interfaces are in and that nobody but a home or an office has (RFC 1918, RFC 3927, RFC 4193).

    Where there is none, whoever shares the cable is a stranger, also under a link-local address; else those count as well.
    """
    networks = (known.network for known in _addresses(names))
    found = {str(network) for network in networks if any(_is_within(network, private) for private in PRIVATE)}
    return tuple(sorted(found | {str(LINK_LOCAL)})) if found else ()


def _is_within(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)


def _addresses(names: Iterable[str]) -> Iterator[IPv4Interface | IPv6Interface]:
    for name in names:
        if (ipv4 := _ipv4(name)) is not None:
            yield ipv4
        yield from _ipv6(name)


def _ipv4(name: str) -> IPv4Interface | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask, contextlib.suppress(OSError):
        request = struct.pack("256s", name.encode()[:15])
        address, mask = (fcntl.ioctl(ask.fileno(), what, request)[20:24] for what in (_SIOCGIFADDR, _SIOCGIFNETMASK))
        return IPv4Interface((IPv4Address(address), int.from_bytes(mask, "big").bit_count()))
    return None


def _ipv6(name: str) -> list[IPv6Interface]:
    try:
        lines = Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines()
    except OSError:
        return []  # IPv6 is switched off
    rows = [line.split() for line in lines]
    return [IPv6Interface((IPv6Address(bytes.fromhex(row[0])), int(row[2], 16))) for row in rows if row[5] == name]
