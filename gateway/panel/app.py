"""The application: routes, what stands before them, and the pages for what went wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from gateway import __version__
from gateway.edge.control_client import ControlError

from .access.guard import Guard
from .api import failure
from .api.gate import Gate
from .api.problem import is_api
from .api.routes import ROUTERS
from .change import NotDone
from .pages import activity, certificate, device, enter, first_run, home, receipt, settings, stream
from .panel import Panel
from .plain import Plain
from .visit import Turned, anyone, turned

STATIC_S = 86_400
PAGES = (enter, first_run, home, device, activity, receipt, settings, stream, certificate)


def build(panel: Panel) -> FastAPI:
    """The whole panel, as an ASGI application."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        panel.start()
        yield
        panel.close()

    app = FastAPI(
        title="Netcurtain",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        middleware=[
            Middleware(Guard, hosts=panel.settings.hosts, refuse=failure.refuse),  # first: nobody gets past it
            Middleware(Plain, is_claimed=lambda: panel.access.is_claimed),
            Middleware(GZipMiddleware, minimum_size=2_000, compresslevel=4),  # not streams: it leaves them alone
            Middleware(Gate),  # last: what it asks for is secret by now
        ],
    )
    app.state.panel = panel
    app.mount("/static", Static(directory=str(files(__package__) / "static")), name="static")
    for page in PAGES:
        app.include_router(page.router, include_in_schema=False)
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(Turned, turned)
    app.add_exception_handler(ControlError, _gateway_down)
    app.add_exception_handler(HTTPException, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(NotDone, failure.not_done)  # pages answer it themselves
    return app


class Static(StaticFiles):
    """Style and script; their addresses carry the version, so that they may be kept."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """With how long it may be kept."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = f"public, max-age={STATIC_S}, immutable"
        return response


def _gateway_down(request: Request, exc: Exception) -> Response:
    """The page that says what still protects, and what to do."""
    assert isinstance(exc, ControlError)
    if is_api(request.url.path):
        return failure.gateway(request, exc)
    return anyone(request).page("down.html", status=503, error=exc)


def _failed(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    if is_api(request.url.path):
        return failure.failed(request, exc)
    return anyone(request).page("failed.html", status=exc.status_code, code=exc.status_code)


def _invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    if is_api(request.url.path):
        return failure.invalid(request, exc)
    return anyone(request).page("failed.html", status=422, code=422)
