"""Phones and cameras, as first run and settings ask for them."""

import unicodedata
from collections.abc import Iterable

from gateway.panel.access import address_of
from gateway.panel.change import NotDone
from gateway.panel.house import DeviceView, HouseView
from gateway.panel.render import said
from gateway.panel.visit import Visit

MAX_NAME_CHARS = 63
NOBODY = "owner"
"""An owner without a name that files can hold."""


def cameras(house: HouseView) -> list[DeviceView]:
    """All that have a picture, in an order that does not change while somebody answers."""
    return sorted((one for one in house.devices if one.is_camera), key=lambda one: one.mac)


def maybe_phones(house: HouseView) -> list[DeviceView]:
    """The household's own devices, and what nobody has said anything of."""
    return [*house.phones, *(one for one in house.devices if one.is_new and not one.is_camera)]


def here(visit: Visit, known: Iterable[DeviceView]) -> DeviceView | None:
    """What this page is looked at with, where its address tells."""
    address = address_of(visit.request)
    return next((one for one in known if address in one.addresses), None)


def owner_id(name: str) -> str:
    """A name as files can hold it: plain letters, figures, ``-`` and ``_``."""
    plain = unicodedata.normalize("NFKD", name.strip().casefold())
    bare = (letter for letter in plain if not unicodedata.combining(letter))
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else " " for letter in bare)
    return "-".join(kept.split())[:MAX_NAME_CHARS] or NOBODY


def why_not(visit: Visit, err: NotDone) -> str:
    """Why a change was not made, in the visitor's language."""
    return said(visit.language, err.text, err.values)
