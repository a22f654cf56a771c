"""``/live``: that something changed, as it happens; and where a person wants everything in order to undo a change."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from ..change import NotDone
from ..form import Form
from ..render import said
from ..visit import Visit, form, local_path, owner, reader

router = APIRouter()


@router.get("/live")
async def live(visit: Annotated[Visit, Depends(reader)]) -> Response:
    """Server-Sent Events."""
    return visit.panel.live.response(visit.request)


@router.post("/undo")
def undo(visit: Annotated[Visit, Depends(owner)], filled: Annotated[Form, Depends(form)]) -> Response:
    """Take a change back."""
    try:
        visit.panel.changes.undo(filled.line("token"))
    except NotDone as err:
        return not_done(visit, err, local_path(filled.line("next")))
    return visit.go(local_path(filled.line("next")))


def not_done(visit: Visit, err: NotDone, back: str) -> Response:
    """The page for what could not be changed; nothing was."""
    return visit.page("not_done.html", status=409, why=said(visit.language, err.text, err.values), back=back)
