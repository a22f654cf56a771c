"""Settings: the owners' phones, the language, accounts, where somebody is logged in, what is kept, how the box is.

Whoever may only look sees what concerns themselves. What comes later (bridges, tokens, backup …) has no place here yet.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.panel.access import HOUSEHOLD, AccountError
from gateway.panel.access.account import MAX_ACCOUNTS
from gateway.panel.change import NotDone
from gateway.panel.house import HouseView
from gateway.panel.visit import Visit, owner, reader
from gateway.panel.wording import N_, spoken

from .agent import spoken_agent
from .enter import Filled
from .roster import here, maybe_phones, owner_id, why_not
from .weakness import tell

router = APIRouter(include_in_schema=False)
Reader = Annotated[Visit, Depends(reader)]
Owner = Annotated[Visit, Depends(owner)]

DONE = {
    "phone": N_("This phone is an owner's from now on: it may see the cameras' pictures in the home."),
    "no-phone": N_("This phone is no owner's any more. It goes on as a device of the household."),
    "password": N_("The password was changed. Everybody else who was logged in with it is logged out."),
    "account": N_("The account was added. It may look at everything and change nothing."),
    "no-account": N_("The account was removed, and whoever used it is logged out."),
    "session": N_("Logged out there."),
}
ACCOUNT_FAULTS = {
    "taken": N_("There is an account of that name already."),
    "bad-name": N_("A name has letters, figures, dots and dashes, and no spaces: 32 at most."),
    "too-many": N_("There are as many accounts as there can be. Remove one first."),
    "household": N_("The household's own account cannot be removed."),
}


class PhoneRow(NamedTuple):
    """An owner's phone."""

    owner: str
    mac: str
    label: str
    is_here: bool


@router.get("/settings")
def show_settings(visit: Reader, done: str = "") -> Response:
    """Everything on one page."""
    return _settings(visit, done=visit._(DONE[done]) if done in DONE else "")


@router.post("/settings/phones")
def add_phone(visit: Owner, filled: Filled) -> Response:
    """One more phone of an owner."""
    house = visit.panel.house.view()
    phone = next((one for one in maybe_phones(house) if one.mac == filled.get("phone")), None)
    if phone is None:
        return _settings(visit, status=422, fault=visit._("Choose a device from the list."))
    try:
        visit.panel.changes.claim_phone(phone.mac, owner_id(filled.line("name")))
    except NotDone as err:
        return _settings(visit, status=409, fault=why_not(visit, err))
    return visit.go("/settings?done=phone")


@router.post("/settings/phones/remove")
def remove_phone(visit: Owner, filled: Filled) -> Response:
    """It is no owner's any more."""
    house = visit.panel.house.view()
    phone = next((one for one in house.phones if one.mac == filled.get("phone") and one.owner), None)
    if phone is None:
        return visit.go("/settings")
    try:
        visit.panel.changes.release_phone(phone.id, phone.owner)
    except NotDone as err:
        return _settings(visit, status=409, fault=why_not(visit, err))
    return visit.go("/settings?done=no-phone")


@router.get("/settings/password")
def show_password(visit: Owner) -> Response:
    """Another password for the household."""
    return _password(visit)


@router.post("/settings/password")
def change_password(visit: Owner, filled: Filled) -> Response:
    """With the old one; whoever has just come by a link needs none."""
    access, new = visit.panel.access, filled.get("new", "")
    assert visit.session is not None
    name = visit.session.account
    faults = tell(visit, access.too_weak(new, *_owner_names(visit)))
    if faults:
        return _password(visit, status=422, faults=faults)
    if not access.sessions.is_fresh_link(visit.session):
        found = access.fits(visit.request, name, filled.get("old", ""))
        if found.wait_s:
            return _password(visit, status=429, faults=(_wait(visit, found.wait_s),))
        if found.session is None:
            return _password(visit, status=403, faults=(visit._("The old password is not right."),))
    try:
        access.change_password(visit.request, name, new)
    except OSError:
        return _password(visit, status=409, faults=(_not_kept(visit),))
    return visit.go("/settings?done=password")


