"""ASGI middleware before the API: whoever gets past it is logged in, and may do what they ask.

It stands before the routes, not in them: no route can forget it, and a stranger's body is not even looked at.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..access.guard import SAFE
from .problem import is_api, problem

TOKEN = "X-CSRF-Token"
CHALLENGE = 'Cookie realm="Netcurtain"'
"""A 401 has to name a scheme (RFC 9110, 11.6.1); browsers do nothing on this one."""


class Gate:
    """Wraps the application, inside the guard."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        refused = None
        if scope["type"] == "http" and is_api(scope["path"]):
            refused = await run_in_threadpool(refusal, Request(scope))
        await (refused or self._app)(scope, receive, send)


def refusal(request: Request) -> Response | None:
    """Why this request is not let through; None: it is."""
    path, access = request.url.path, request.app.state.panel.access
    session = access.who(request)
    if session is None:
        hint = "log in with a browser" if access.is_claimed else "nobody owns this box yet: open it in a browser"
        return problem(path, 401, "Nobody is logged in.", hint=hint, headers={"www-authenticate": CHALLENGE})
    if request.method in SAFE:
        return None
    if session.role != "owner":
        return problem(path, 403, "This account may only look.", hint="an owner's account may change things")
    if not access.csrf_fits(request, request.headers.get(TOKEN, "")):
        hint = f"GET /api/v1/session tells the token; send it as {TOKEN}"
        return problem(path, 403, "The token is missing, or of another session.", kind="token", hint=hint)
    if _has_body(request) and not _is_json(request.headers.get("content-type", "")):
        return problem(path, 415, "Bodies are JSON.", hint="send Content-Type: application/json")
    return None


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0").strip("0") != ""


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"
