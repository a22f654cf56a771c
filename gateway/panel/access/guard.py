"""ASGI middleware around the whole panel: nobody gets to a page past it, and no page gets out without its headers.

* **Host.** A page elsewhere can make its own name point at this box (DNS rebinding) and would then be this box's origin;
  its name in the request gives it away. So only the address that the request came to, and names that are known to be ours,
  are answered: else 421.
* **Origin.** What changes something must come from a page of ours, as far as the browser says where it comes from.
* **Bodies.** 64 kB, within ten seconds, read whole before anything else sees them.
* **Errors.** Whatever a page raises is logged; what leaves says that something failed, and not what.

``Referrer-Policy`` is ``same-origin`` and not ``no-referrer``: with the latter browsers send ``Origin: null`` with forms
(Fetch standard, "append a request Origin header"), and plain HTTP has no ``Sec-Fetch-Site`` either. Neither tells another
site anything."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.panel.form import MAX_BODY_BYTES
from gateway.panel.wording import N_

NAMES = ("localhost", "netcurtain", "netcurtain.local")
BODY_S = 10.0
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
SITES = frozenset(("same-origin", "none"))
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=()",
}
SAYS = {
    403: N_("This came from a page of another site. Nothing was changed."),
    408: N_("What was sent did not come in time. Nothing was changed."),
    413: N_("Too much was sent at once. Nothing was changed."),
    421: N_("This box does not answer under this name. Open it by its address, or as netcurtain.local."),
    500: N_("Something failed here. The curtain goes on stopping what it stopped. Go back and try once more."),
}
_HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]{2,45})\]|(?P<name>[a-z0-9._-]{1,253}))(?::(?P<port>[0-9]{1,5}))?").fullmatch
_PORTS = {"http": 80, "https": 443}
_log = logging.getLogger("netcurtain.panel")

Refuse = Callable[[Scope, int], Response]


class Refused(Exception):
    """Answered here; ``args`` hold the status."""


def say(scope: Scope, status: int, text: str = "", language: str = "en") -> Response:
    """The plain answer where no page can be drawn; ``text`` where somebody has translated it."""
    return PlainTextResponse((text or SAYS[status]) + "\n", status_code=status, headers={"content-language": language})


class Guard:
    """Wraps the application; ``hosts`` are more names that are ours, ``refuse`` draws what is said to those turned away."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str] = (), refuse: Refuse = say) -> None:
        self._app = app
        self._names = frozenset((*NAMES, *(host.lower().rstrip(".") for host in hosts)))
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        out = _Out(send)
        try:
            self._check(scope)
            await self._app(scope, await _whole(scope, receive), out)
        except Refused as refused:
            await self._answer(scope, receive, out, refused.args[0])
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            await self._answer(scope, receive, out, 500)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        named = headers.getlist("host")
        if len(named) != 1 or not is_ours(named[0], self._names, own=_own(scope)):
            raise Refused(421)
        if scope["method"] not in SAFE and not _is_from_here(headers, named[0], scope["scheme"]):
            raise Refused(403)

    async def _answer(self, scope: Scope, receive: Receive, out: "_Out", status: int) -> None:
        if out.is_started:
            return  # the server notices that it is not whole, and closes
        try:
            response = self._refuse(scope, status)
        except Exception:
            _log.exception("the page for %s failed", status)
            response = say(scope, status)
        response.headers["connection"] = "close"  # what else was sent is not read
        await response(scope, receive, out)


class _Out:
    """``send`` with our headers on every response."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_started = True
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers.setdefault("cache-control", "no-store")
        await self._send(message)


async def _whole(scope: Scope, receive: Receive) -> Receive:
    """The body read to its end; afterwards only the browser's leaving is waited for. Refused: too large, too slow."""
    headers = Headers(scope=scope)
    length = headers.get("content-length", "")
    if not length and "transfer-encoding" not in headers:
        return receive
    if length.isdecimal() and int(length[:20]) > MAX_BODY_BYTES:
        raise Refused(413)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return _then(message, receive)
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    raise Refused(413)
                if not message.get("more_body", False):
                    break
    except TimeoutError as err:
        raise Refused(408) from err
    return _then({"type": "http.request", "body": bytes(body), "more_body": False}, receive)


def _then(first: Message, receive: Receive) -> Receive:
    waiting = [first]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def is_ours(host: str, names: frozenset[str], *, own: str) -> bool:
    """A Host header that names this box: one of ``names``, or the very address ``own`` that the request came to."""
    found = _HOST(host.lower())
    if found is None or int(found["port"] or 0) > 65_535:
        return False
    text = found["six"] or found["name"].removesuffix(".")
    try:
        address = ip_address(text)
    except ValueError:
        return not found["six"] and text in names
    return (address.version == 6) == bool(found["six"]) and str(address) == own


def _own(scope: Scope) -> str:
    """The address that the request came to, in one spelling; empty where the server cannot say."""
    server = scope.get("server")
    try:
        address = ip_address(str(server[0]).partition("%")[0] if server else "")
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _is_from_here(headers: Headers, host: str, scheme: str) -> bool:
    """As far as the browser says; who says nothing has a form's token or an API's to show."""
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    if any(site not in SITES for site in sites):
        return False
    return all(_same_origin(origin, host, scheme) for origin in origins)


def _same_origin(origin: str, host: str, scheme: str) -> bool:
    try:
        theirs, ours = urlsplit(origin), urlsplit(f"{scheme}://{host}")
        same_port = (theirs.port or _PORTS.get(theirs.scheme)) == (ours.port or _PORTS[scheme])
    except ValueError:
        return False
    return same_port and (theirs.scheme, theirs.hostname) == (scheme, ours.hostname) and not theirs.path.strip("/")
