"""That something changed, as it happens."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from ..visit import Visit, reader
from .problem import problems

router = APIRouter(prefix="/api/v1", tags=["Live"])
EVENTS = {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events, until either side leaves."}


@router.get(
    "/live", summary="That something changed (Server-Sent Events)", response_class=StreamingResponse,
    responses={200: EVENTS, **problems(503)},
)  # fmt: skip
async def live(visit: Annotated[Visit, Depends(reader)]) -> Response:
    """A stream of `text/event-stream`. The event `change` names in its data the kinds of what happened (`flow`, `device`,
    `viewing`, `question`, `problem`, `policy`, `trial`, `gateway`), told apart by spaces: ask for what you show of them anew.
    `gap`: some were lost, ask for everything. Reconnect with `Last-Event-ID` to go on where you were. A comment every 15
    seconds is a sign of life. 503: too many streams are open."""
    found = visit.panel.live.response(visit.request)
    if found.status_code != 200:
        raise HTTPException(found.status_code, headers={"retry-after": found.headers["retry-after"]})
    return found
