"""One request by somebody: who it is, in which language, and how to answer.

The dependencies of all pages::

    def show(visit: Annotated[Visit, Depends(reader)]) -> Response                          # logged in, may look
    def throw(visit: Annotated[Visit, Depends(owner)], form: Annotated[Form, Depends(form)]) -> Response

``anyone`` is for what a stranger may see. Whoever is not let through is ``Turned``: an exception that carries its response,
for the handler ``turned``, which ``app.py`` registers. Paths under ``/api`` get Starlette's ``HTTPException`` instead (401,
403)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from .access import FIELD, Session
from .api.problem import is_api
from .form import Form, is_form, parse_form

if TYPE_CHECKING:
    from .language import Language
    from .panel import Panel

LANGUAGE_COOKIE = "netcurtain-language"
"""Chosen by hand; not a secret, not signed."""
MAX_PATH_CHARS = 512


class Turned(Exception):
    """Not let through: ``response`` says where to, or why not."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


async def turned(request: Request, exc: Exception) -> Response:
    """The handler of ``Turned``."""
    assert isinstance(exc, Turned)
    return exc.response


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request, and the one who makes it."""

    request: Request
    panel: "Panel"
    session: Session | None
    language: "Language"

    @property
    def is_owner(self) -> bool:
        """May change things."""
        return self.session is not None and self.session.role == "owner"

    @property
    def csrf(self) -> str:
        """The token for the forms of this page."""
        return self.panel.access.csrf(self.request)

    def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page of the panel."""
        body = self.panel.render(self, template, context)
        response = HTMLResponse(body, status_code=status)
        self.panel.access.leave(self.request, response)
        return response

    def go(self, path: str) -> RedirectResponse:
        """Elsewhere in the panel, by GET."""
        response = RedirectResponse(local_path(path), status_code=303)
        self.panel.access.leave(self.request, response)
        return response

    def _(self, text: str) -> str:
        return self.language.gettext(text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The plural form for a number."""
        return self.language.ngettext(one, many, number)


def local_path(path: str) -> str:
    """A path within the panel, with its query; ``/`` for whatever else it may be (another host, a scheme …)."""
    is_odd = len(path) > MAX_PATH_CHARS or "\\" in path or not path.isascii() or not path.isprintable()
    if is_odd or not path.startswith("/") or path.startswith("//"):
        return "/"
    parts = urlsplit(path)
    return path if not parts.scheme and not parts.netloc else "/"


# The dependencies.


def anyone(request: Request) -> Visit:
    """Whoever it is."""
    panel: Panel = request.app.state.panel
    if not hasattr(request.state, "since"):
        request.state.since = panel.live.at  # before anything is looked at: what happens from here on, the page's stream tells
    language = panel.languages.choose(request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", ""))
    return Visit(request=request, panel=panel, session=panel.access.who(request), language=language)


def reader(visit: Annotated[Visit, Depends(anyone)]) -> Visit:
    """Somebody who is logged in."""
    if visit.session is not None:
        return visit
    if is_api(visit.request.url.path):
        raise HTTPException(401)
    if not visit.panel.access.is_claimed:
        raise Turned(visit.go("/welcome"))
    raise Turned(visit.go("/login" + _back_to(visit.request)))


def owner(visit: Annotated[Visit, Depends(reader)]) -> Visit:
    """Somebody who may change things."""
    if visit.is_owner:
        return visit
    if is_api(visit.request.url.path):
        raise HTTPException(403)
    raise Turned(visit.page("forbidden.html", status=403, why="reader"))


async def form(request: Request, visit: Annotated[Visit, Depends(anyone)]) -> Form:
    """What was filled in, on a page of ours that this browser was given."""
    if not is_form(request.headers.get("content-type", "")):
        raise Turned(visit.page("forbidden.html", status=415, why="form"))
    try:
        found = parse_form(await request.body())
    except ValueError as err:
        raise Turned(visit.page("forbidden.html", status=400, why="form")) from err
    if not visit.panel.access.csrf_fits(request, found.get(FIELD, "")):
        raise Turned(visit.page("forbidden.html", status=403, why="token"))
    return found


def _back_to(request: Request) -> str:
    """Where to go after logging in; a form that was sent is not sent again."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"?next={quote(path, safe='')}" if request.method == "GET" and path != "/" else ""
