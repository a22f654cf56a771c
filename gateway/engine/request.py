"""What people ask over the control socket, and what they are told."""

from collections.abc import Mapping
from typing import Any

from gateway.model.command import Command, OpenPanel, Publish, ReloadPolicy, Reply
from gateway.model.control import Request, Response
from gateway.model.decision import Decision
from gateway.model.device import Mac, is_mac
from gateway.model.event import Asked, Now
from gateway.model.moment import Grant
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord

from .forget import tell
from .forgetting import Forgetting
from .snapshot import snapshot
from .state import State, grant_view
from .viewing import PANEL

LENGTH_S = 900.0
"""Where neither the person nor a rule says how long."""
MAX_SECONDS = 30 * 86_400.0
MAX_FLOWS = 1_000
FIRST_CONTACT_S = 900.0
"""So long after it was first asked to, and no longer, the gateway lets everybody reach the panel of a box without an owner."""


class Refused(ValueError):
    """A request that makes no sense: ``args`` are code, message, hint."""


class Requests:
    """One method per verb; each returns (data, commands)."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._contact_ends: float | None = None
        """On the monotonic clock; None: nobody has asked yet."""

    def handle(self, event: Asked, now: Now) -> list[Command]:
        """Answer one request. Never raises: what is wrong with it is its answer."""
        request = event.request
        method = getattr(self, f"_do_{request.do}", None)
        try:
            if method is None:
                raise Refused("not-here", f"'{request.do}' is not something this gateway does", "edit household.yaml instead")
            data, commands = method(request, now)
        except Refused as refused:
            code, message, hint = refused.args
            response = Response(id=request.id, error_code=code, message=message, hint=hint)
            return [Reply(client=event.client, response=response)]
        return [*commands, Reply(client=event.client, response=Response(id=request.id, data=data))]

    def _do_status(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        state = self._state
        return {
            "epoch": state.epoch,
            "policy": state.policy.digest,
            "policy_faults": list(state.policy_faults),
            "devices": len(state.roster.members),
            "live_flows": len(state.flows),
            "clock_trusted": now.wall_trusted,
            "grants": [grant_view(grant, state, now) for grant in state.grants.in_force],
            "trials": [state.trial_view(trial) for trial in state.trials],
            "shadows": state.shadow_views(),
            "forgetting": [forgetting_view(one, now) for one in state.forgettings],
            "questions": self._questions(),
            "problems": list(state.problems),
            "totals": state.totals.view(),
        }, []

    def _do_flows(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        limit = int(self._number(request.args, "limit", default=100, most=MAX_FLOWS))
        since = self._number(request.args, "since", default=0.0, most=1e12)
        device, purpose = request.args.get("device"), request.args.get("purpose")
        mac = self._mac(device) if device else None
        found = [
            record
            for record, _ in self._state.recent.values()
            if record.started >= since and mac in (None, record.device) and purpose in (None, record.purpose)
        ]
        return [record.eve() for record in found[-limit:]], []

    def _do_explain(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        record, decision = self._recent(request.args)
        cost = self._state.cost(self._state.roster.describe(Mac(record.device)), decision.purpose)
        would = {"grant": decision.grant, "would_pass_if": decision.would_pass_if, "cost": cost}
        return {"flow": record.eve(), **would}, []

    def _do_devices(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        return [self._state.view(member, now) for member in self._state.roster.members.values()], []

    def _do_confirm(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        message = "what a device is stands in the household's files, and the gateway writes none of them"
        raise Refused("not-here", message, "`netcurtain confirm DEVICE` writes it, and it is taken up at once")

    def _do_pause(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        mac = self._device_or_all(request.args)
        purpose = self._purpose(request.args) if request.args.get("purpose") else None
        return self._open("pause", mac, purpose, request, now)

    def _do_allow(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        if request.args.get("flow") is not None:
            record, _ = self._recent(request.args)
            mac, purpose = Mac(record.device), Purpose(record.purpose)
        else:
            mac, purpose = self._mac(request.args.get("device")), self._purpose(request.args)
        return self._open("allowance", mac, purpose, request, now)

    def _do_view(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        return self._open("viewing", self._mac(request.args.get("device")), Purpose.VIDEO, request, now)

    def _do_stop(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        ended = self._state.grants.stop(
            self._device_or_all(request.args),
            kind=request.args.get("kind", ""),
            purpose=self._purpose(request.args) if request.args.get("purpose") else None,
        )
        views = [grant_view(grant, self._state, now) for grant in ended]
        if not ended:
            return views, []
        self._state.viewings.stopped(ended, now)
        told: list[Command] = [Publish(kind="viewing", data={"ended": view}) for view in views]
        return views, [*self._state.bump(now), snapshot(self._state, now), *told]

    def _do_contact(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        """The panel tells that the box has no owner yet, who has just become it, or that it has one."""
        seconds = self._number(request.args, "seconds", default=0.0, most=FIRST_CONTACT_S)
        if request.args.get("device") is not None:
            return {"seconds": seconds}, [OpenPanel(seconds=seconds, mac=self._mac(request.args["device"]))]
        if self._contact_ends is None and seconds > 0:
            self._contact_ends = now.mono + seconds
        left_s = max(0.0, min(seconds, (self._contact_ends or now.mono) - now.mono))
        return {"seconds": left_s}, [OpenPanel(seconds=left_s)]

    def _do_forget(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        mac = self._mac(request.args.get("device"), written=True)
        seconds = self._number(request.args, "seconds", default=0.0, most=LENGTH_S)
        state, names = self._state, (self._state.roster.describe(mac).id,)
        try:
            begun = state.forgettings.begin(mac, names, seconds, now)
        except ValueError as err:
            raise Refused("too-many", str(err), "wait until they are over") from err
        return forgetting_view(begun, now), [snapshot(state, now), tell(begun, "waiting")]

    def _do_keep(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        state, mac = self._state, self._mac(request.args.get("device"), written=True)
        begun = state.forgettings.get(mac)
        if begun is None or not state.forgettings.keep(mac):
            raise Refused("too-late", f"nobody waits for {mac} to be forgotten", "it is forgotten, or never was to be")
        return forgetting_view(begun, now), [snapshot(state, now, alone=True), tell(begun, "kept")]

    def _do_reload(self, request: Request, now: Now) -> tuple[Any, list[Command]]:
        return {"policy": self._state.policy.digest}, [ReloadPolicy()]

    def _open(
        self, kind: str, mac: Mac | None, purpose: Purpose | None, request: Request, now: Now
    ) -> tuple[Any, list[Command]]:
        length_s = self._state.viewings.length_s(mac) if kind == "viewing" and mac else None
        seconds = self._number(request.args, "seconds", default=length_s or LENGTH_S, most=MAX_SECONDS)
        if seconds <= 0:
            raise Refused("bad-duration", "the duration must be more than nothing", "for example --for 15m")
        by = PANEL if kind == "viewing" else ""
        grant = Grant(kind=kind, mac=mac, purpose=purpose, until=now.mono + seconds, since=now.mono, by=by)
        try:
            self._state.grants.open(grant)
        except ValueError as err:
            raise Refused("too-many", str(err), "end some with `netcurtain stop`") from err
        view = grant_view(grant, self._state, now)
        told = Publish(kind="viewing", data={"opened": view})
        return view, [*self._state.bump(now), snapshot(self._state, now), told]

    def _questions(self) -> list[dict[str, Any]]:
        return [
            {"device": question.mac, "purpose": str(question.purpose), "name": question.name, "asked_at": question.asked_at}
            for question in self._state.questions.values()
        ]

    def _recent(self, args: Mapping[str, Any]) -> tuple[FlowRecord, Decision]:
        flow_id = int(self._number(args, "flow", default=-1, most=2**60))
        known = self._state.recent.get(flow_id)
        if known is None:
            raise Refused("unknown-flow", f"flow {flow_id} is not among the last flows", "`netcurtain flows` lists them")
        return known

    def _device_or_all(self, args: Mapping[str, Any]) -> Mac | None:
        return None if args.get("device") == "all" else self._mac(args.get("device"))

    def _mac(self, named: object, *, written: bool = False) -> Mac:
        """The device that was seen, or that the household's file names: it may be silent so far. ``written``: any other too,
        by its hardware address; it may have been here long ago."""
        known = {member.device.mac: member.device.id for member in self._state.roster.members.values()}
        known |= {mac: entry.device.id for mac, entry in self._state.policy.devices.items()}
        for mac, name in known.items():
            if named in (mac, name):
                return mac
        if written and is_mac(str(named)):
            return Mac(str(named))
        choices = ", ".join(sorted(known.values())) or "none is known yet"
        raise Refused("unknown-device", f"no device is called {named!r}", f"devices: {choices}")

    @staticmethod
    def _purpose(args: Mapping[str, Any]) -> Purpose:
        try:
            return Purpose(str(args.get("purpose")))
        except ValueError as err:
            choices = ", ".join(Purpose)
            raise Refused("unknown-purpose", f"{args.get('purpose')!r} is not a purpose", f"one of: {choices}") from err

    @staticmethod
    def _number(args: Mapping[str, Any], key: str, *, default: float, most: float) -> float:
        value = args.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
            raise Refused("bad-number", f"{key!r} must be a number of at most {most:.0f}", f"it was {value!r}")
        return value


def forgetting_view(one: Forgetting, now: Now) -> dict[str, object]:
    """A device that is to be forgotten, as ``status`` and answers show it."""
    return {"mac": one.mac, "remaining_s": round(max(0.0, one.until - now.mono), 1), "erasing": bool(one.last)}
