"""The leases that dnsmasq gave, from its lease file."""

import os
from ipaddress import IPv4Address
from pathlib import Path

from gateway.model.device import Mac
from gateway.model.event import LeaseGiven

MAX_BYTES = 4 * 1024 * 1024


class Leases:
    """Reads the file when it has changed. A lease is told once, and again when something about it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._known: dict[Mac, LeaseGiven] = {}

    def read(self) -> list[LeaseGiven]:
        """Leases that are new since the last call."""
        try:
            status = os.stat(self._path)
            version = (status.st_mtime_ns, status.st_size, status.st_ino)
            if version == self._version:
                return []
            with open(self._path, "rb") as file:
                text = file.read(MAX_BYTES).decode(errors="replace")
        except OSError:
            return []  # not written yet
        self._version = version
        leases = parse_leases(text)
        fresh = [lease for lease in leases if self._known.get(lease.mac) != lease]
        self._known = {lease.mac: lease for lease in leases}
        return fresh


def parse_leases(text: str) -> list[LeaseGiven]:
    """Lines of ``expiry MAC address hostname client-id``; others (DHCPv6, a line half written) are passed over."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 5 or not words[0].isdecimal():
            continue
        mac = words[1].lower()
        try:
            address = IPv4Address(words[2]).packed
            is_mac = len(bytes.fromhex(mac.replace(":", ""))) == 6 and len(mac) == 17
        except ValueError:
            continue
        if is_mac:
            hostname = "" if words[3] == "*" else words[3][:255]
            found.append(LeaseGiven(mac=Mac(mac), address=address, hostname=hostname))
    return found
