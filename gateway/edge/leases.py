"""The leases that dnsmasq gave, from its lease file.

A client renews at half the time of its lease (RFC 2131 section 4.4.5). One that asks again long before was switched on anew.
"""

import os
import time
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from gateway.model.device import Mac
from gateway.model.event import LeaseGiven

MAX_BYTES = 4 * 1024 * 1024
EARLY = 0.25
"""Of a lease's time: a client that renews sooner did not have to."""


class Row(NamedTuple):
    """One line of the file."""

    expires: int
    """Seconds since 1970."""
    given: LeaseGiven


class Leases:
    """Reads the file when it has changed. A lease is told once, and again when something about it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._known: dict[Mac, Row] = {}

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
        rows = {row.given.mac: row for row in parse_leases(text)}
        fresh = [told for row in rows.values() if (told := self._news(row)) is not None]
        self._known = rows
        return fresh

    def _news(self, row: Row) -> LeaseGiven | None:
        before = self._known.get(row.given.mac)
        if before is None or before.given != row.given:
            return row.given
        renewed_after_s = row.expires - before.expires
        lasts_s = row.expires - time.time()
        return replace(row.given, restarted=True) if 0 < renewed_after_s < EARLY * lasts_s else None


def strike(path: Path, mac: str) -> bool:
    """Take a device's leases out of a file that nobody writes to now; False where there are none. OSError: it stays."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return False
    kept = [line for line in lines if line.split()[1:2] != [mac.encode()]]
    if len(kept) == len(lines):
        return False
    path.write_bytes(b"".join(kept))  # in place, as its owner does it: with the rights that it has
    return True


def parse_leases(text: str) -> list[Row]:
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
            found.append(Row(int(words[0]), LeaseGiven(mac=Mac(mac), address=address, hostname=hostname)))
    return found
