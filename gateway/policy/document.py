"""The files of a policy as documents: what may stand where. The only place that knows pydantic; unknown keys are refused."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from ..model.action import Action, Effect
from ..model.device import Mac
from ..model.policy import Schedule, Target
from ..model.purpose import Purpose
from .value import (
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
    parse_zone,
)

FAMILIES = (
    "camera", "doorbell", "speaker", "tv", "plug", "light", "hub", "appliance", "reader", "stick", "chime",
    "thermostat", "other",
)  # fmt: skip
VIEWINGS = ("panel", "panel+home", "evidence", "bell")
SIGNALS = ("oui", "dhcp-vendor-class", "dhcp-param-list", "hostname-pattern", "mdns-service", "ssdp", "dns-name")
NEW_DEVICES = ("guided", "quarantine", "observe")
CONFIDENCES = ("high", "medium", "low")
OPTIONS = {
    "when": frozenset({Action.ALLOW, Action.LIMIT, Action.OWNER_ONLY, Action.ANSWER}),
    "budget": frozenset({Action.LIMIT, Action.OWNER_ONLY}),
    "rate": frozenset({Action.LIMIT}),
    "then": frozenset({Action.LIMIT}),
    "viewing": frozenset({Action.OWNER_ONLY}),
    "for": frozenset({Action.OWNER_ONLY}),
}
"""Which options of a rule fit which actions."""
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


def _one_of(noun: str, choices: tuple[str, ...], convert: Callable[[str], object] = str) -> tuple[object, ...]:
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


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _rule_mapping(value: Any) -> Any:
    """``purpose: action`` is short for ``purpose: {action: …}``."""
    return value if isinstance(value, dict) else {"action": value}


PURPOSES = tuple(purpose.value for purpose in Purpose)
ACTIONS = tuple(action.value for action in Action)
EFFECTS = tuple(effect.value for effect in Effect)

# mypy reads an Annotated's first argument only; the rest is pydantic's.
PurposeField = Annotated[Purpose, *_one_of("a purpose", PURPOSES, Purpose)]
ActionField = Annotated[Action, *_one_of("an action", ACTIONS, Action)]
EffectField = Annotated[Effect, *_one_of("an effect", EFFECTS, Effect)]
FamilyField = Annotated[str, *_one_of("a family", FAMILIES)]
ViewingField = Annotated[str, *_one_of("a way to open a viewing", VIEWINGS)]
ConfidenceField = Annotated[str, *_one_of("a confidence", CONFIDENCES)]
KeepOrDrop = Annotated[str, *_one_of("a choice", ("keep", "drop"))]
OpenOrClosed = Annotated[str, *_one_of("a fault mode", ("closed", "open"))]
AskField = Annotated[str, *_one_of("something to do then", ("ask",))]
NewDevicesField = Annotated[str, *_one_of("a way with new devices", NEW_DEVICES)]
PauseField = Annotated[str, *_one_of("a purpose, or all", (*PURPOSES, "all"))]
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
MatchField = Annotated[str, *_notation(parse_match, "api.example.com", "*.example.com", "udp/123", "app:stun")]
Version = Literal[1]


class Document(BaseModel):
    """A mapping with a closed list of keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Texts(Document):
    """A text in the languages of the panel."""

    en: TextField
    de: TextField | None = None
    ar: TextField | None = None

    def mapping(self) -> dict[str, str]:
        """Language -> text."""
        return {key: text for key in ("en", "de", "ar") if (text := getattr(self, key))}


class RuleDocument(Document):
    """What to do about one purpose."""

    action: ActionField
    when: ScheduleField | None = None
    budget: BudgetField | None = None
    rate: RateField | None = None
    then: AskField | None = None
    viewing: ViewingField | None = None
    for_: DurationField | None = Field(default=None, alias="for")

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        given = {"for" if name == "for_" else name for name in self.model_fields_set}
        for option, fits in OPTIONS.items():
            if option in given and self.action not in fits:
                message = f"does not go with {self.action}, only with {', '.join(sorted(fits))}"
                raise PydanticCustomError("option", "{said}", {"said": message, "option": option})
        return self


RuleField = Annotated[
    RuleDocument,
    BeforeValidator(_rule_mapping, json_schema_input_type=ActionField | RuleDocument),
]
Rules = dict[PurposeField, RuleField]
Mixed = dict[MatchField, KeepOrDrop]


class ExceptionDocument(Document):
    """What to do about one destination, whatever its purpose."""

    to: Annotated[tuple[TargetField, ...], BeforeValidator(_listed, json_schema_input_type=TargetField | list[TargetField])]
    action: ActionField
    until: TimeField | None = None
    why: TextField = ""


class CostDocument(Texts):
    """What stops working without a purpose, and how we know."""

    evidence: TextField = ""
    confidence: ConfidenceField = "low"


