"""Promises, each played in a home of its own and checked against what really left it.

A scenario is a module in ``scenarios/`` with ``PROMISE`` (one sentence), ``ACTORS`` and ``play(stage)``; optionally
``prepare(policies)`` changes the household before the gateway starts, ``SERVICES`` names servers that no actor's own behaviour
asks for, ``SETTINGS`` is more of the gateway's environment, ``ALLOWANCE_BYTES`` what may leave before a refusal is possible
(its docstring says why), and ``LONG`` says that it takes its time: it is left out of the short tests.
"""

import os
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import import_module
from ipaddress import ip_address
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from gateway.model.assessment import Catalogue, Row
from gateway.model.device import Mac
from gateway.model.policy import DevicePolicy, Policy
from gateway.policy import load
from gateway.purpose import find

from . import scenarios
from .home import Home
from .namespace import inside
from .topology import GATEWAY_WAN_MAC
from .truth import Truth, WanFlow, read_truth
from .witness import Record, Witness, refused_bytes

PACE = float(os.environ.get("NETCURTAIN_LAB_PACE", "1"))
"""How many times longer our own work may take here than a promise says: more than 1 on an emulated machine."""


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence, whether it held, and what was measured."""

    it: str
    ok: bool
    seen: str


@dataclass(slots=True, kw_only=True)
class Result:
    """One scenario, played."""

    name: str
    ok: bool = False
    checks: list[Check] = field(default_factory=list)
    wan_bytes_by_purpose: dict[str, int] = field(default_factory=dict)
    refused_payload_bytes: int = 0
    allowance_bytes: int = 0
    tried: list[Any] = field(default_factory=list)
    """Evasions, each with the bytes that it got out."""

    def view(self) -> dict[str, Any]:
        """As ``lab run --json`` shows it."""
        return asdict(self)


class Stage:
    """A running home, and the tools a scenario needs in it."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.checks: list[Check] = []
        self.tried: list[Any] = []
        self.watched_since = 0.0
        """Flows that began earlier were none of the gateway's: a scenario had switched it off."""
        self._excused: list[tuple[str, float, float]] = []
        self.witness = Witness(home.curtain.control)

    @cached_property
    def policy(self) -> Policy:
        """The household's files as they are now: what a destination is for, and who is trusted."""
        loaded = load(self.home.policies)
        assert loaded.policy is not None, loaded.faults
        return loaded.policy

    def check(self, it: str, ok: bool, seen: object) -> None:
        """Write one sentence down."""
        self.checks.append(Check(it, bool(ok), str(seen)))

    def troubles(self, what: str, *, now: bool = False) -> list[Record]:
        """What ``status`` tells of troubles with that; ``now``: only those that last."""
        told = [dict(trouble) for trouble in self.home.ask("status")["problems"] if trouble["what"] == what]
        return [trouble for trouble in told if not (now and "over_at" in trouble)]

    def excuse(self, actor: str, *, since: float, until: float) -> None:
        """What this actor opened in that span of wall time nobody judged, and it says so: the policy left it open."""
        self._excused.append((actor, since, until))

    def truth(self) -> Truth:
        """What has left so far."""
        self.home.settle()
        lan = {name: (self.home.lan_capture(name), Mac(one.mac)) for name, one in self.home.behaviours.items()}
        zone = self.home.zone
        asked = (zone.resolver4, zone.resolver6)
        return read_truth(self.home.wan_capture, lan, gateway_mac=Mac(GATEWAY_WAN_MAC), resolver=asked)

    def left(self, *names: str, actor: str = "", since: float = 0.0, until: float = float("inf")) -> int:
        """Payload bytes that left for these names, whatever they called themselves."""
        hosts = [self.home.zone.hosts[name] for name in names]
        addresses = [address for host in hosts for address in (host.address4, host.address6)]
        return self.truth().bytes_to(*addresses, actor=actor, since=since, until=until)

    def flows(self, device: str, *, name: str = "", purpose: str = "", port: int = 0) -> list[Record]:
        """The gateway's own records of a device's flows, last revisions, newest last."""
        self.witness.catch_up()
        own = ("device_id", "device")
        found = [record for record in self.witness.final() if device in [record["netcurtain"][key] for key in own]]
        found = [record for record in found if name in ("", record["netcurtain"]["server_name"])]
        found = [record for record in found if purpose in ("", record["netcurtain"]["purpose"])]
        return [record for record in found if port in (0, record["dest_port"])]

    def edit(self, file: str, old: str, new: str) -> float:
        """Change a policy file as an editor would; wall time at which it was written."""
        path = self.home.policies / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} does not hold {old!r}"
        fresh = path.with_name(f".{path.name}.swp")
        fresh.write_text(text.replace(old, new), encoding="utf-8")
        fresh.rename(path)
        return self.changed()

    def changed(self) -> float:
        """What may pass is another thing from now on; wall time."""
        now = time.time()
        self.home.openings.append(now)
        self.home.closings.append(now)
        return now

    def until(self, holds: Callable[[], bool], *, timeout_s: float = 3.0, every_s: float = 0.03) -> float:
        """Wait until something holds; seconds it took, or ``inf``."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            if holds():
                return time.monotonic() - began
            time.sleep(every_s)
        return float("inf")

    def digest(self) -> str:
        """Of the policy in force."""
        return str(self.home.ask("status")["policy"])

    def await_policy(self, before: str, *, timeout_s: float = 3.0) -> float:
        """Until another policy is in force; seconds it took."""
        return self.until(lambda: self.digest() != before, timeout_s=timeout_s)

    def purpose_of(self, flow: WanFlow) -> str:
        """What the catalogue says a destination is for."""
        assert flow.sender is not None
        address = str(ip_address(flow.key.dst))
        at_address = self.home.zone.names_at(address)
        name = flow.name or (at_address[0] if at_address else "")
        if not name:
            return "direct-address"
        if (flow.key.proto, flow.key.dport) in DNS:
            return "dns-escape"
        entry = self.policy.devices.get(Mac(self.home.behaviours[flow.sender.actor].mac))
        row = _row_for(self.policy.catalogue, name, entry)
        return str(row.purpose) if row else "unknown"

    def close(self, result: Result) -> None:
        """Take the books of the whole scenario."""
        self.witness.catch_up()
        truth = self.truth()
        result.wan_bytes_by_purpose = truth.by_purpose(self.purpose_of)
        unknown: list[str] = []
        leaks: list[str] = []
        for flow in truth.flows:
            if flow.sender is None or not flow.payload_bytes or self._is_free(flow) or self._is_excused(flow):
                continue
            revisions = self.witness.revisions(flow)
            leaked = refused_bytes(flow, revisions, closings=self.home.closings, openings=self.home.openings)
            result.refused_payload_bytes += leaked
            if leaked:
                leaks.append(f"{_destination(flow)}: {leaked} bytes of {_effects(revisions)}")
            if not revisions:
                unknown.append(_destination(flow))
        self.check("the gateway knows every flow with which a gadget reached the internet", not unknown, unknown or "all known")
        lost = self.home.stop_capture()
        self.check("the lab's own capture is whole", lost == 0, f"{lost} frames lost")
        strays = [flow for flow in truth.flows if flow.sender is None and flow.payload_bytes]
        told = [f"{ip_address(flow.key.dst)} {flow.key.proto}/{flow.key.dport}: {flow.payload_bytes} bytes" for flow in strays]
        self.check("nothing left that belongs to nobody", not strays, told or "nothing")
        self.check(
            "no payload left in a flow that was refused",
            result.refused_payload_bytes <= result.allowance_bytes,
            f"{result.refused_payload_bytes} bytes, {result.allowance_bytes} allowed {leaks or ''}",
        )
        self.witness.close()

    def _is_excused(self, flow: WanFlow) -> bool:
        assert flow.sender is not None
        own = [(since, until) for actor, since, until in self._excused if actor == flow.sender.actor]
        return flow.started < self.watched_since or any(since <= flow.started <= until for since, until in own)

    def _is_free(self, flow: WanFlow) -> bool:
        """Of a trusted device, or of one that is none of the gateway's."""
        assert flow.sender is not None
        behaviour = self.home.behaviours[flow.sender.actor]
        entry = self.policy.devices.get(Mac(behaviour.mac))
        return behaviour.network != "curtain" or (entry is not None and entry.device.trusted)


