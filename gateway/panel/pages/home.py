"""Home: am I protected, is everything still all right, what was kept at home?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.model.purpose import Purpose

from ..aftermath import Needed, aftermath
from ..form import Form
from ..house import DeviceView, HouseView, PurposeView
from ..visit import Visit, form, owner, reader
from ..wording import choices

router = APIRouter()
PAUSE_S = 600.0
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
    everything = next((one for one in house.status.get("grants", ()) if one["device"] == "all" and not one["purpose"]), None)
    return visit.page(
        "home.html",
        house=house,
        problems=problems,
        questions=_questions(house),
        pause=everything,
        needed=_needed(visit, house),
        switches=switches,
        choices=choices,
    )


@router.post("/pause")
def pause(visit: Annotated[Visit, Depends(owner)], filled: Annotated[Form, Depends(form)]) -> Response:
    """Let everything of everybody through for ten minutes, and see."""
    visit.panel.changes.pause("all", None, PAUSE_S)
    return visit.go("/")


@router.post("/stop")
def stop(visit: Annotated[Visit, Depends(owner)], filled: Annotated[Form, Depends(form)]) -> Response:
    """End that at once."""
    visit.panel.changes.stop("all", kind="pause")
    return visit.go("/")


def _needed(visit: Visit, house: HouseView) -> list[tuple[DeviceView, list[Needed]]]:
    """By device; nothing while it is still let through."""
    found: dict[str, list[Needed]] = {}
    for one in aftermath(visit.panel.books):
        found.setdefault(one.device, []).append(one)
    known = ((house.device(mac), rows) for mac, rows in found.items())
    return [(device, rows) for device, rows in known if device is not None and not device.paused]


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
