"""An interface's addresses with their networks, and one address more where a prefix is wanted."""

import contextlib
import fcntl
import socket
import struct
import subprocess
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path

from gateway.model.resolver import Link

_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B


def read_link(name: str) -> Link:
    """The interface as it is now, link-local addresses aside; one that is gone has no addresses."""
    lasting = (address for address in _ipv6(name) if not address.is_link_local)
    return Link(name=name, ipv4=_ipv4(name), ipv6=tuple(sorted(lasting)))


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
    links = [(_ipv4(name), _ipv6(name)) for name in names]
    return frozenset(known.packed for ipv4, ipv6 in links for known in (*([ipv4] if ipv4 else ()), *ipv6))


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
