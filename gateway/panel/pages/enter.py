"""In and out: the password, login links, logging out, and the language, which a stranger may choose too."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.panel.form import Form
from gateway.panel.visit import LANGUAGE_COOKIE, Visit, anyone, form, local_path

router = APIRouter(include_in_schema=False)
YEAR_S = 365 * 86_400
Anyone = Annotated[Visit, Depends(anyone)]
Filled = Annotated[Form, Depends(form)]


@router.get("/login")
def show_login(visit: Anyone, next: str = "/") -> Response:
    """The question for the password, and what somebody without it cannot do."""
    if not visit.panel.access.is_claimed:
        return visit.go("/welcome")
    if visit.session is not None:
        return visit.go(next)
    return _login(visit, next=next)


@router.post("/login")
def log_in(visit: Anyone, filled: Filled) -> Response:
    """Look at what was typed. The answer does not tell whether it was the name or the password."""
    back = local_path(filled.get("next", "/"))
    name = filled.line("name")
    found = visit.panel.access.log_in(visit.request, name, filled.get("password", ""))
    if found.session is not None:
        is_first_run = found.session.role == "owner" and visit.panel.access.is_first_run
        return visit.go("/welcome/phone" if is_first_run and back == "/" else back)
    if found.wait_s:
        response = _login(visit, next=back, name=name, wait_s=found.wait_s, status=429)
        response.headers["retry-after"] = str(int(found.wait_s) + 1)
        return response
    return _login(visit, next=back, name=name, is_wrong=True, status=403)


@router.post("/logout")
def log_out(visit: Anyone, filled: Filled) -> Response:
    """End this browser's session."""
    visit.panel.access.log_out(visit.request)
    return visit.go("/login")


@router.get("/enter/{token}")
def show_link(visit: Anyone, token: str) -> Response:
    """A button: programs that fetch every link they see press none."""
    access = visit.panel.access
    is_valid = access.claim.is_valid(token)
    context = {"token": token if is_valid else "", "is_claimed": access.is_claimed}
    return visit.page("enter.html", status=200 if is_valid else 410, **context)


@router.post("/enter/{token}")
def enter(visit: Anyone, filled: Filled, token: str) -> Response:
    """Use the link up."""
    outcome = visit.panel.access.enter(visit.request, token)
    if outcome == "in":
        return visit.go("/settings/password" if filled.get("to") == "password" else "/")
    if outcome == "claiming":
        return visit.go("/welcome")
    return visit.page("enter.html", status=410, token="", is_claimed=visit.panel.access.is_claimed)


@router.post("/language")
def choose_language(visit: Anyone, filled: Filled) -> Response:
    """From now on this browser reads another language; an unknown one goes back to what the browser asks for."""
    response = visit.go(filled.get("next", "/"))
    code = filled.get("code", "")
    if visit.panel.languages.get(code) is None:
        response.delete_cookie(LANGUAGE_COOKIE, path="/", httponly=True, samesite="strict")
    else:
        response.set_cookie(LANGUAGE_COOKIE, code, max_age=YEAR_S, path="/", httponly=True, samesite="strict")
    return response


def _login(
    visit: Visit, *, next: str, name: str = "", wait_s: float = 0.0, is_wrong: bool = False, status: int = 200
) -> Response:
    context = {"next": local_path(next), "name": name[:64], "wait_s": wait_s, "is_wrong": is_wrong}
    return visit.page("login.html", status=status, **context)
