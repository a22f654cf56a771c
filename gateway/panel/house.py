"""What the household is, for pages and API alike: its devices, what each does and may, what happened, what is open.

Put together from three sources that may each be missing: the gateway (who is there, what is open for a while), the policy files
(what may be, what it costs) and the ledger (what was). A view is a snapshot; it is made anew for every page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from gateway.edge.control_client import ControlError
from gateway.model.action import Action
from gateway.model.device import Device, Mac
from gateway.model.policy import DevicePolicy, Policy, Rule
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from gateway.policy import Loaded
from gateway.policy.assembly import costs_of
from gateway.policy.part import Cost
from gateway.policy.ruling import entry_for

from .books import Books, Sum, Sums, by_device, total_of
from .files import Files
from .gateway_link import GatewayLink
from .wording import SHOWN_FIRST, spoken

SILENT_S = 3_600.0
STORM_TRIES_HOUR = 120
"""Tries an hour from which on a device is said to try again and again."""
CAMERAS = ("camera", "doorbell")
NO_COST = Cost(texts={"en": ""}, confidence="")


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeView:
    """What a device does for one purpose, and may."""

    purpose: Purpose
    action: Action
    rule: str
    """File and line."""
    is_own: bool
    """Somebody decided it for this device."""
    recommended: Action
    """What holds where nobody decided."""
    viewing: str
    cost: Cost
    today: Sum
    week: Sum

    @property
    def is_seen(self) -> bool:
        """It did so within the week."""
        return bool(self.week.passed or self.week.stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """One device."""

    mac: str
    id: str
    titles: Mapping[str, str]
    """What kind of thing it is, by language."""
    profile: str
    family: str
    vendor: str
    trusted: bool
    owner: str
    confirmed: bool
    named: bool
    """A file says who it is."""
    hostname: str
    addresses: tuple[str, ...]
    first_seen: float | None
    last_seen: float | None
    guess: Mapping[str, Any] | None
    set_up_s: float
    manner: str | None
    forgetting_s: float | None
    """So long until it is forgotten; None: nobody wants that."""
    grants: tuple[Mapping[str, Any], ...]
    purposes: tuple[PurposeView, ...]
    today: Sum
    week: Sum
    tries_hour: int

    @property
    def label(self) -> str:
        """What people call it: ``Front door``; one that nobody named, by what it calls itself."""
        if not self.named:
            return "".join(filter(str.isprintable, self.hostname)).strip() or self.mac  # nothing that turns text around
        return spoken(self.id)

    @property
    def is_camera(self) -> bool:
        """It has a picture that somebody may want to see."""
        return self.family in CAMERAS

    @property
    def is_new(self) -> bool:
        """Nobody has said what it is."""
        return not self.named and not self.trusted

    @property
    def viewing(self) -> Mapping[str, Any] | None:
        """The open viewing, if there is one."""
        return next((grant for grant in self.grants if grant["kind"] == "viewing"), None)

    @property
    def paused(self) -> Mapping[str, Any] | None:
        """The pause of everything, if there is one."""
        return next((grant for grant in self.grants if grant["kind"] == "pause" and not grant["purpose"]), None)

    def health(self, now: float) -> str:
        """``well``, ``silent``, ``storm`` (tries again and again) or ``unseen``."""
        if self.last_seen is None:
            return "unseen"
        if self.tries_hour >= STORM_TRIES_HOUR:
            return "storm"
        return "silent" if now - self.last_seen > SILENT_S else "well"

    def purpose(self, purpose: Purpose) -> PurposeView | None:
        """One of its purposes."""
        return next((one for one in self.purposes if one.purpose is purpose), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseView:
    """Everything at one moment."""

    now: float
    zone: str
    devices: tuple[DeviceView, ...]
    phones: tuple[DeviceView, ...]
    """Trusted devices of the household."""
    today: Sum
    week: Sum
    down: ControlError | None
    """Why the gateway could not be asked."""
    status: Mapping[str, Any]
    faults: tuple[str, ...]
    """Of the policy files: then the last good policy is in force."""
    pending: bool
    """The files say something that the gateway has not taken up yet."""
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Profile id -> its titles."""

    @property
    def newcomers(self) -> tuple[DeviceView, ...]:
        """Nobody has said what they are."""
        return tuple(device for device in self.devices if device.is_new)

    @property
    def paused(self) -> tuple[DeviceView, ...]:
        """Everything of theirs passes."""
        return tuple(device for device in self.devices if device.paused)

    def called(self, record: FlowRecord) -> str:
        """Whose flow it is, in the household's words."""
        device = self.device(record.device)
        return device.label if device else record.device_id

    def device(self, named: str) -> DeviceView | None:
        """By id or hardware address."""
        return next((one for one in (*self.devices, *self.phones) if named in (one.id, one.mac)), None)


