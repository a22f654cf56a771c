"""How well a row of the catalogue fits this device: a name is evidence for the device it was seen from, less for others."""

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from ..model.assessment import Evidence, Row
from .lookup import literal_length

HOUSES = {"ring": "amazon", "blink": "amazon"}
"""Vendors that share the clouds of another."""

SHARED_CLOUDS = (
    "amazonaws.com", "cloudfront.net", "ota-cloudfront.net", "akamaihd.net",
    "azure-devices.net", "aliyuncs.com", "googleapis.com",
    "www.google.com", "www.gstatic.com",
)  # fmt: skip
"""Domains under which every vendor rents names, and hosts that everybody asks: they say nothing of who is behind them."""

_TENANT = re.compile(
    r"[^.*]+\.(cloudfront\.net|cloudfront\.prod\.ota-cloudfront\.net|akamaihd\.net|azure-devices\.net"
    r"|s3[^*]*\.amazonaws\.com|(credentials\.)?iot\.[^.*]+\.amazonaws\.com|oss-[^.*]+\.aliyuncs\.com)"
)
"""Names under a shared cloud that belong to one tenant: a bucket, a distribution, an account."""


class Rank(IntEnum):
    """Whom a row was evidenced for, as seen from this device; the higher wins."""

    NOBODY = 0
    """It must not decide for this device."""
    STRANGER = 1
    """Another vendor's device."""
    HOUSE = 2
    """A device of a vendor in the same house."""
    ANY = 3
    VENDOR = 4
    """Another device of this vendor."""
    PROFILE = 5
    """This very kind of device."""


FACTOR = (0.0, 0.5, 0.75, 1.0, 0.9, 1.0)
"""What a row's confidence is worth at each rank, in their order."""


class Fit(NamedTuple):
    """The row that decides, and what spoke against it."""

    row: Row
    rank: Rank
    rivals: tuple[Row, ...] = ()
    """Rows of equal standing that name another purpose."""


def rank_of(row: Row, evidence: Evidence) -> Rank:
    """Profile, then vendor, then every device, then others."""
    devices = row.devices
    if not devices or "any" in devices:
        return Rank.ANY
    if evidence.profile in devices or evidence.family in devices:
        return Rank.PROFILE
    vendor = evidence.vendor
    if vendor:
        if row.vendor == vendor:
            return Rank.VENDOR
        if HOUSES.get(row.vendor, row.vendor) == HOUSES.get(vendor, vendor):
            return Rank.HOUSE
    cloud = _cloud(row.match)
    if cloud == "shared" or (cloud == "tenant" and vendor):
        return Rank.NOBODY
    return Rank.STRANGER


def choose(rows: Sequence[Row], evidence: Evidence) -> Fit | None:
    """The row that decides among those that cover a name, longest match first: a shorter one only where no longer one may."""
    if len(rows) == 1:
        return best_of(rows, evidence, least=Rank.STRANGER)
    for _, group in groupby(rows, key=literal_length):
        if (fit := best_of(tuple(group), evidence, least=Rank.STRANGER)) is not None:
            return fit
    return None


def best_of(rows: Sequence[Row], evidence: Evidence, *, least: Rank) -> Fit | None:
    """Among equals the better rank, then a row that asks for an ALPN, then what a gadget did, then the higher confidence."""
    if len(rows) == 1:
        row = rows[0]
        rank = rank_of(row, evidence)
        return Fit(row, rank) if rank >= least and _offered(row, evidence) else None
    fitting = [(rank, row) for row in rows if (rank := rank_of(row, evidence)) >= least and _offered(row, evidence)]
    if not fitting:
        return None
    rank, row = max(fitting, key=_standing)
    rivals = tuple(other for its, other in fitting if its is rank and other.purpose is not row.purpose)
    return Fit(row, rank, rivals)


def _standing(ranked: tuple[Rank, Row]) -> tuple[Rank, bool, bool, float]:
    rank, row = ranked
    return rank, bool(row.alpn), not _of_app(row), row.confidence


def is_shared(name: str) -> bool:
    """Whether it lies under a domain that everybody shares."""
    return any(name == cloud or name.endswith(f".{cloud}") for cloud in SHARED_CLOUDS)


def _offered(row: Row, evidence: Evidence) -> bool:
    return not row.alpn or row.alpn in evidence.facts.alpn


def _of_app(row: Row) -> bool:
    """Seen from a phone's app: worth less for a gadget than what a gadget did."""
    return all(device.endswith("-app") for device in row.devices) if row.devices else False


@lru_cache(maxsize=4096)
def _cloud(match: str) -> str:
    """``shared``, ``tenant``, or empty for a name of the vendor's own."""
    if not is_shared(match):
        return ""
    return "tenant" if _TENANT.fullmatch(match) else "shared"