DNS = {(6, 53), (17, 53), (6, 853)}


def _destination(flow: WanFlow) -> str:
    assert flow.sender is not None
    return f"{flow.sender.actor} -> {flow.name or ip_address(flow.key.dst)}:{flow.key.dport}"


def _effects(revisions: Iterable[tuple[float, Record]]) -> str:
    """What was said of a flow, in order."""
    said = [(record["netcurtain"]["action"], record["netcurtain"]["effect"]) for _, record in revisions]
    return ", then ".join(" ".join(filter(None, one)) for one in dict.fromkeys(said)) or "a flow that nobody knows"


def _row_for(catalogue: Catalogue, name: str, entry: DevicePolicy | None) -> Row | None:
    """The longest match; among equals the row of this device's profile."""
    rows = find(catalogue, name)
    profile = entry.device.profile if entry else ""
    own = [row for row in rows if row.match == rows[0].match and profile in row.devices]
    return next(iter([*own, *rows]), None)


def outcomes(results: Iterable[Any]) -> str:
    """Outcomes of steps in a line, for ``seen``."""
    return ", ".join(f"{one.step}: {one.result}" + (f" ({one.detail})" if one.result == "failed" else "") for one in results)


def available() -> dict[str, ModuleType]:
    """Every scenario by name."""
    found = sorted(module.name for module in iter_modules(scenarios.__path__))
    return {name.replace("_", "-"): import_module(f"{scenarios.__name__}.{name}") for name in found}


def play(name: str) -> Result:
    """Play one scenario in a world of its own."""
    module = available()[name]
    return inside(lambda: _play(name, module))


def _play(name: str, module: ModuleType) -> Result:
    result = Result(name=name, allowance_bytes=getattr(module, "ALLOWANCE_BYTES", 0))
    stage: Stage | None = None
    try:
        home = Home(
            actors=module.ACTORS,
            services=getattr(module, "SERVICES", ()),
            prepare=getattr(module, "prepare", None),
            settings=getattr(module, "SETTINGS", {}),
        )
        with home:
            stage = Stage(home)
            module.play(stage)
            stage.close(result)
    except Exception:
        seen = traceback.format_exc(limit=-6)
        result.checks = [*(stage.checks if stage else ()), Check("the scenario runs to its end", False, seen)]
    else:
        result.checks = stage.checks
    result.tried = stage.tried if stage else []
    result.ok = bool(result.checks) and all(check.ok for check in result.checks)
    return result
