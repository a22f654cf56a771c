"""First run: a language and a password, whose phone this is, one question for each camera.

A step is left out where there is nothing to ask. Nobody has to finish: what is behind the curtain is protected from the
first minute, and everything can be changed later. With two cameras it takes six clicks and two fields.
"""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.model.action import Action
from gateway.model.purpose import Purpose
from gateway.panel.access import AccountError, address_of
from gateway.panel.change import NotDone
from gateway.panel.house import DeviceView, HouseView
from gateway.panel.visit import Visit, owner
from gateway.panel.wording import N_

from .enter import Anyone, Filled
from .roster import cameras, here, maybe_phones, owner_id, why_not
from .weakness import tell

router = APIRouter(include_in_schema=False)
Owner = Annotated[Visit, Depends(owner)]


class Viewing(NamedTuple):
    """One answer to a camera's question."""

    viewing: str
    """As a rule says it."""
    title: str
    gives: str
    costs: str


VIEWINGS: dict[str, Viewing] = {
    "away": Viewing(
        "evidence",
        N_("Yes, from anywhere"),
        N_("You can look and answer the door with the maker's app, wherever you are."),
        N_(
            "The picture goes to the maker's servers whenever a command asks for it. Your command and the maker's own look the"
            " same from here, so the maker could look too: at most six times an hour, and each time is shown here."
        ),
    ),
    "home": Viewing(
        "panel+home",
        N_("Only while I am at home"),
        N_("In this home your phone opens the picture, with the app of Ring or Wyze; any other camera opens with “Watch now”."),
        N_("Away from home you see nothing and cannot answer the door. The maker's servers see it only while it is open."),
    ),
    "button": Viewing(
        "panel",
        N_("Only when I press “Watch now”"),
        N_("You open the picture here, for as long as you say; then it closes by itself."),
        N_("Without that the maker's app gets no picture over the internet. Its servers see one only while it is open."),
    ),
}


@router.get("/welcome")
def show_welcome(visit: Anyone, hide: bool = False) -> Response:
    """The first page of a new box."""
    if visit.panel.access.is_claimed:
        return visit.go("/")
    if not visit.panel.access.may_claim(visit.request):
        return visit.page("welcome_late.html", status=403)
    return visit.page("welcome.html", hide=hide, faults=())


@router.post("/welcome")
def claim(visit: Anyone, filled: Filled) -> Response:
    """The household's password: from here on the box has an owner."""
    access, password = visit.panel.access, filled.get("password", "")
    if access.is_claimed:
        return visit.go("/")
    if not access.may_claim(visit.request):
        return visit.page("welcome_late.html", status=403)
    faults = tell(visit, access.too_weak(password))
    if not faults:
        try:
            access.take(visit.request, password)
            _tell_gateway(visit)
            return visit.go("/welcome/phone")
        except AccountError:
            return visit.go("/")
        except OSError:
            faults = (visit._("The box cannot write to its card, so it cannot remember a password. Is the card full or worn?"),)
    return visit.page("welcome.html", status=422, hide=filled.get("hide") == "1", faults=faults)


@router.get("/welcome/phone")
def show_phone(visit: Owner) -> Response:
    """Whose phone this is."""
    return _phone(visit)


@router.post("/welcome/phone")
def claim_phone(visit: Owner, filled: Filled) -> Response:
    """Yes, another one, or not now."""
    house = visit.panel.house.view()
    if filled.get("do") != "skip":
        phone = next((one for one in maybe_phones(house) if one.mac == filled.get("phone")), None)
        if phone is None:
            return _phone(visit, status=422, fault=visit._("Choose a device from the list, or skip this step."))
        try:
            visit.panel.changes.claim_phone(phone.mac, owner_id(filled.line("name")))
        except NotDone as err:
            return _phone(visit, status=409, fault=why_not(visit, err))
    return visit.go(_next_camera(house, after=""))


@router.get("/welcome/camera/{mac}")
def show_camera(visit: Owner, mac: str) -> Response:
    """The question for one camera."""
    house = visit.panel.house.view()
    found = next((one for one in cameras(house) if one.mac == mac), None)
    return _camera(visit, house, found) if found else visit.go(_next_camera(house, after=mac))


@router.post("/welcome/camera/{mac}")
def answer_camera(visit: Owner, filled: Filled, mac: str) -> Response:
    """Its answer, and where they are to be treated alike, that of all that come after it."""
    house = visit.panel.house.view()
    asked = [one for one in cameras(house) if one.mac == mac or ("all" in filled and one.mac > mac)]
    answer = VIEWINGS.get(filled.get("viewing", ""))
    if answer is not None:
        try:
            for one in asked:
                _answer(visit, one, answer)
        except NotDone as err:
            return _camera(visit, house, asked[0], status=409, fault=why_not(visit, err))
    return visit.go(_next_camera(house, after=asked[-1].mac if asked else mac))


@router.get("/welcome/done")
def show_done(visit: Owner) -> Response:
    """What holds from now on."""
    visit.panel.access.finish_first_run()
    house = visit.panel.house.view()
    return visit.page("welcome_done.html", house=house, behind=[one.label for one in house.devices])


def _tell_gateway(visit: Visit) -> None:
    """Nobody else behind the curtain comes here any more; with this device the first run goes on, trusted or not."""
    address, known = address_of(visit.request), visit.panel.house.view().devices
    visit.panel.contact.claimed(next((one.mac for one in known if address in one.addresses), ""))


def _phone(visit: Visit, *, status: int = 200, fault: str = "") -> Response:
    house = visit.panel.house.view()
    choices = maybe_phones(house)
    context = {
        "here": here(visit, choices),
        "choices": [(one.mac, one.label) for one in choices],
        "labels": {one.mac: one.label for one in choices},
        "down": house.down,
    }
    return visit.page("welcome_phone.html", status=status, fault=fault, **context)


def _camera(visit: Visit, house: HouseView, camera: DeviceView, *, status: int = 200, fault: str = "") -> Response:
    video = camera.purpose(Purpose.VIDEO)
    context = {
        "camera": camera,
        "label": camera.label,
        "viewings": VIEWINGS,
        "now": video.viewing if video else "",
        "others": sum(one.mac > camera.mac for one in cameras(house)),
    }
    return visit.page("welcome_camera.html", status=status, fault=fault, **context)


def _answer(visit: Visit, camera: DeviceView, answer: Viewing) -> None:
    """Write it down. Whoever answers for a camera that only looks like one says that it is one. NotDone: it stays as it was."""
    if not camera.named:
        visit.panel.changes.confirm(camera.mac, camera.profile)
    visit.panel.changes.set_rule(camera.mac, Purpose.VIDEO, Action.OWNER_ONLY, viewing=answer.viewing)


def _next_camera(house: HouseView, *, after: str) -> str:
    left = next((one.mac for one in cameras(house) if one.mac > after), "")
    return f"/welcome/camera/{left}" if left else "/welcome/done"
