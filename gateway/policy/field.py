"""What may stand as one value of a policy file: the closed lists and the small notations, as pydantic reads them."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ..model.action import Action, Effect
from ..model.device import Mac
from ..model.identity import Confidence, Signal
from ..model.policy import Regime, Schedule, Target
from ..model.purpose import Purpose
from .value import (
    VIEWINGS,
    Budget,
    parse_budget,
    parse_duration,
    parse_local_time,
    parse_mac,
    parse_match,
    parse_name,
    parse_path,
    parse_rate,
    parse_schedule,
    parse_target,
    parse_wide_ports,
    parse_zone,
)

FAMILIES = (
    "camera", "doorbell", "speaker", "tv", "plug", "light", "hub", "appliance", "reader", "stick", "chime",
    "thermostat", "other",
)  # fmt: skip
NEW_DEVICES = tuple(regime.value for regime in Regime)
CONFIDENCES = ("high", "medium", "low")
SHAPES = ("order", "beat", "volume", "ceiling", "protocol", "note")
WHERES = ("home", "internet")
TELLS = ("viewing", "press")
MAX_BODY_BYTES = 2_000
CONFIDENCE_VALUE = {"high": 0.9, "medium": 0.6, "low": 0.3}


def _choice(noun: str, choices: tuple[str, ...]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise PydanticCustomError("choice", f"is not {noun}", {"choices": choices})

    return check


def _parsed(parse: Callable[[str], object]) -> Callable[[Any], object]:
    def check(value: Any) -> object:
        if isinstance(value, dict | list):
            raise PydanticCustomError("text", "has to be text")
        try:
            return parse(value if isinstance(value, str) else "")
        except ValueError as err:
            raise PydanticCustomError("notation", "{said}", {"said": str(err)}) from None

    return check


def one_of(noun: str, choices: tuple[str, ...], convert: Callable[[str], object] = str) -> tuple[object, ...]:
    check = _choice(noun, choices)
    return PlainValidator(lambda value: convert(check(value))), WithJsonSchema({"type": "string", "enum": list(choices)})


def _notation(parse: Callable[[str], object], *examples: str) -> tuple[object, ...]:
    return PlainValidator(_parsed(parse)), WithJsonSchema({"type": "string", "examples": list(examples)})


def _whole(value: Any) -> bool:
    if not isinstance(value, bool):
        raise PydanticCustomError("switch", "is neither true nor false")
    return value


def _line(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise PydanticCustomError("text", "has to be text")
    return " ".join(value.split())


def _body(value: Any) -> str:
    """Text to the letter: clients compare it."""
    if not isinstance(value, str) or len(value.encode()) > MAX_BODY_BYTES:
        raise PydanticCustomError("text", "has to be text of at most {most} bytes", {"most": MAX_BODY_BYTES})
    return value


def _identifier(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 63 or not value.replace("-", "a").replace("_", "a").isalnum():
        raise PydanticCustomError("identifier", "is not a name of letters, digits and hyphens")
    if value == "all":
        raise PydanticCustomError("identifier", "is taken: it means every device")
    return value


def listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def rule_mapping(value: Any) -> Any:
    """``purpose: action`` is short for ``purpose: {action: …}``."""
    return value if isinstance(value, dict) else {"action": value}


PURPOSES = tuple(purpose.value for purpose in Purpose)
ACTIONS = tuple(action.value for action in Action)
EFFECTS = tuple(effect.value for effect in Effect)

# mypy reads an Annotated's first argument only; the rest is pydantic's.
PurposeField = Annotated[Purpose, *one_of("a purpose", PURPOSES, Purpose)]
ActionField = Annotated[Action, *one_of("an action", ACTIONS, Action)]
EffectField = Annotated[Effect, *one_of("an effect", EFFECTS, Effect)]
FamilyField = Annotated[str, *one_of("a family", FAMILIES)]
ViewingField = Annotated[str, *one_of("a way to open a viewing", VIEWINGS)]
ConfidenceField = Annotated[str, *one_of("a confidence", CONFIDENCES)]
KeepOrDrop = Annotated[str, *one_of("a choice", ("keep", "drop"))]
OpenOrClosed = Annotated[str, *one_of("a fault mode", ("closed", "open"))]
AskField = Annotated[str, *one_of("something to do then", ("ask",))]
NewDevicesField = Annotated[Regime, *one_of("a way with new devices", NEW_DEVICES, Regime)]
PauseField = Annotated[str, *one_of("a purpose, or all", (*PURPOSES, "all"))]
SwitchField = Annotated[bool, PlainValidator(_whole), WithJsonSchema({"type": "boolean"})]
TextField = Annotated[str, PlainValidator(_line), WithJsonSchema({"type": "string"})]
IdField = Annotated[str, PlainValidator(_identifier), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,63}$"})]
BudgetField = Annotated[Budget, *_notation(parse_budget, "64kB", "512kB/10m")]
RateField = Annotated[int, *_notation(parse_rate, "10kB/s")]
DurationField = Annotated[float, *_notation(parse_duration, "30s", "15m", "1h", "2d")]
ScheduleField = Annotated[Schedule, *_notation(parse_schedule, "02:00-05:00")]
TimeField = Annotated[datetime, *_notation(parse_local_time, "2026-12-24T18:00")]
ZoneField = Annotated[str, *_notation(lambda text: parse_zone(text).key, "Europe/Berlin")]
MacField = Annotated[Mac, *_notation(parse_mac, "02:00:5e:10:00:01")]
TargetField = Annotated[Target, *_notation(parse_target, "api.example.com:443/tcp", "*.example.com", "203.0.113.0/24")]
HostField = Annotated[str, *_notation(parse_name, "check.example.com")]
PathField = Annotated[str, *_notation(parse_path, "/generate_204")]
BodyField = Annotated[str, PlainValidator(_body), WithJsonSchema({"type": "string"})]
PortsField = Annotated[str, *_notation(parse_wide_ports, "udp/16500-65000", "tcp/443")]
ShapeField = Annotated[str, *one_of("a kind of shape", SHAPES)]
WhereField = Annotated[str, *one_of("a place", WHERES)]
TellsField = Annotated[str, *one_of("a thing that a name tells", TELLS)]
SignalField = Annotated[Signal, *one_of("a signal", tuple(signal.value for signal in Signal), Signal)]
TrustField = Annotated[Confidence, *one_of("a confidence", CONFIDENCES, Confidence)]
MatchField = Annotated[str, *_notation(parse_match, "api.example.com", "*.example.com", "udp/123", "app:stun")]
