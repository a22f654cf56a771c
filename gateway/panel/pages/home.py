"""Home: am I protected, is everything still all right, what was kept at home?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.model.purpose import Purpose

from ..house import HouseView
from ..visit import Visit, reader
from ..wording import choices

router = APIRouter()
SHOWN = frozenset(
    (
        Purpose.MESH_SHARING, Purpose.VIDEO, Purpose.VOICE, Purpose.MOTION_EVENT, Purpose.TELEMETRY, Purpose.ADVERTISING,
        Purpose.UNKNOWN,
    )
)  # fmt: skip
"""The switches on a card; the device's own page has all of them."""


@router.get("/")
def show(visit: Annotated[Visit, Depends(reader)]) -> Response:
    """The page."""
    house = visit.panel.house.view()
    problems = [one for one in house.status.get("problems", ()) if one.get("message") and not one.get("over_at")]
    return visit.page(
        "home.html", house=house, problems=problems, questions=_questions(house), shown=SHOWN, choices=choices
    )  # fmt: skip


def _questions(house: HouseView) -> list[dict[str, Any]]:
    """One a day and device: the newest."""
    newest: dict[str, dict[str, Any]] = {}
    for question in house.status.get("questions", ()):
        device = house.device(question["device"])
        if device is not None and question["asked_at"] >= newest.get(device.mac, {"asked_at": 0})["asked_at"]:
            newest[device.mac] = {**question, "device": device}
    return list(newest.values())
