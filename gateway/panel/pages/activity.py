"""Activity: what happened, line by line, and why."""

from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.edge.control_client import ControlError
from gateway.model.purpose import BY_TEXT
from gateway.model.record import PROTO_NAMES, FlowRecord

from ..visit import Visit, reader

router = APIRouter(prefix="/activity")
PAGE_LINES = 50
MAX_DIGITS = 18
Reader = Annotated[Visit, Depends(reader)]


@router.get("")
def show(visit: Reader, device: str = "", purpose: str = "", effect: str = "", before: str = "") -> Response:
    """The page, newest first."""
    if purpose and purpose not in BY_TEXT:
        raise HTTPException(404)
    if before and _number(before) is None:
        raise HTTPException(400)
    first = _number(before) or 0
    chosen = {"device": device[:64], "purpose": purpose, "effect": effect[:16], "before": first}
    wanted: dict[str, Any] = {
        "device": device[:64] or None,
        "purpose": purpose or None,
        "stopped": {"stopped": True, "passed": False}.get(effect),
        "before": first,
    }
    records = visit.panel.books.flows(**wanted, limit=PAGE_LINES)
    return visit.page(
        "activity.html",
        house=visit.panel.house.view(),
        chosen=chosen,
        records=records,
        older=_older(records, chosen),
    )


@router.get("/{flow_id}")
def why(visit: Reader, flow_id: str) -> Response:
    """One line's chain: device, purpose, name, address, rule."""
    number = _number(flow_id)
    record = None if number is None else visit.panel.books.flow(number)
    if record is None:
        raise HTTPException(404)
    told = explained(visit, record.flow_id)
    house = visit.panel.house.view()
    device = house.device(record.device)
    stated = device.purpose(BY_TEXT[record.purpose]) if device and record.purpose in BY_TEXT else None
    return visit.page(
        "flow.html",
        house=house,
        record=record,
        address=address_of(record),
        explained=told,
        cost=stated.cost if stated and stated.cost.texts["en"] and record.effect != "pass" else None,
    )


def address_of(record: FlowRecord) -> str:
    """Where it went: ``192.0.2.1, port 443/tcp``."""
    host = str(ip_address(record.dst))
    proto = PROTO_NAMES.get(record.proto, str(record.proto)).lower()
    return f"{f'[{host}]' if ':' in host else host}:{record.dport}/{proto}" if record.dport else f"{host} {proto}"


def _number(text: str) -> int | None:
    """A flow's id; None for what can be none."""
    return int(text) if len(text) <= MAX_DIGITS and text.isascii() and text.isdecimal() else None


def _older(records: list[FlowRecord], chosen: dict[str, Any]) -> str:
    """The next page's path; empty on the last one."""
    if len(records) < PAGE_LINES:
        return ""
    asked = {key: value for key, value in chosen.items() if value} | {"before": records[-1].flow_id}
    return f"/activity?{urlencode(asked)}"


def explained(visit: Visit, flow_id: int) -> dict[str, Any] | None:
    """What the gateway says of it while it remembers."""
    try:
        found: dict[str, Any] = visit.panel.link.ask("explain", flow=flow_id)
    except ControlError:
        return None
    return found
