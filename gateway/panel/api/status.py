"""Who asks, and is everything all right?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from gateway import __version__

from ..house import HouseView
from ..visit import Visit, reader
from . import shown
from .schemas import Gateway, Question, Session, Status, Trouble

router = APIRouter(prefix="/api/v1", tags=["Status"])
Reader = Annotated[Visit, Depends(reader)]


@router.get("/session", summary="Who this session is, and its token")
def session(visit: Reader) -> Session:
    """The token goes with everything that changes something. A page's own script finds it in the page, too: every form has it
    in a field named `csrf`."""
    assert visit.session is not None
    return Session(account=visit.session.account, role=visit.session.role, csrf_token=visit.csrf)


@router.get("/status", summary="Is everything all right?")
def status(visit: Reader) -> Status:
    """Answers also where the gateway does not: then `gateway` says why."""
    house = visit.panel.house.view()
    told = house.status
    return Status(
        version=__version__,
        now=shown.moment(house.now),
        zone=house.zone,
        gateway=_gateway(house),
        devices=len(house.devices),
        phones=len(house.phones),
        newcomers=[one.mac for one in house.newcomers],
        today=shown.tally(house.today),
        week=shown.tally(house.week),
        grants=[shown.grant(one) for one in told.get("grants", ())],
        questions=[_question(one) for one in told.get("questions", ())],
        problems=[_trouble(one) for one in told.get("problems", ()) if one.get("message") and not one.get("over_at")],
        faults=list(house.faults),
        pending=house.pending,
    )


def _gateway(house: HouseView) -> Gateway:
    down = house.down
    return Gateway(
        running=down is None,
        why=down.message if down else "",
        hint=down.hint if down else "",
        clock_trusted=house.status.get("clock_trusted"),
    )


def _question(one: dict[str, Any]) -> Question:
    return Question(**one | {"asked_at": shown.moment(one["asked_at"])})


def _trouble(one: dict[str, Any]) -> Trouble:
    return Trouble(what=one["what"], message=one["message"], at=shown.maybe(one.get("at")))
