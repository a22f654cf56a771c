"""What is changed; each change can be taken back for half a minute, as on the pages."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from gateway.model.purpose import Purpose

from ..visit import Visit, owner, reader
from . import schemas, shown
from .device import Which, find
from .problem import problems

router = APIRouter(prefix="/api/v1", tags=["Changes"])
Owner = Annotated[Visit, Depends(owner)]
DEVICE = "/devices/{named}"
REFUSALS = problems(404, 409, 422, 503)


@router.get("/changes", summary="What can still be undone")
def changes(visit: Annotated[Visit, Depends(reader)]) -> schemas.Changes:
    """Of the pages, too. Who may only look can undo nothing, and finds nothing here."""
    made = visit.panel.changes.recent() if visit.is_owner else ()
    return schemas.Changes(items=[shown.change(visit, one) for one in made])


@router.post("/undo/{token}", summary="Take a change back", responses=problems(409, 503))
def undo(visit: Owner, token: Annotated[schemas.Token, Path()]) -> schemas.Undone:
    """Too late after 30 seconds, and where somebody has changed the same file since."""
    return schemas.Undone(text=shown.words(visit, visit.panel.changes.undo(token)))


@router.put(DEVICE + "/rules/{purpose}", summary="Throw a switch", responses=REFUSALS)
def set_rule(visit: Owner, named: Which, purpose: Purpose, rule: schemas.RuleIn) -> schemas.Change:
    """What the device may do for the purpose, in the household's file. A device that no file names has to be named first
    (`PUT …/profile`)."""
    device = find(visit.panel.house.view(), named)
    made = visit.panel.changes.set_rule(device.mac, purpose, rule.action, viewing=rule.viewing or "")
    return shown.change(visit, made)


@router.delete(DEVICE + "/rules/{purpose}", summary="As recommended again", responses=REFUSALS)
def drop_rule(visit: Owner, named: Which, purpose: Purpose) -> schemas.Change:
    """The device's own rule goes; its profile's holds."""
    device = find(visit.panel.house.view(), named)
    return shown.change(visit, visit.panel.changes.set_rule(device.mac, purpose, None))


@router.post(DEVICE + "/pause", summary="Let everything pass for a while", responses=REFUSALS)
def pause(visit: Owner, named: Which, wanted: schemas.PauseIn) -> schemas.Change:
    """Or one purpose only."""
    device = find(visit.panel.house.view(), named)
    return shown.change(visit, visit.panel.changes.pause(device.id, wanted.purpose, wanted.seconds))


@router.post(DEVICE + "/allow", summary="Let one purpose pass for a while", responses=REFUSALS)
def allow(visit: Owner, named: Which, wanted: schemas.AllowIn) -> schemas.Change:
    """Of this device only."""
    device = find(visit.panel.house.view(), named)
    return shown.change(visit, visit.panel.changes.allow(device.id, wanted.purpose, wanted.seconds))


@router.post(DEVICE + "/view", summary="Open a camera's picture", responses=REFUSALS)
def view(visit: Owner, named: Which) -> schemas.Change:
    """For as long as its rule says."""
    device = find(visit.panel.house.view(), named)
    return shown.change(visit, visit.panel.changes.view(device.id))


@router.delete(
    DEVICE + "/grants", summary="End what is open", response_model=schemas.Change,
    responses={**REFUSALS, 204: {"description": "Nothing was open."}},
)  # fmt: skip
def stop(visit: Owner, named: Which, asked: Annotated[schemas.GrantQuery, Query()]) -> schemas.Change | Response:
    """Pauses, allowances and viewings of a device: all of them, or those of a kind or for a purpose."""
    device = find(visit.panel.house.view(), named)
    ended = visit.panel.changes.stop(device.id, asked.kind or "", asked.purpose)
    return shown.change(visit, ended) if ended else Response(status_code=204)


@router.delete(DEVICE, summary="Forget a device", responses=REFUSALS)
def forget(visit: Owner, named: Which) -> schemas.Change:
    """Every trace of it: its entry in the household's files at once, all else when it is too late to undo that. If it speaks
    again, it is a new device. Whatever becomes of the panel, the gateway does it."""
    device = find(visit.panel.house.view(), named)
    return shown.change(visit, visit.panel.changes.forget(device.mac))


@router.put(DEVICE + "/profile", summary="Say what it is", responses=REFUSALS)
def set_profile(visit: Owner, named: Which, wanted: schemas.ProfileIn) -> schemas.Change:
    """One of `GET /api/v1/profiles`. A device that no file names gets an entry of its own, under the name or one after it."""
    device = find(visit.panel.house.view(), named)
    return shown.change(visit, visit.panel.changes.confirm(device.mac, wanted.profile, wanted.name or ""))
