"""Devices: what they are, may do and did."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.exceptions import HTTPException

from ..house import DeviceView, HouseView
from ..visit import Visit, reader
from . import shown
from .problem import problems
from .schemas import Device, DeviceDetail, Devices, Hour, HoursQuery, Named, Profile

router = APIRouter(prefix="/api/v1", tags=["Devices"])
Reader = Annotated[Visit, Depends(reader)]
Which = Annotated[Named, Path(description="a device's id or hardware address")]


@router.get("/devices", summary="All devices")
def devices(visit: Reader) -> Devices:
    """Those behind the curtain, new ones first, and the household's phones."""
    house = visit.panel.house.view()
    return Devices(devices=_all(visit, house.devices, house), phones=_all(visit, house.phones, house))


@router.get("/devices/{named}", summary="One device, its rules and what they cost", responses=problems(404, 503))
def device(visit: Reader, named: Which) -> DeviceDetail:
    """With every purpose that a rule speaks of or that it acted for within the week."""
    house = visit.panel.house.view()
    return shown.detail(visit, find(house, named), house)


@router.get("/devices/{named}/hours", summary="What it did, by the hour", responses=problems(404, 503))
def hours(visit: Reader, named: Which, asked: Annotated[HoursQuery, Query()]) -> list[Hour]:
    """The last hours, oldest first; the one that is under way comes last."""
    found = visit.panel.books.hourly(find(visit.panel.house.view(), named).mac, asked.last)
    return [Hour(began=shown.moment(began), **shown.tally(sums).model_dump()) for began, sums in found]


@router.get("/profiles", summary="Kinds of devices")
def profiles(visit: Reader) -> list[Profile]:
    """What a device can be said to be."""
    house = visit.panel.house.view()
    return [Profile(id=name, title=visit.language.pick(titles)) for name, titles in sorted(house.profiles.items())]


def find(house: HouseView, named: str) -> DeviceView:
    """A device by id or hardware address. HTTPException (404) where there is none; ControlError where that cannot be told."""
    found = house.device(named)
    if found is not None:
        return found
    if house.down is not None:
        raise house.down
    raise HTTPException(404)


def _all(visit: Visit, views: tuple[DeviceView, ...], house: HouseView) -> list[Device]:
    return [shown.device(visit, one, house) for one in views]
