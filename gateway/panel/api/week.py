"""The week's receipt."""

from typing import Annotated

from fastapi import APIRouter, Depends

from ..books import HOUR_S, WEEK_HOURS
from ..house import DeviceView
from ..pages.receipt import names_kept
from ..visit import Visit, reader
from ..wording import PURPOSES
from . import shown
from .schemas import Week, WeekDevice, WeekPurpose

router = APIRouter(prefix="/api/v1", tags=["Week"])


@router.get("/week", summary="What stayed at home this week")
def week(visit: Annotated[Visit, Depends(reader)]) -> Week:
    """Per device and purpose: what was stopped, what was kept, what left. Devices that did nothing are left out."""
    house = visit.panel.house.view()
    names = names_kept(visit)
    return Week(
        since=shown.moment(house.now - WEEK_HOURS * HOUR_S),
        until=shown.moment(house.now),
        total=shown.tally(house.week),
        devices=[_device(visit, one, names) for one in house.devices if one.week.stopped or one.week.passed],
    )


def _device(visit: Visit, one: DeviceView, names: dict[tuple[str, str], list[str]]) -> WeekDevice:
    purposes = [
        WeekPurpose(
            purpose=each.purpose,
            title=visit._(PURPOSES[each.purpose].title),
            names_kept=names.get((one.mac, str(each.purpose)), []),
            **shown.tally(each.week).model_dump(),
        )
        for each in one.purposes
        if each.is_seen
    ]
    kind = shown.kind(visit, one)
    return WeekDevice(mac=one.mac, id=one.id, label=one.label, kind=kind, total=shown.tally(one.week), purposes=purposes)
