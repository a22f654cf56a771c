"""What happened, flow by flow, and why."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query
from starlette.exceptions import HTTPException

from gateway.model.purpose import BY_TEXT
from gateway.model.record import FlowRecord

from ..house import HouseView
from ..pages.activity import address_of, explained
from ..visit import Visit, reader
from ..wording import PURPOSES
from . import shown
from .problem import problems
from .schemas import Cost, FlowDetail, FlowId, FlowQuery, Flows, Step

router = APIRouter(prefix="/api/v1/flows", tags=["Flows"])
Reader = Annotated[Visit, Depends(reader)]
STOPPED = {"stopped": True, "passed": False}


@router.get("", summary="What happened, newest first")
def flows(visit: Reader, asked: Annotated[FlowQuery, Query()]) -> Flows:
    """A page of it; `next` leads to the one before it in time. Flows that come meanwhile move nothing."""
    records = visit.panel.books.flows(
        device=asked.device,
        purpose=asked.purpose and str(asked.purpose),
        stopped=STOPPED.get(asked.effect or ""),
        before=asked.before or 0,
        limit=asked.limit,
    )
    house = visit.panel.house.view()
    return Flows(items=[shown.flow(record, house) for record in records], next=_next(records, asked))


@router.get("/{flow_id}", summary="One flow, and why", responses=problems(404))
def flow(visit: Reader, flow_id: Annotated[FlowId, Path()]) -> FlowDetail:
    """The chain from the device to the rule, by file and line. `would_pass_if` is known as long as the gateway remembers the
    flow, the rest as long as the ledger keeps it."""
    record = visit.panel.books.flow(flow_id)
    if record is None:
        raise HTTPException(404)
    house = visit.panel.house.view()
    told = explained(visit, flow_id) or {}
    return FlowDetail(
        **shown.flow_facts(record, house),
        chain=_chain(visit, record, house),
        would_pass_if=told.get("would_pass_if") or None,
        cost=_cost(visit, record, house),
    )


def _next(records: list[FlowRecord], asked: FlowQuery) -> str | None:
    if len(records) < asked.limit or records[-1].flow_id < 1:
        return None
    filters = asked.model_dump(mode="json", exclude_none=True) | {"before": records[-1].flow_id}
    return f"{router.prefix}?{urlencode(filters)}"


def _chain(visit: Visit, record: FlowRecord, house: HouseView) -> list[Step]:
    words = PURPOSES[BY_TEXT[record.purpose]]
    return [
        Step(step="device", value=house.called(record), note=record.profile),
        Step(step="purpose", value=visit._(words.title), note=record.purpose),
        Step(step="name", value=record.server_name or "", note=record.name_source or ""),
        Step(step="address", value=address_of(record), note=""),
        Step(step="rule", value=record.rule, note=record.action),
    ]


def _cost(visit: Visit, record: FlowRecord, house: HouseView) -> Cost | None:
    device = house.device(record.device)
    stated = device.purpose(BY_TEXT[record.purpose]) if device and record.effect != "pass" else None
    return shown.cost(visit, stated.cost) if stated else None
