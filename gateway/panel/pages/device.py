"""A device: what it is, what it may do, what it did; and what people do to one."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.model.action import Action
from gateway.model.purpose import BY_TEXT, Purpose

from ..aftermath import aftermath
from ..change import UNDO_S, NotDone
from ..form import Form
from ..house import DeviceView, HouseView
from ..visit import Visit, form, local_path, owner, reader
from ..wording import choices
from .roster import here
from .stream import not_done

router = APIRouter(prefix="/devices/{named}")
MAX_NAMES = 30
MAX_SECONDS = 86_400.0
Owner = Annotated[Visit, Depends(owner)]
Filled = Annotated[Form, Depends(form)]


@router.get("")
def show(visit: Annotated[Visit, Depends(reader)], named: str) -> Response:
    """The page."""
    house = visit.panel.house.view()
    device = _device(house, named)
    guess = device.guess or {}
    return visit.page(
        "device.html",
        house=house,
        device=device,
        hours=visit.panel.books.hourly(device.mac),
        names=visit.panel.books.names(device.mac)[:MAX_NAMES],
        needed=[] if device.paused or device.trusted else aftermath(visit.panel.books, device=device.mac),
        choices=choices,
        profiles=sorted(house.profiles.items(), key=lambda item: visit.language.pick(item[1]).casefold()),
        likely=device.profile if device.named else guess.get("profile") or device.profile,
        suggestion=device.hostname,
    )


@router.post("/rule")
def rule(visit: Owner, filled: Filled, named: str) -> Response:
    """Throw a switch; an empty action is as recommended."""
    device = _device(visit.panel.house.view(), named)
    action, purpose = filled.line("action"), _purpose(filled)
    if purpose is None or (action and action not in list(Action)):
        raise HTTPException(400)
    return _done(visit, filled, lambda: visit.panel.changes.set_rule(device.mac, purpose, Action(action) if action else None))


@router.post("/pause")
def pause(visit: Owner, filled: Filled, named: str) -> Response:
    """Let everything, or one purpose, through for a while."""
    device = _device(visit.panel.house.view(), named)
    return _done(visit, filled, lambda: visit.panel.changes.pause(device.id, _purpose(filled), _seconds(filled, 600)))


@router.post("/allow")
def allow(visit: Owner, filled: Filled, named: str) -> Response:
    """Let one purpose pass for a while."""
    device, purpose = _device(visit.panel.house.view(), named), _purpose(filled)
    if purpose is None:
        raise HTTPException(400)
    return _done(visit, filled, lambda: visit.panel.changes.allow(device.id, purpose, _seconds(filled, 3_600)))


@router.post("/view")
def view(visit: Owner, filled: Filled, named: str) -> Response:
    """Open a camera's picture, for as long as its rule says."""
    device = _device(visit.panel.house.view(), named)
    return _done(visit, filled, lambda: visit.panel.changes.view(device.id))


@router.post("/stop")
def stop(visit: Owner, filled: Filled, named: str) -> Response:
    """End what is open."""
    device = _device(visit.panel.house.view(), named)
    return _done(visit, filled, lambda: visit.panel.changes.stop(device.id, filled.line("kind"), _purpose(filled)))


@router.post("/confirm")
def confirm(visit: Owner, filled: Filled, named: str) -> Response:
    """Say what it is."""
    device = _device(visit.panel.house.view(), named)
    return _done(visit, filled, lambda: visit.panel.changes.confirm(device.mac, filled.line("profile"), filled.line("name")))


@router.get("/forget")
def ask_to_forget(visit: Owner, named: str) -> Response:
    """What that means, before it is done."""
    house = visit.panel.house.view()
    device = _device(house, named)
    owned = [one for one in house.phones if one.owner]
    return visit.page(
        "forget.html",
        device=device,
        undo_s=UNDO_S,
        is_last=owned == [device],
        is_here=device.trusted and here(visit, house.phones) == device,
    )


@router.post("/forget")
def forget(visit: Owner, filled: Filled, named: str) -> Response:
    """Every trace of it, once it is too late to undo that."""
    device = _device(visit.panel.house.view(), named)
    return _done(visit, filled, lambda: visit.panel.changes.forget(device.mac))


def _done(visit: Visit, filled: Form, change: Any) -> Response:
    """Do it, and go back to where it was asked for."""
    back = local_path(filled.line("next"))
    try:
        change()
    except NotDone as err:
        return not_done(visit, err, back)
    return visit.go(back)


def _device(house: HouseView, named: str) -> DeviceView:
    device = house.device(named)
    if device is None:
        if house.down is not None:
            raise house.down
        raise HTTPException(404)
    return device


def _purpose(filled: Form) -> Purpose | None:
    text = filled.line("purpose")
    if text and text not in BY_TEXT:
        raise HTTPException(400)
    return BY_TEXT.get(text)


def _seconds(filled: Form, default: float) -> float:
    text = filled.line("seconds")
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:9]) <= MAX_SECONDS:
        raise HTTPException(400)
    return float(text[:9])
