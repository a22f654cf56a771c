"""Who speaks."""

import re
from dataclasses import dataclass
from typing import NewType

Mac = NewType("Mac", str)
"""A hardware address, lower case with colons: ``02:00:5e:10:00:01``."""
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}").fullmatch


def mac_from_bytes(raw: bytes) -> Mac:
    """The text of a 6-byte hardware address."""
    return Mac(raw.hex(":"))


def mac_to_bytes(mac: str) -> bytes:
    """The 6 bytes of a hardware address."""
    return bytes.fromhex(mac.replace(":", ""))


def is_mac(text: str) -> bool:
    """Written as a ``Mac`` is."""
    return _MAC(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One thing on the curtain's interfaces, as the policy sees it."""

    mac: Mac
    id: str
    """The key in ``household.yaml`` (``front-door``), or the MAC where nobody named it."""
    profile: str
    """The id of its profile; ``careful`` where it is not known."""
    vendor: str = ""
    family: str = ""
    """The profile's family: ``doorbell``, ``speaker``, …"""
    trusted: bool = False
    """A household device (phone, computer): never judged on its way to the internet."""
    owner: str = ""
    """The owner whose device this is; empty for everybody else's."""
    confirmed: bool = False
