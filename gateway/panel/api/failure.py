"""From exceptions to problems: the handlers of everything that is raised under ``/api/``."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gateway.edge.control_client import ControlError

from ..access.guard import SAYS, say
from ..change import NotDone
from ..visit import LANGUAGE_COOKIE, anyone
from .problem import is_api, problem
from .routes import methods_at

AWAY = frozenset(("not-running", "no-permission", "gone", "no-answer", "bad-answer"))
"""Codes of ``edge.control_client`` for a gateway that does not answer; all others are its own."""
REFUSED = {"unknown-device": 404, "unknown-flow": 404, "too-many": 409, "too-late": 409, "not-here": 409}
RETRY_S = "5"
MAX_ERRORS = 20
LOST = "There is nothing at this address."


def failed(request: Request, exc: HTTPException) -> Response:
    """What a route or the router raised."""
    path, headers = request.url.path, exc.headers
    if exc.status_code == 405:  # the router names the methods of one route only
        allowed = ", ".join(sorted(methods_at(request.scope)))
        return problem(path, 405, hint=f"here: {allowed}", headers={"allow": allowed})
    if exc.status_code == 400:
        return problem(path, 400, "The body is not JSON that can be read.", headers=headers)
    return problem(path, exc.status_code, LOST if exc.status_code == 404 else "", headers=headers)


def invalid(request: Request, exc: RequestValidationError) -> Response:
    """A parameter or body that is not as documented: each fault by its place. What was sent is not said again."""
    found: Sequence[Mapping[str, Any]] = exc.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return problem(request.url.path, 400, "The body is not JSON that can be read.")
    errors = [{"at": ".".join(map(_shown, one["loc"])), "what": str(one["msg"])[:200]} for one in found[:MAX_ERRORS]]
    detail = "; ".join(f"{one['at']}: {one['what']}" for one in errors)
    return problem(request.url.path, 422, detail, kind="invalid", errors=errors)


def gateway(request: Request, exc: ControlError) -> Response:
    """It is not there (503), or refused."""
    if exc.code in AWAY:
        return problem(
            request.url.path, 503, exc.message, kind="gateway-down", hint=exc.hint, headers={"retry-after": RETRY_S}
        )  # fmt: skip
    return problem(request.url.path, REFUSED.get(exc.code, 422), exc.message, kind="refused", hint=exc.hint)


def not_done(request: Request, exc: Exception) -> Response:
    """A change that cannot be made; nothing was."""
    assert isinstance(exc, NotDone)
    return problem(request.url.path, 409, anyone(request)._(exc.text) % exc.values, kind="not-done")


def refuse(scope: Scope, status: int) -> Response:
    """What the guard says to those it turns away: to people in their language, as plain text."""
    if is_api(scope["path"]):
        return problem(scope["path"], status, SAYS[status])
    asked = Request(scope)
    languages = scope["app"].state.panel.languages
    language = languages.choose(asked.cookies.get(LANGUAGE_COOKIE, ""), asked.headers.get("accept-language", ""))
    return say(scope, status, language.gettext(SAYS[status]), language.code)


def _shown(part: object) -> str:
    """A piece of a place: a key that a stranger made up is cut short."""
    return str(part).encode("ascii", "replace").decode()[:64]
