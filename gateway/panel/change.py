"""What people change: rules and devices in the household's files, pauses and viewings at the gateway. Each can be undone.

A file is taken back only as it was written: if somebody else has changed it since, undoing says so and leaves it. A device is
forgotten by the gateway, which counts down by itself: it does so even if nobody is here to see it.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gateway.edge.control_client import ControlError
from gateway.household import Edit, Household, Value, free_name
from gateway.model.action import Action
from gateway.model.device import Mac
from gateway.model.policy import DevicePolicy, Policy
from gateway.model.purpose import Purpose

from .files import Files
from .gateway_link import GatewayLink
from .wording import N_

log = logging.getLogger("netcurtain.panel")
UNDO_S = 30.0
LATE_S = 5.0
"""What is undone in the last moment still comes in time."""
MAX_KEPT = 32
HOUSEHOLD_FILE = "household.yaml"
EMPTY = "version: 1\n"


class NotDone(Exception):
    """It cannot be changed like this: a sentence (a text of the catalogues), its values, and what to do about it."""

    def __init__(self, text: str, **values: str) -> None:
        super().__init__(text % values)
        self.text = text
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that was changed, for a while to be taken back."""

    token: str
    until: float
    """Monotonic seconds."""
    text: str
    """What was done: a text of the catalogues, with ``%(device)s`` and the like in it."""
    values: Mapping[str, str] = field(default_factory=dict)
    undo: Callable[[], object]


