"""All routes of version 1."""

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import Scope

from . import change, device, docs, flow, live, status, week

ROUTERS: tuple[APIRouter, ...] = (
    status.router, device.router, change.router, flow.router, week.router, live.router, docs.router,
)  # fmt: skip


def methods_at(scope: Scope) -> set[str]:
    """What may be done at an address, whatever was tried there."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    found = (route.methods or set() for route in routes if route.matches(scope)[0] is not Match.NONE)
    return set().union(*found)
