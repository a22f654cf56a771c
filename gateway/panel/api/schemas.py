"""Every type of the API. What is read (``In``) refuses keys it does not know; to what is told (``Out``) keys may be added."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from gateway.model.action import Action, Effect
from gateway.model.purpose import Purpose

MAX_ID = 2**53 - 1
"""Of a flow: a number that JavaScript keeps whole."""
MAX_S = 86_400.0
MAX_HOURS = 168

FlowId = Annotated[int, Field(ge=0, le=MAX_ID)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=MAX_S, allow_inf_nan=False)]
Named = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:-]{1,63}$")]
"""A device's id or hardware address."""
ProfileId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,63}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{12}$")]
GrantKind = Literal["pause", "allowance", "viewing"]
Viewing = Literal["panel", "panel+home", "evidence", "bell"]
Health = Literal["well", "silent", "storm", "unseen"]


class In(BaseModel):
    """What is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """What is told."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


# What is sent.


def _without_default(schema: JsonDict) -> None:
    """A key that may be left out, and has no value of its own then."""
    del schema["default"]


class RuleIn(In):
    """What a device may do for a purpose from now on."""

    model_config = ConfigDict(
        json_schema_extra={"dependentSchemas": {"viewing": {"properties": {"action": {"const": Action.OWNER_ONLY.value}}}}}
    )

    action: Action
    viewing: Viewing | SkipJsonSchema[None] = Field(
        None, description="only with owner-only: when the picture may be seen", json_schema_extra=_without_default
    )

    @model_validator(mode="after")
    def _fits(self) -> "RuleIn":
        if "viewing" in self.model_fields_set and (self.viewing is None or self.action is not Action.OWNER_ONLY):
            raise ValueError("viewing goes with owner-only")
        return self


class PauseIn(In):
    """Let everything of a device, or one purpose, pass for a while."""

    seconds: Seconds
    purpose: Purpose | None = None


class AllowIn(In):
    """Let one purpose of one device pass for a while."""

    purpose: Purpose
    seconds: Seconds = 3_600.0


class ProfileIn(In):
    """What a device is; the name counts for one that nobody has named yet."""

    profile: ProfileId
    name: Name | None = None


class HoursQuery(In):
    """How many hours."""

    last: int = Field(24, ge=1, le=MAX_HOURS)


class GrantQuery(In):
    """What is to be ended; nothing said: all of it."""

    kind: GrantKind | None = None
    purpose: Purpose | None = None


class FlowQuery(In):
    """Which flows, newest first."""

    device: Named | None = Field(None, description="its id or hardware address")
    purpose: Purpose | None = None
    effect: Literal["passed", "stopped"] | None = None
    before: Annotated[int, Field(ge=1, le=MAX_ID)] | None = Field(None, description="a flow's id: those that came earlier")
    limit: int = Field(50, ge=1, le=200)


# What is told.


class Fault(Out):
    """One thing that is wrong with a request."""

    at: str
    what: str


class Problem(Out):
    """Problem details (RFC 9457)."""

    type: str = Field(description="about:blank, or a place on the page of the API")
    title: str
    status: int
    detail: str
    instance: str = Field(description="the path that was asked for")
    hint: str | None = Field(None, description="what to do about it")
    errors: list[Fault] | None = None


class Session(Out):
    """Who this session is."""

    account: str
    role: Literal["owner", "reader"]
    csrf_token: str = Field(description="for X-CSRF-Token; it ends with the session")


class Tally(Out):
    """Sums."""

    passed: int = Field(description="flows that left")
    stopped: int = Field(description="tries that did not")
    bytes_out: int
    bytes_in: int
    held_bytes: int = Field(description="payload that was kept at home")


class Hour(Tally):
    """Sums of an hour."""

    began: datetime


class Grant(Out):
    """Something that is open for a while."""

    kind: GrantKind
    device: str = Field(description="a device's id, or all")
    purpose: Purpose | None
    remaining_s: float
    by: str
    because: str


class Guess(Out):
    """What a device probably is, and why."""

    vendor: str
    profile: str
    title: str = Field(description="of the profile, in the language asked for")
    confidence: float
    sure: bool
    because: list[str]