@router.get("/settings/{rest:path}")
def go_back(visit: Reader, rest: str) -> Response:
    """What only takes forms, opened as a page: after a change of language, or with the browser's back button."""
    return visit.go("/settings")


@router.post("/settings/accounts")
def add_account(visit: Owner, filled: Filled) -> Response:
    """Somebody who may look and change nothing."""
    access, name, password = visit.panel.access, filled.line("name"), filled.get("password", "")
    faults = tell(visit, access.too_weak(password, name, *_owner_names(visit)))
    if faults:
        return _settings(visit, status=422, fault=" ".join(faults))
    try:
        access.add_reader(name, password)
    except AccountError as err:
        return _settings(visit, status=422, fault=visit._(ACCOUNT_FAULTS[str(err)]))
    except OSError:
        return _settings(visit, status=409, fault=_not_kept(visit))
    return visit.go("/settings?done=account")


@router.post("/settings/accounts/remove")
def remove_account(visit: Owner, filled: Filled) -> Response:
    """With everything that is open under it."""
    try:
        visit.panel.access.remove_account(filled.line("name"))
    except AccountError as err:
        return _settings(visit, status=422, fault=visit._(ACCOUNT_FAULTS[str(err)]))
    except OSError:
        return _settings(visit, status=409, fault=_not_kept(visit))
    return visit.go("/settings?done=no-account")


@router.post("/settings/sessions/end")
def end_sessions(visit: Reader, filled: Filled) -> Response:
    """One of them, or all but this one. Whoever may only look ends their own."""
    sessions, mine = visit.panel.access.sessions, visit.session
    assert mine is not None
    chosen = filled.get("session", "")
    for one in sessions.listed(None if visit.is_owner else mine.account):
        if one.id == chosen or (chosen == "others" and one.id != mine.id):
            sessions.revoke(one.id)
    if chosen == mine.id:
        visit.panel.access.log_out(visit.request)
        return visit.go("/login")
    return visit.go("/settings?done=session")


def _settings(visit: Visit, *, status: int = 200, done: str = "", fault: str = "") -> Response:
    access, house = visit.panel.access, visit.panel.house.view()
    phones = maybe_phones(house)
    assert visit.session is not None
    mine = None if visit.is_owner else visit.session.account
    context = {
        "house": house,
        "phones": _phone_rows(visit, house),
        "choices": [(one.mac, one.label) for one in phones if not one.owner],
        "accounts": access.accounts.listed(),
        "has_room": len(access.accounts) < MAX_ACCOUNTS,
        "household": HOUSEHOLD,
        "sessions": [(one, spoken_agent(visit, one.agent)) for one in access.sessions.listed(mine)],
        "problems": _problems(house),
        "retention_days": visit.panel.settings.retention_days,
    }
    return visit.page("settings.html", status=status, done=done, fault=fault, **context)


def _phone_rows(visit: Visit, house: HouseView) -> list[PhoneRow]:
    mine = here(visit, house.phones)
    rows = [PhoneRow(spoken(one.owner), one.mac, one.label, one == mine) for one in house.phones if one.owner]
    return sorted(rows)


def _problems(house: HouseView) -> list[Mapping[str, Any]]:
    """What is not over, in the gateway's own words."""
    return [one for one in house.status.get("problems", ()) if one.get("message") and not one.get("over_at")]


def _password(visit: Visit, *, status: int = 200, faults: tuple[str, ...] = ()) -> Response:
    assert visit.session is not None
    needs_old = not visit.panel.access.sessions.is_fresh_link(visit.session)
    return visit.page("settings_password.html", status=status, faults=faults, needs_old=needs_old)


def _owner_names(visit: Visit) -> tuple[str, ...]:
    return tuple(visit.panel.house.view().owners)


def _wait(visit: Visit, seconds: float) -> str:
    return visit._("Too many wrong passwords came from here. Try again in %(span)s.") % {"span": visit.language.span(seconds)}


def _not_kept(visit: Visit) -> str:
    return visit._("The box cannot write to its card, so nothing was changed. Is the card full or worn?")
