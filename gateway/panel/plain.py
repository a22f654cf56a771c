"""ASGI middleware for plain HTTP: what may not be served there is sent on (why, and what: ``authority``)."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .api.problem import is_api, problem
from .authority import instead_of_plain, may_be_plain


class Plain:
    """Stands inside the guard, which has looked at the Host header: where a redirect leads to is ours."""

    def __init__(self, app: ASGIApp, *, is_claimed: Callable[[], bool]) -> None:
        self._app = app
        self._is_claimed = is_claimed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["scheme"] == "https" or self._may(scope):
            await self._app(scope, receive, send)
        else:
            await _elsewhere(scope)(scope, receive, send)

    def _may(self, scope: Scope) -> bool:
        server = scope.get("server")
        return may_be_plain(str(server[0]) if server else "", scope["path"], self._is_claimed())


def _elsewhere(scope: Scope) -> Response:
    """A page to go to; a program is told what is wrong, lest its token goes over the cable again and again."""
    if is_api(scope["path"]):
        return problem(scope["path"], 403, "This is served over HTTPS only.")
    request = Request(scope)
    host, port = host_and_port(Headers(scope=scope).get("host", ""))
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(instead_of_plain(host, path, request.cookies, port), status_code=303)


def host_and_port(header: str) -> tuple[str, int]:
    """Of a Host header of plain HTTP; the host as it stands in an address."""
    host, colon, port = header.rpartition(":")
    if not colon or header.endswith("]") or not port.isdecimal():
        return header, 80
    return host, int(port)
