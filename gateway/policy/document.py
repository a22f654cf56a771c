"""The files of a policy as documents: what may stand where. With ``field`` the only place that knows pydantic; unknown keys are
refused."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ..model.action import Action
from ..model.policy import Regime
from .field import (
    ActionField,
    AskField,
    BodyField,
    BudgetField,
    ConfidenceField,
    DurationField,
    EffectField,
    FamilyField,
    HostField,
    IdField,
    KeepOrDrop,
    MacField,
    MatchField,
    NewDevicesField,
    OpenOrClosed,
    PathField,
    PauseField,
    PortsField,
    PurposeField,
    RateField,
    ScheduleField,
    ShapeField,
    SignalField,
    SwitchField,
    TargetField,
    TellsField,
    TextField,
    TimeField,
    TrustField,
    ViewingField,
    WhereField,
    ZoneField,
    listed,
    one_of,
    rule_mapping,
)

OPTIONS = {
    "when": frozenset({Action.ALLOW, Action.LIMIT, Action.OWNER_ONLY, Action.ANSWER}),
    "budget": frozenset({Action.LIMIT, Action.OWNER_ONLY}),
    "rate": frozenset({Action.LIMIT}),
    "then": frozenset({Action.LIMIT}),
    "viewing": frozenset({Action.OWNER_ONLY}),
    "for": frozenset({Action.OWNER_ONLY}),
    "shadow": frozenset(Action) - {Action.LIMIT},
}
"""Which options of a rule fit which actions."""
ADVISED, UNKNOWN = ("answer", "refuse", "silence"), "unknown"
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
    shadow: SwitchField = Field(
        default=False, description="It decides nothing: what it would have stopped is counted and shown, with what that costs."
    )
    trial: DurationField | None = Field(
        default=None,
        description="It holds for so long while its device is watched, and is taken back by itself if the device suffers.",
    )

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if self.shadow and self.trial:
            message = "does not go with shadow: a rule that decides nothing cannot be tried out"
            raise PydanticCustomError("option", "{said}", {"said": message, "option": "trial"})
        given = {"for" if name == "for_" else name for name in self.model_fields_set}
        for option, fits in OPTIONS.items():
            if option in given and self.action not in fits:
                message = f"does not go with {self.action}, only with {', '.join(sorted(fits))}"
                raise PydanticCustomError("option", "{said}", {"said": message, "option": option})
        return self


RuleField = Annotated[
    RuleDocument,
    BeforeValidator(rule_mapping, json_schema_input_type=ActionField | RuleDocument),
]
Rules = dict[PurposeField, RuleField]
Mixed = dict[MatchField, KeepOrDrop]


class ExceptionDocument(Document):
    """What to do about one destination, whatever its purpose."""

    to: Annotated[tuple[TargetField, ...], BeforeValidator(listed, json_schema_input_type=TargetField | list[TargetField])]
    action: ActionField
    until: TimeField | None = None
    why: TextField = ""


class CostDocument(Texts):
    """What stops working without a purpose, and how we know."""

    evidence: TextField = ""
    confidence: ConfidenceField = "low"


class AdviceDocument(Texts):
    """How such a device takes a no about a purpose best, why, and how we know. Without an entry that is not known."""

    how: Annotated[str, *one_of("a way to say no", ADVISED)]
    never: Annotated[str, *one_of("what it suffers from", ("silence",))] | None = None
    evidence: TextField
    confidence: ConfidenceField


class ProfileDocument(Document):
    """``profiles/*.yaml``: what one kind of device is, and what suits it."""

    version: Version
    profile: IdField
    title: Texts
    vendor: IdField = ""
    family: FamilyField
    like: IdField | None = None
    mesh_bridge: SwitchField = False
    rules: Rules = {}
    exceptions: tuple[ExceptionDocument, ...] = ()
    mixed: Mixed = {}
    costs: dict[PurposeField, CostDocument] = {}
    advice: dict[PurposeField, AdviceDocument] = {}
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
    tells: TellsField | None = None
    breaks: TextField = ""
    conflict: TextField = ""
    evidence: TextField
    confidence: ConfidenceField
    date: TextField | None = None


class HintDocument(Document):
    """What is known of a purpose, and cannot decide by itself: ``alone`` says why."""

    purpose: PurposeField
    devices: tuple[IdField, ...] = ()
    alone: TextField
    breaks: TextField = ""
    evidence: TextField
    confidence: ConfidenceField
    date: TextField | None = None


class PortDocument(HintDocument):
    """A port that everything uses, a range that names nothing, or a port for talk within the home."""

    match: PortsField
    where: WhereField = "internet"


class ShapeDocument(HintDocument):
    """What flows look like, in which order or on which beat they come, or what is said of them."""

    shape: TextField
    kind: ShapeField
    every: DurationField | None = None
    rate: RateField | None = None
    budget: BudgetField | None = None


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
    """``catalogue/*.yaml``: which destinations serve which purpose, what else is known, and what can be answered here."""

    version: Version
    vendor: IdField
    rows: tuple[RowDocument, ...] = ()
    ports: tuple[PortDocument, ...] = ()
    shapes: tuple[ShapeDocument, ...] = ()
    replies: tuple[ReplyDocument, ...] = ()


class TraitDocument(Document):
    """One way in which devices of a vendor give themselves away; ``values``: several that share their evidence."""

    signal: SignalField
    device: TextField = "any"
    value: TextField | None = None
    values: tuple[TextField, ...] = ()
    evidence: TextField
    confidence: TrustField
    note: TextField = ""
    alone: SwitchField = True

    @model_validator(mode="after")
    def _says_what_is_seen(self) -> Self:
        if (self.value is None) == (not self.values):
            raise PydanticCustomError("choice", "a row has either value or values", {"choices": ("value", "values")})
        return self


class IdentityDocument(Document):
    """``identity/*.yaml``: how a vendor's devices give themselves away."""

    version: Version
    vendor: IdField
    house: IdField | None = None
    platform: SwitchField = False
    brands: tuple[TextField, ...] = ()
    kinds: dict[TextField, FamilyField] = {}
    rows: tuple[TraitDocument, ...] = ()


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
    purpose: PurposeField | None = None
    profiles: tuple[IdField, ...] = ()
    names: tuple[MatchField, ...] = ()
    cases: tuple[IdField, ...] = ()


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
    new_devices: NewDevicesField = Regime.GUIDED
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
    clock: Annotated[str, *one_of("a state of the clock", ("trusted", "unset"))] = "trusted"


class ExpectDocument(Document):
    """What is to come out; what is not named is not compared."""

    action: ActionField | None = None
    purpose: PurposeField | None = None
    rule: TextField | None = None
    effect: EffectField | None = None
    mixed: SwitchField | None = None
    possible: PurposeField | None = None
    grant: Annotated[str, *one_of("a grant", ("", "pause", "allowance", "viewing"))] | None = None
    would: ActionField | None = None
    advice: Annotated[str, *one_of("a way to say no", (*ADVISED, UNKNOWN))] | None = None


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
    "identity": IdentityDocument,
    "systems": SystemDocument,
    "cases": CasesDocument,
}
"""What a file holds: by its name, or by its folder."""
