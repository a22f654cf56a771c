"""Home: am I protected, is everything still all right, what was kept at home?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.model.purpose import Purpose

from ..house import DeviceView, HouseView, PurposeView
from ..visit import Visit, reader
from ..wording import choices

router = APIRouter()
SHOWN = frozenset(
    (
        Purpose.MESH_SHARING, Purpose.VIDEO, Purpose.VOICE, Purpose.MOTION_EVENT, Purpose.TELEMETRY, Purpose.ADVERTISING,
        Purpose.UNKNOWN,
    )
)  # fmt: skip
"""What can be a switch on a card."""


@router.get("/")
def show(visit: Annotated[Visit, Depends(reader)]) -> Response:
    """The page."""
    house = visit.panel.house.view()
    problems = [one for one in house.status.get("problems", ()) if one.get("message") and not one.get("over_at")]
    questions = _questions(house)
    return visit.page(
        "home.html", house=house, problems=problems, questions=questions, switches=switches, choices=choices
    )  # fmt: skip


def switches(device: DeviceView) -> list[PurposeView]:
    """On its card: what somebody decided, what it did this week, the picture of a camera; the rest stands on its own page."""
    return [
        one
        for one in device.purposes
        if one.purpose in SHOWN and (one.is_seen or one.is_own or _matters(device, one))
    ]


def _matters(device: DeviceView, one: PurposeView) -> bool:
    """Whether it did so or not: people want to see it stopped."""
    if one.purpose is Purpose.MESH_SHARING:
        return bool(one.cost.texts["en"])
    return one.purpose is Purpose.VIDEO and device.is_camera


def _questions(house: HouseView) -> list[dict[str, Any]]:
    """One a day and device: the newest."""
    newest: dict[str, dict[str, Any]] = {}
    for question in house.status.get("questions", ()):
        device = house.device(question["device"])
        if device is not None and question["asked_at"] >= newest.get(device.mac, {"asked_at": 0})["asked_at"]:
            newest[device.mac] = {**question, "device": device}
    return list(newest.values())