class Changes:
    """The one way to change anything."""

    def __init__(
        self, folders: Sequence[Path], files: Files, link: GatewayLink, *, mono: Callable[[], float] = time.monotonic
    ) -> None:
        self._folders, self._files, self._link = tuple(folders), files, link
        self._mono = mono
        self._lock = threading.RLock()
        self._kept: list[Change] = []

    def recent(self) -> tuple[Change, ...]:
        """What can still be undone, newest first."""
        with self._lock:
            now = self._mono()
            self._kept = [change for change in self._kept if change.until > now]
            return tuple(reversed(self._kept))

    def left_s(self, change: Change) -> float:
        """How long it can still be undone."""
        return max(0.0, change.until - self._mono())

    def undo(self, token: str) -> Change:
        """Take a change back. ``NotDone`` where it is too late, or the file is another by now."""
        with self._lock:
            change = next((one for one in self.recent() if one.token == token), None)
            if change is None:
                raise NotDone(N_("It is too late to undo that. Change it back by hand."))
            try:
                change.undo()  # where that fails it stays: the gateway may be back in time, a later change be undone first
                self._kept.remove(change)
            except OSError as err:
                raise NotDone(N_("This could not be undone: %(why)s"), why=str(err)) from err
            finally:
                self._files.forget()
                self._link.forget()
            log.info("undone: %s", change.text % change.values)
            return change

    # What is in files.

    def set_rule(self, device: str, purpose: Purpose, action: Action | None, *, viewing: str = "") -> Change:
        """What a device may do for a purpose, from now on; None: what its profile says."""
        value: Value | None = None if action is None else str(action)
        if viewing and action is Action.OWNER_ONLY:
            value = {"action": str(action), "viewing": viewing}
        entry = self._entry(device)
        text = N_("%(device)s: %(purpose)s – %(state)s.") if action else N_("%(device)s: %(purpose)s – as recommended again.")
        values = {"device": entry.device.id, "purpose": purpose, "state": action or ""}
        way = ("devices", entry.device.id, "rules", str(purpose))
        return self._write(partial(Household.amend, file=entry.ref.file, way=way, value=value), text, values)

    def confirm(self, mac: str, profile: str, name: str = "") -> Change:
        """What a device is."""
        policy = self._policy()
        if profile not in policy.profiles:
            raise NotDone(N_("There is no such kind of device."))
        values: dict[str, str | bool] = {"profile": profile, "confirmed": True}
        entry = policy.devices.get(Mac(mac))
        called = entry.device.id if entry else self._name(policy, name or profile)
        if entry:
            make = partial(Household.amend_device, entry=entry, values=values)
        else:
            make = partial(Household.add_device, name=called, mac=mac, values=values)
        return self._write(make, N_("%(device)s is known now."), {"device": called})

    def claim_phone(self, mac: str, owner: str, name: str = "") -> list[Change]:
        """This phone or computer is an owner's: it is trusted, and may open viewings."""
        policy = self._policy()
        entry = policy.devices.get(Mac(mac))
        called = entry.device.id if entry else self._name(policy, name or f"{owner}-phone")
        done = []
        if entry is None:
            add = N_("%(device)s belongs to the household now.")
            make = partial(Household.add_device, name=called, mac=mac, values={"trusted": True})
            done.append(self._write(make, add, {"device": called}))
        elif not entry.device.trusted:
            trust = N_("%(device)s is trusted now.")
            make = partial(Household.amend_device, entry=entry, values={"trusted": True})
            done.append(self._write(make, trust, {"device": called}))
        owned = [one.device.id for one in policy.devices.values() if one.device.owner == owner]
        if called not in owned:
            done.append(self._own(owner, [*owned, called], called))
        return done

    def release_phone(self, device: str, owner: str) -> Change:
        """It is no owner's any more; it stays a device of the household."""
        policy = self._policy()
        owned = [one.device.id for one in policy.devices.values() if one.device.owner == owner and one.device.id != device]
        return self._own(owner, owned, device)

    def forget(self, device: str) -> Change:
        """Every trace of it goes, once it is too late to undo that; out of the files it goes now. By id or hardware address."""
        with self._lock:
            entry = next((one for one in self._policy().devices.values() if device in (one.device.id, one.device.mac)), None)
            mac, called = (entry.device.mac, entry.device.id) if entry else (device, device)
            self._link.change("forget", device=mac, seconds=UNDO_S + LATE_S)
            try:
                household = self._household()
                make = partial(Household.remove_device, entry=entry) if entry else _nothing
                edits = self._files.write_all(household, make)
            except (OSError, ValueError) as err:
                self._link.change("keep", device=mac)
                raise NotDone(N_("This could not be written: %(why)s"), why=str(err)) from err
        text = N_("%(device)s will be forgotten, with everything it did.")
        return self._keep(text, {"device": called}, lambda: self._remember(mac, household, edits))

    def _remember(self, mac: str, household: Household, edits: Sequence[Edit]) -> None:
        """The gateway first: where it has begun, the files are left as they are, too."""
        try:
            self._link.change("keep", device=mac)
        except ControlError as err:
            if err.code != "too-late":
                raise
            raise NotDone(N_("It is too late to undo that. Change it back by hand.")) from err
        household.take_all_back(edits)

    def _own(self, owner: str, devices: list[str], device: str) -> Change:
        text = N_("The devices of %(owner)s were changed.")
        way = ("owners", owner, "devices")
        make = partial(Household.amend, file=HOUSEHOLD_FILE, way=way, value=devices)
        return self._write(make, text, {"owner": owner, "device": device})

    # What is open for a while.

    def pause(self, device: str, purpose: Purpose | None, seconds: float) -> Change:
        """Suspend refusals."""
        text = N_("Everything passes for a while: %(device)s.") if purpose is None else N_("%(device)s: %(purpose)s passes.")
        return self._open("pause", text, device=device, purpose=purpose, seconds=seconds)

    def allow(self, device: str, purpose: Purpose, seconds: float) -> Change:
        """Let one purpose of one device pass."""
        return self._open("allow", N_("%(device)s: %(purpose)s passes."), device=device, purpose=purpose, seconds=seconds)

    def view(self, device: str, seconds: float | None = None) -> Change:
        """Open a camera's picture."""
        return self._open("view", N_("The picture of %(device)s is open."), device=device, purpose=None, seconds=seconds)

    def stop(self, device: str, kind: str = "", purpose: Purpose | None = None) -> Change | None:
        """End what is open; None where nothing was."""
        ended = self._link.change("stop", device=device, kind=kind or None, purpose=purpose)
        if not ended:
            return None
        return self._keep(N_("Ended for %(device)s."), {"device": device}, lambda: self._reopen(ended))

    def _open(self, do: str, text: str, *, device: str, purpose: Purpose | None, seconds: float | None) -> Change:
        given: dict[str, Any] = {"device": device, "seconds": seconds}
        if purpose is not None:
            given["purpose"] = str(purpose)
        grant = self._link.change(do, **given)
        values = {"device": device, "purpose": purpose or ""}
        return self._keep(text, values, lambda: self._end(grant))

    def _end(self, grant: Mapping[str, Any]) -> None:
        self._link.change("stop", device=grant["device"], kind=grant["kind"], purpose=grant["purpose"])

    def _reopen(self, grants: Sequence[Mapping[str, Any]]) -> None:
        verbs = {"pause": "pause", "allowance": "allow", "viewing": "view"}
        for grant in grants:
            given = {"device": grant["device"], "seconds": grant["remaining_s"] or 1.0}
            if grant["purpose"] and grant["kind"] != "viewing":
                given["purpose"] = grant["purpose"]
            self._link.change(verbs[grant["kind"]], **given)

    # Files.

    def _policy(self) -> Policy:
        self._files.forget()
        loaded, faults = self._files.read()
        if faults or loaded.policy is None:
            raise NotDone(N_("The policy files hold a fault. Mend it first: %(why)s"), why=faults[0] if faults else "")
        return loaded.policy

    def _entry(self, named: str) -> DevicePolicy:
        """A device's entry in the files; one that no file names has to be known first."""
        for entry in self._policy().devices.values():
            if named in (entry.device.id, entry.device.mac):
                return entry
        raise NotDone(N_("Say first what %(device)s is."), device=named)

    def _name(self, policy: Policy, wanted: str) -> str:
        taken = {entry.device.id for entry in policy.devices.values()}
        stem = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in wanted.lower()).strip("-")
        return free_name((stem or "device")[:60], taken | {"all"})

    def _write(self, make: Callable[[Household], Edit], text: str, values: Mapping[str, str]) -> Change:
        with self._lock:
            try:
                household = self._household()
                edit = self._files.write(household, make)
            except (OSError, ValueError) as err:
                raise NotDone(N_("This could not be written: %(why)s"), why=str(err)) from err
            return self._keep(text, values, lambda: household.take_back(edit))

    def _household(self) -> Household:
        """The folders; the household's file is begun where there is none."""
        folders = [folder for folder in self._folders if folder.is_dir()]
        if not folders:
            self._folders[-1].mkdir(parents=True)
            folders = [self._folders[-1]]
        if not any((folder / HOUSEHOLD_FILE).exists() for folder in folders):
            (folders[-1] / HOUSEHOLD_FILE).write_text(EMPTY, encoding="utf-8")
        return Household(folders)

    def _keep(self, text: str, values: Mapping[str, str], undo: Callable[[], object]) -> Change:
        change = Change(token=secrets.token_urlsafe(9), until=self._mono() + UNDO_S, text=text, values=values, undo=undo)
        with self._lock:
            self._kept = [*self._kept[-MAX_KEPT + 1 :], change]
        log.info("changed: %s", text % values)
        return change


def _nothing(household: Household) -> tuple[Edit, ...]:
    """No file names it."""
    return ()
