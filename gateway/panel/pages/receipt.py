"""The week's receipt: per device and purpose, what was stopped, what was kept, what left; to print, and as a table."""

import csv
import io
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from ..books import HOUR_S, WEEK_HOURS
from ..house import HouseView
from ..visit import Visit, reader

router = APIRouter()
HEAD = ("device", "kind", "purpose", "attempts stopped", "bytes kept at home", "flows passed", "bytes sent", "names kept")
FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
Reader = Annotated[Visit, Depends(reader)]


@router.get("/week")
def show(visit: Reader) -> Response:
    """The page."""
    house = visit.panel.house.view()
    return visit.page(
        "week.html",
        house=house,
        devices=[device for device in house.devices if device.week.stopped or device.week.passed],
        names=names_kept(visit),
        since=house.now - WEEK_HOURS * HOUR_S,
    )


@router.get("/week.csv")
def table(visit: Reader) -> Response:
    """The same for a spreadsheet (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    writer.writerows(_rows(visit, visit.panel.house.view()))
    headers = {"content-disposition": 'attachment; filename="netcurtain-week.csv"'}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


def _rows(visit: Visit, house: HouseView) -> list[tuple[object, ...]]:
    names = names_kept(visit)
    return [
        (
            cell(device.id), cell(visit.language.pick(device.titles)), str(one.purpose), one.week.stopped, one.week.held_bytes,
            one.week.passed, one.week.bytes_out, cell(" ".join(names.get((device.mac, str(one.purpose)), ()))),
        )
        for device in house.devices
        for one in device.purposes
        if one.is_seen
    ]  # fmt: skip


def names_kept(visit: Visit) -> dict[tuple[str, str], list[str]]:
    """(device, purpose) -> the names that got nothing."""
    found: dict[tuple[str, str], list[str]] = {}
    for device, purpose, name in visit.panel.books.kept_names():
        found.setdefault((device, purpose), []).append(name)
    return {key: sorted(names) for key, names in found.items()}


def cell(text: str) -> str:
    """A device's text must not become a formula in a spreadsheet (OWASP, CSV injection)."""
    return f"'{text}" if text.lstrip().startswith(FORMULAS) or text[:1] in ("\t", "\r", "\n") else text
