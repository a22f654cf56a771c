"""Which device somebody means: by a name, a hardware address, or what it calls itself."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.model.device import Mac, is_mac
from gateway.model.policy import DevicePolicy, Policy


class NotSo(Exception):
    """It cannot be done like this: a sentence, and what to do about it."""


class Found(NamedTuple):
    """A device, as far as anybody knows it."""

    mac: str
    entry: DevicePolicy | None
    """What the files say of it."""
    row: Mapping[str, Any]
    """What the gateway has seen of it, a row of ``devices``; empty where that is nothing."""


def find(policy: Policy, named: str, seen: Sequence[Mapping[str, Any]]) -> Found:
    """By the files, else by what the gateway has ``seen``; a hardware address alone will do: it may be here some other time.

    ``NotSo`` where nobody is called so, or several are.
    """
    mac = Mac(named.lower())
    entry = policy.devices.get(mac) or next((one for one in policy.devices.values() if named == one.device.id), None)
    mac = entry.device.mac if entry else mac
    rows = [row for row in seen if row["mac"] == mac or (entry is None and row["id"] == named)]
    rows = rows or [row for row in seen if entry is None and row["hostname"] == named]
    if len(rows) > 1:
        raise NotSo(f"{len(rows)} devices call themselves {named!r}: {', '.join(row['mac'] for row in rows)}; take an address")
    if not rows and entry is None and not is_mac(mac):
        known = {row["id"] for row in seen} | {one.device.id for one in policy.devices.values()}
        raise NotSo(f"no device is called {named!r}; there are: {', '.join(sorted(known)) or 'none'}")
    row = rows[0] if rows else {}
    mac = row.get("mac", mac)
    return Found(mac, entry or policy.devices.get(mac), row)