class House:
    """Where views come from."""

    def __init__(self, files: Files, books: Books, link: GatewayLink) -> None:
        self.files, self.books, self.link = files, books, link

    def view(self) -> HouseView:
        """As it is now. Never raises: what cannot be asked or read is said in it."""
        loaded, faults = self.files.read()
        policy = loaded.policy
        assert policy is not None
        down, seen, status = self._ask()
        today, week = self.books.today(policy.timezone), self.books.week()
        recent = self.books.since(self.books.now)
        rows = {row["mac"]: row for row in seen}
        maker = _Maker(loaded, policy, status, today, week, recent)
        everybody = [maker.device(mac, rows.get(mac)) for mac in dict.fromkeys((*policy.devices, *rows))]
        devices = sorted((one for one in everybody if not one.trusted), key=_order)
        return HouseView(
            now=self.books.now,
            zone=policy.timezone,
            devices=tuple(devices),
            phones=tuple(sorted((one for one in everybody if one.trusted), key=_order)),
            today=total_of(today),
            week=total_of(week),
            down=down,
            status=status,
            faults=faults or tuple(status.get("policy_faults", ())),
            pending=bool(status) and not faults and status.get("policy") != policy.digest,
            owners=_owners(policy),
            profiles={name: part.titles for name, part in loaded.profiles.items() if part.titles},
        )

    def _ask(self) -> tuple[ControlError | None, list[dict[str, Any]], dict[str, Any]]:
        try:
            return None, self.link.devices(), self.link.status()
        except ControlError as err:
            return err, [], {}


class _Maker:
    """Makes the views of devices."""

    def __init__(
        self, loaded: Loaded, policy: Policy, status: Mapping[str, Any], today: Sums, week: Sums, recent: Sums
    ) -> None:
        self._loaded, self._policy = loaded, policy
        self._grants: Sequence[Mapping[str, Any]] = status.get("grants", ())
        self._forgetting = {one["mac"]: float(one["remaining_s"]) for one in status.get("forgetting", ())}
        self._today, self._week, self._recent = by_device(today), by_device(week), by_device(recent)

    def device(self, mac: str, row: Mapping[str, Any] | None) -> DeviceView:
        entry = self._policy.devices.get(Mac(mac))
        known = entry.device if entry else _device_of(mac, row or {})
        holds = entry or entry_for(self._policy, known)
        told = row or {}
        profile = self._loaded.profiles.get(holds.device.profile)
        return DeviceView(
            mac=mac,
            id=known.id or mac,
            titles=profile.titles if profile else {},
            profile=holds.device.profile,
            family=holds.device.family or known.family,
            vendor=holds.device.vendor,
            trusted=known.trusted,
            owner=known.owner,
            confirmed=known.confirmed,
            named=entry is not None,
            hostname=told.get("hostname") or "",
            addresses=tuple(sorted(told.get("addresses", ()), key=_address_order)),
            first_seen=told.get("first_seen"),
            last_seen=told.get("last_seen"),
            guess=told.get("guess"),
            set_up_s=told.get("set_up_s") or 0.0,
            manner=told.get("manner"),
            forgetting_s=self._forgetting.get(mac),
            grants=tuple(grant for grant in self._grants if grant["device"] in (known.id or mac, mac, "all")),
            purposes=() if known.trusted else self._purposes(mac, holds),
            today=_whole(self._today.get(mac, {})),
            week=_whole(self._week.get(mac, {})),
            tries_hour=_whole(self._recent.get(mac, {})).stopped,
        )

    def _purposes(self, mac: str, entry: DevicePolicy) -> tuple[PurposeView, ...]:
        part = self._loaded.profiles.get(entry.device.profile)
        costs = costs_of(part, self._loaded.profiles) if part else {}
        spoken = {purpose for level in entry.levels[:-1] for purpose in level.rules}
        acted = self._week.get(mac, {})
        return tuple(
            self._purpose(purpose, mac, entry, costs.get(purpose, NO_COST))
            for purpose in SHOWN_FIRST
            if purpose in spoken or purpose in acted
        )

    def _purpose(self, purpose: Purpose, mac: str, entry: DevicePolicy, cost: Cost) -> PurposeView:
        rule, level = entry.table[purpose]
        is_own = level == 0 and bool(entry.device.id)
        beneath = next((one for one in _beneath(entry, purpose, is_own=is_own)), rule)
        return PurposeView(
            purpose=purpose,
            action=rule.action,
            rule=str(rule.ref),
            is_own=is_own,
            recommended=beneath.action,
            viewing=rule.viewing,
            cost=cost,
            today=self._today.get(mac, {}).get(purpose, Sum()),
            week=self._week.get(mac, {}).get(purpose, Sum()),
        )


def _whole(sums: Mapping[str, Sum]) -> Sum:
    whole = Sum()
    for one in sums.values():
        whole.merge(one)
    return whole


def _beneath(entry: DevicePolicy, purpose: Purpose, *, is_own: bool) -> list[Rule]:
    levels = entry.levels[1:] if is_own else entry.levels
    return [level.rules[purpose] for level in levels if purpose in level.rules and not level.rules[purpose].shadow]


def _device_of(mac: str, row: Mapping[str, Any]) -> Device:
    """Somebody whom no file names, as the gateway has them."""
    named = {key: row[key] for key in ("id", "profile", "family", "trusted", "owner", "confirmed") if row.get(key)}
    return Device(mac=Mac(mac), **{"id": "", "profile": "careful", **named})


def _owners(policy: Policy) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in policy.devices.values():
        if entry.device.owner:
            found[entry.device.owner] = (*found.get(entry.device.owner, ()), entry.device.id)
    return found


def _order(device: DeviceView) -> tuple[int, str]:
    """New ones first, cameras before the rest."""
    return (0 if device.is_new else 1 if device.is_camera else 2, device.id)


def _address_order(text: str) -> tuple[int, int]:
    address = ip_address(text)
    return address.version, int(address)
