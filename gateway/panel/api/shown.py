"""From the views that the pages show to the types of the API, in the visitor's language."""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from gateway.model.purpose import BY_TEXT
from gateway.model.record import PROTO_NAMES, FlowRecord
from gateway.policy.part import Cost

from ..books import Sum
from ..change import Change
from ..house import DeviceView, HouseView, PurposeView
from ..render import said
from ..visit import Visit
from ..wording import FAMILIES, PURPOSES, choices
from . import schemas

SAME = (
    "mac", "id", "label", "family", "profile", "vendor", "trusted", "owner", "confirmed", "named", "hostname", "tries_hour",
)  # fmt: skip
"""What a device's type and its view have alike."""


def moment(wall: float) -> datetime:
    """A wall time, in UTC."""
    return datetime.fromtimestamp(wall, UTC)


def maybe(wall: float | None) -> datetime | None:
    """The same, where there is one."""
    return None if wall is None else moment(wall)


def tally(found: Sum) -> schemas.Tally:
    """Sums."""
    return schemas.Tally.model_validate(found)


def kind(visit: Visit, one: DeviceView) -> str:
    """What kind of thing it is."""
    return visit.language.pick(one.titles) or visit._(FAMILIES.get(one.family, FAMILIES[""]))


def grant(one: Mapping[str, Any]) -> schemas.Grant:
    """As the gateway tells of it."""
    return schemas.Grant(
        kind=one["kind"], device=one["device"], purpose=one["purpose"], remaining_s=one["remaining_s"],
        by=one.get("by", ""), because=one.get("because", ""),
    )  # fmt: skip


def guess(visit: Visit, found: Mapping[str, Any] | None, house: HouseView) -> schemas.Guess | None:
    """What a device probably is."""
    if found is None:
        return None
    return schemas.Guess(title=visit.language.pick(house.profiles.get(found["profile"], {})), **found)


def device(visit: Visit, one: DeviceView, house: HouseView) -> schemas.Device:
    """A device, without its purposes."""
    return schemas.Device(**_facts(visit, one, house))


def detail(visit: Visit, one: DeviceView, house: HouseView) -> schemas.DeviceDetail:
    """A device with them."""
    return schemas.DeviceDetail(**_facts(visit, one, house), purposes=[purpose(visit, each) for each in one.purposes])


def _facts(visit: Visit, one: DeviceView, house: HouseView) -> dict[str, Any]:
    return {name: getattr(one, name) for name in SAME} | {
        "kind": kind(visit, one),
        "addresses": list(one.addresses),
        "first_seen": maybe(one.first_seen),
        "last_seen": maybe(one.last_seen),
        "health": one.health(house.now),
        "guess": guess(visit, one.guess, house),
        "grants": [grant(each) for each in one.grants],
        "today": tally(one.today),
        "week": tally(one.week),
    }


def purpose(visit: Visit, one: PurposeView) -> schemas.PurposeRule:
    """What a device may do for a purpose."""
    words = PURPOSES[one.purpose]
    return schemas.PurposeRule(
        purpose=one.purpose,
        title=visit._(words.title),
        about=visit._(words.about),
        action=one.action,
        rule=one.rule,
        own=one.is_own,
        recommended=one.recommended,
        viewing=one.viewing,
        choices=list(choices(one.purpose, one.action)),
        cost=cost(visit, one.cost),
        today=tally(one.today),
        week=tally(one.week),
    )


def cost(visit: Visit, found: Cost) -> schemas.Cost | None:
    """What stops working; None where nobody has shown it."""
    if not found.texts["en"]:
        return None
    return schemas.Cost(text=visit.language.pick(found.texts), evidence=found.evidence, confidence=found.confidence)


def flow(record: FlowRecord, house: HouseView) -> schemas.Flow:
    """A line of the activity."""
    return schemas.Flow(**flow_facts(record, house))


def flow_facts(record: FlowRecord, house: HouseView) -> dict[str, Any]:
    """Its fields."""
    plain = (
        "device_id", "profile", "also", "confidence", "server_name", "name_source", "effect", "action", "rule", "reason",
        "grant", "attempts", "held_bytes",
    )  # fmt: skip
    return {name: getattr(record, name) for name in plain} | {
        "id": record.flow_id,
        "started": moment(record.started),
        "device_mac": record.device,
        "device_label": house.called(record),
        "purpose": BY_TEXT[record.purpose],
        "address": str(ip_address(record.dst)),
        "port": record.dport,
        "protocol": PROTO_NAMES.get(record.proto, str(record.proto)),
        "bytes_out": record.bytes_toserver,
        "bytes_in": record.bytes_toclient,
    }


def change(visit: Visit, one: Change) -> schemas.Change:
    """What was changed, and how long it can be undone."""
    left_s = visit.panel.changes.left_s(one)
    return schemas.Change(token=one.token, text=words(visit, one), left_s=round(left_s, 1))


def words(visit: Visit, one: Change) -> str:
    """What was changed, as the pages say it."""
    return said(visit.language, one.text, one.values)