class Cost(Out):
    """What stops working without a purpose, and how that is known."""

    text: str
    evidence: str
    confidence: str


class PurposeRule(Out):
    """What a device does for one purpose, and may."""

    purpose: Purpose
    title: str
    about: str
    action: Action
    rule: str = Field(description="file and line")
    own: bool = Field(description="somebody decided it for this device")
    recommended: Action
    viewing: str
    choices: list[Action] = Field(description="what the pages offer instead")
    cost: Cost | None = Field(description="null: nobody has shown what stops working")
    today: Tally
    week: Tally


class Device(Out):
    """A device behind the curtain, or a phone of the household."""

    mac: str
    id: str
    label: str
    kind: str
    family: str
    profile: str
    vendor: str
    trusted: bool
    owner: str
    confirmed: bool
    named: bool = Field(description="a file says who it is")
    hostname: str
    addresses: list[str]
    first_seen: datetime | None
    last_seen: datetime | None
    health: Health
    guess: Guess | None
    grants: list[Grant]
    today: Tally
    week: Tally
    tries_hour: int = Field(description="tries that were stopped within the last hour")


class DeviceDetail(Device):
    """A device with its purposes."""

    purposes: list[PurposeRule]


class Devices(Out):
    """All of them."""

    devices: list[Device]
    phones: list[Device] = Field(description="trusted: what they send is not judged")


class Gateway(Out):
    """Whether it answers."""

    running: bool
    why: str = Field(description="it does not")
    hint: str
    clock_trusted: bool | None


class Question(Out):
    """Something that a rule wants to be asked about."""

    device: str
    purpose: Purpose
    name: str
    asked_at: datetime


class Trouble(Out):
    """Something on the gateway that is not over."""

    what: str
    message: str
    at: datetime | None


class Status(Out):
    """Is everything all right?"""

    version: str
    now: datetime
    zone: str
    gateway: Gateway
    devices: int
    phones: int
    newcomers: list[str] = Field(description="hardware addresses of devices of which nobody has said what they are")
    today: Tally
    week: Tally
    grants: list[Grant]
    questions: list[Question]
    problems: list[Trouble]
    faults: list[str] = Field(description="of the policy files: then the last good ones hold")
    pending: bool = Field(description="the gateway has not taken up yet what the files say")


class Profile(Out):
    """A kind of device."""

    id: str
    title: str


class Flow(Out):
    """One flow, or tries of the same thing in a row."""

    id: int
    started: datetime
    device_mac: str
    device_id: str
    device_label: str
    profile: str
    purpose: Purpose
    also: list[str] = Field(description="what it may be for as well")
    confidence: float
    server_name: str | None
    name_source: str | None
    address: str
    port: int
    protocol: str
    effect: Effect
    action: str
    rule: str = Field(description="file and line")
    reason: str
    grant: str = Field(description="what let it pass for a while; empty: nothing did")
    attempts: int
    bytes_out: int
    bytes_in: int
    held_bytes: int


class Flows(Out):
    """A page of flows, newest first."""

    items: list[Flow]
    next: str | None = Field(description="the path of the page before it in time; null: there is none")


class Step(Out):
    """A step of the chain that led to what became of a flow."""

    step: Literal["device", "purpose", "name", "address", "rule"]
    value: str
    note: str


class FlowDetail(Flow):
    """One flow, and why."""

    chain: list[Step]
    would_pass_if: str | None = Field(description="null: it passed, or the gateway does not remember it any more")
    cost: Cost | None


class WeekPurpose(Tally):
    """A device's week for one purpose."""

    purpose: Purpose
    title: str
    names_kept: list[str] = Field(description="names that got nothing")


class WeekDevice(Out):
    """A device's week."""

    mac: str
    id: str
    label: str
    kind: str
    total: Tally
    purposes: list[WeekPurpose]


class Week(Out):
    """The receipt of the last seven days."""

    since: datetime
    until: datetime
    total: Tally
    devices: list[WeekDevice]


class Change(Out):
    """Something that was changed; POST its token to /api/v1/undo/{token} to take it back."""

    token: Token
    text: str
    left_s: float = Field(description="so long it can be undone")


class Changes(Out):
    """What can still be undone, newest first."""

    items: list[Change]


class Undone(Out):
    """What was taken back."""

    text: str
