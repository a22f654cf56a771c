"""Problem details (RFC 9457): what every error of the API looks like."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
API, DOCS = "/api/", "/api/docs"
BLANK = "about:blank"
"""Nothing beside the status (RFC 9457, 4.2.1)."""
KINDS = {
    "invalid": "Something in the request is not as documented; errors says what.",
    "not-done": "It cannot be changed like this, and nothing was; detail says why.",
    "gateway-down": "The gateway does not answer: what it told the kernel goes on being kept. Try again later.",
    "refused": "The gateway answered that it does not do this; detail and hint are its words.",
    "token": "What changes something needs the session's token in X-CSRF-Token.",
}
"""Problem types: they stand on the page of the API."""


def is_api(path: str) -> bool:
    """It is answered with JSON, errors too; the documentation is a page."""
    return path.startswith(API) and path != DOCS


def problem(
    path: str,
    status: int,
    detail: str = "",
    *,
    kind: str = "",
    hint: str = "",
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
) -> Response:
    """The response for ``path``; ``kind`` is one of ``KINDS``."""
    phrase = HTTPStatus(status).phrase
    told: dict[str, Any] = {
        "type": f"{DOCS}#{kind}" if kind else BLANK,
        "title": phrase,
        "status": status,
        "detail": detail or HTTPStatus(status).description or phrase,
        "instance": path,
    }
    if hint:
        told["hint"] = hint
    if errors:
        told["errors"] = list(errors)
    return Response(json.dumps(told), status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For ``responses=`` of a route: what may go wrong beside what may everywhere (``docs``)."""
    return {status: {"$ref": f"#/components/responses/{status}"} for status in statuses}
