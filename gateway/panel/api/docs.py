"""The API's own description: ``/api/openapi.json`` (OpenAPI 3.1), and ``/api/docs``, a page that is drawn from it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from ..access.cookie import SESSION
from ..access.guard import SAFE
from ..visit import Visit, reader
from .gate import TOKEN
from .page import drawn
from .problem import DOCS, KINDS, MEDIA_TYPE
from .schemas import Problem

router = APIRouter(include_in_schema=False)
Reader = Annotated[Visit, Depends(reader)]
ABOUT = f"""\
What the pages show and do, for programs. A session's cookie opens it, got by logging in with a browser; an account that may
only look may GET. Over plain HTTP only this machine itself is answered.

What changes something also needs the session's token in `{TOKEN}`: `GET /api/v1/session` tells it, and a page's own script
finds it in any form of the page, in the field `csrf`. Bodies are JSON (`Content-Type: application/json`, at most 64 kB) and
hold no keys but those named here. Every change can be taken back for half a minute.

Texts are in the language that `Accept-Language` asks for; times are UTC, lengths of time seconds, sizes bytes. Every error is
a problem (RFC 9457). Keys may be added to what is told: ignore those that you do not know."""
RESPONSES = {
    400: "The body is not JSON that can be read.",
    401: "Nobody is logged in.",
    403: "This account may only look, the token is missing, the request came from another site, or over plain HTTP.",
    404: "There is no such thing.",
    408: "The body did not come within ten seconds.",
    409: "It cannot be changed like this, and nothing was.",
    413: "The body is larger than 64 kB.",
    415: "The body is not said to be JSON.",
    421: "This box does not answer under this name.",
    422: "Something is not as documented here; `errors` says what.",
    500: "Something failed; the box's log says what.",
    503: "The gateway does not answer.",
}
ALWAYS = (401, 403, 408, 413, 421, 500)
CHANGING = (415,)
UNSAID = "Successful Response"
"""What FastAPI says where a route says nothing."""
BODY = (400, 415, 422)


@router.get("/api/openapi.json")
def openapi(visit: Reader) -> dict[str, Any]:
    """The description itself."""
    return document(visit.request.app)


@router.get(DOCS)
def show(request: Request, visit: Reader) -> Response:
    """The page."""
    return visit.page("api_docs.html", **drawn(document(request.app), KINDS))


def document(app: FastAPI) -> dict[str, Any]:
    """Made when somebody asks for it first."""
    if app.openapi_schema is None:
        told = get_openapi(title="Netcurtain", version=app.version, description=ABOUT, routes=app.routes)
        app.openapi_schema = _completed(told)
    return app.openapi_schema


def _completed(told: dict[str, Any]) -> dict[str, Any]:
    """With what holds for every route: who may, and what may go wrong."""
    schemas, parts = told["components"]["schemas"], told["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {}) | {"Problem": problem}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    parts["responses"] = {str(status): {"description": text, "content": content} for status, text in RESPONSES.items()}
    over_https = {"type": "apiKey", "in": "cookie", "name": f"__Host-{SESSION}", "description": "Over HTTPS."}
    over_http = {"type": "apiKey", "in": "cookie", "name": SESSION, "description": "Over plain HTTP, on this machine."}
    token = {"type": "apiKey", "in": "header", "name": TOKEN, "description": "For what changes something."}
    parts["securitySchemes"] = {"session": over_https, "plain-session": over_http, "token": token}
    for path in told["paths"].values():
        for method, operation in path.items():
            _complete(method.upper(), operation)
    return told


def _complete(method: str, operation: dict[str, Any]) -> None:
    changes = method not in SAFE
    token: dict[str, list[str]] = {"token": []} if changes else {}
    operation["security"] = [{"session": [], **token}, {"plain-session": [], **token}]
    statuses = [*ALWAYS, *(CHANGING if changes else ()), *(BODY if "requestBody" in operation else ())]
    statuses += [422] if operation.get("parameters") else []
    found = operation["responses"]
    statuses += [int(status) for status, response in found.items() if "$ref" in response]
    if found.get("200", {}).get("description") == UNSAID:
        found["200"]["description"] = "As asked."
    found |= {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}
    operation["responses"] = dict(sorted(found.items()))