class SignalDocument(Document):
    """One way to recognise a device: exactly one key."""

    oui: TextField | None = None
    dhcp_vendor_class: TextField | None = Field(default=None, alias="dhcp-vendor-class")
    dhcp_param_list: TextField | None = Field(default=None, alias="dhcp-param-list")
    hostname_pattern: TextField | None = Field(default=None, alias="hostname-pattern")
    mdns_service: TextField | None = Field(default=None, alias="mdns-service")
    ssdp: TextField | None = None
    dns_name: TextField | None = Field(default=None, alias="dns-name")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("choice", "a signal has exactly one key", {"choices": SIGNALS})
        return self


class ProfileDocument(Document):
    """``profiles/*.yaml``: what one kind of device is, and what suits it."""

    version: Version
    profile: IdField
    title: Texts
    vendor: IdField = ""
    family: FamilyField
    recognise: tuple[SignalDocument, ...] = ()
    rules: Rules = {}
    exceptions: tuple[ExceptionDocument, ...] = ()
    mixed: Mixed = {}
    costs: dict[PurposeField, CostDocument] = {}
    on_fault: OpenOrClosed = "closed"


class PresetDocument(Document):
    """``presets/*.yaml``: a household's starting point."""

    version: Version
    preset: IdField
    title: Texts
    rules: Rules = {}
    families: dict[FamilyField, Rules] = {}


class RowDocument(Document):
    """One row of a catalogue."""

    match: MatchField
    purpose: PurposeField
    also: tuple[PurposeField, ...] = ()
    devices: tuple[IdField, ...] = ()
    alpn: TextField = ""
    breaks: TextField = ""
    evidence: TextField
    confidence: ConfidenceField
    date: TextField | None = None


class ReplyDocument(Document):
    """What a host always says to one plain-HTTP request."""

    host: HostField
    path: PathField
    status: Annotated[int, Field(ge=200, le=206)]
    type: TextField = ""
    body: BodyField = ""
    evidence: TextField
    confidence: ConfidenceField
    date: TextField | None = None


class CatalogueDocument(Document):
    """``catalogue/*.yaml``: which destinations serve which purpose, and which of them can be answered here."""

    version: Version
    vendor: IdField
    rows: tuple[RowDocument, ...] = ()
    replies: tuple[ReplyDocument, ...] = ()


class SystemDocument(Document):
    """``systems/*.yaml``: something larger than one device, such as a shared mesh network."""

    version: Version
    system: IdField
    title: Texts
    known: Texts
    does: Texts
    cannot: Texts
    switch_off: Texts
    evidence: TextField
    confidence: ConfidenceField
    profiles: tuple[IdField, ...] = ()


class DeviceDocument(Document):
    """An entry of ``devices:``."""

    mac: MacField
    title: TextField | None = None
    profile: IdField | None = None
    trusted: SwitchField = False
    confirmed: SwitchField = False
    rules: Rules = {}
    exceptions: tuple[ExceptionDocument, ...] = ()
    mixed: Mixed = {}
    on_fault: OpenOrClosed | None = None


class OwnerDocument(Document):
    """An entry of ``owners:``."""

    devices: tuple[IdField, ...] = ()


class DevicesDocument(Document):
    """``devices.d/*.yaml``: more devices and owners."""

    version: Version
    devices: dict[IdField, DeviceDocument] = {}
    owners: dict[IdField, OwnerDocument] = {}


class HouseholdDocument(DevicesDocument):
    """``household.yaml``: what this household decided."""

    timezone: ZoneField = "UTC"
    preset: IdField = "recommended"
    new_devices: NewDevicesField = "guided"
    defaults: Rules = {}


class GivenDocument(Document):
    """The flow of a case."""

    device: IdField | None = None
    profile: IdField | None = None
    to: TextField
    at: TimeField | None = None
    app: TextField = ""
    alpn: TextField = ""
    viewing: SwitchField = False
    pause: PauseField | None = None
    allow: PurposeField | None = None
    peer: IdField | None = None
    dns: SwitchField = False
    clock: Annotated[str, *_one_of("a state of the clock", ("trusted", "unset"))] = "trusted"


class ExpectDocument(Document):
    """What is to come out; what is not named is not compared."""

    action: ActionField | None = None
    purpose: PurposeField | None = None
    rule: TextField | None = None
    effect: EffectField | None = None
    mixed: SwitchField | None = None
    grant: Annotated[str, *_one_of("a grant", ("", "pause", "allowance", "viewing"))] | None = None


class CaseDocument(Document):
    """One case."""

    id: IdField
    given: GivenDocument
    expect: ExpectDocument


class CasesDocument(Document):
    """``cases/*.yaml``: a mapping with ``version`` and ``cases``, or just the list."""

    version: Version = 1
    cases: tuple[CaseDocument, ...]


DOCUMENTS: Mapping[str, type[Document]] = {
    "household.yaml": HouseholdDocument,
    "devices.d": DevicesDocument,
    "profiles": ProfileDocument,
    "presets": PresetDocument,
    "catalogue": CatalogueDocument,
    "systems": SystemDocument,
    "cases": CasesDocument,
}
"""What a file holds: by its name, or by its folder."""
