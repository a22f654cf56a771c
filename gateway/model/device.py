"""Who speaks."""

from dataclasses import dataclass
from typing import NewType

Mac = NewType("Mac", str)
"""A hardware address, lower case with colons: ``02:00:5e:10:00:01``."""


def mac_from_bytes(raw: bytes) -> Mac:
    """The text of a 6-byte hardware address."""
    return Mac(raw.hex(":"))


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
