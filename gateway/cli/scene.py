"""What the live view knows: devices, the last flows, what was kept at home, and what is open. Plain state, no terminal."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .column import VERDICTS, clock, printable, size

MAX_FLOWS = 500
MAX_PICKS = 9
CAMERAS = ("doorbell", "camera")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One flow, or one thing that happened, in words."""

    time: str
    event: str
    device: str = ""
    mac: str = ""
    purpose: str = ""
    name: str = ""
    effect: str = ""
    why: str = ""
    rule: str = ""
    """``file:line`` of the policy."""
    flow_id: int = 0
    """0: not a flow."""
    tries: int = 1

    @property
    def verdict(self) -> str:
        """What became of it."""
        return VERDICTS.get(self.effect, "")

    @property
    def ruling(self) -> str:
        """What the policy says, without what the flow is for, its device and its rule: those are seen beside it."""
        said = (self.why.partition("; ")[2] or self.why).replace(f" ({self.rule})", "")
        return said.replace(f" for {self.device}", "", 1).replace(f" of {self.device}", "", 1) if self.device else said

    @property
    def cause(self) -> str:
        """The same where the purpose is seen, too."""
        return self.ruling.removeprefix(f"{self.purpose} is ")

    def plain(self) -> str:
        """Separated by tabs, for programs."""
        cells = (self.time, self.event, self.device, self.purpose, self.name, self.verdict, self.why)
        return "\t".join(cell or "-" for cell in cells)


@dataclass(slots=True)
class Kept:
    """Of one purpose: what stayed at home."""

    stopped: int = 0
    held_bytes: int = 0
    passed: int = 0


@dataclass(slots=True)
class Scene:
    """Events and answers go in, a picture of the house comes out."""

    banner: str = ""
    """What is looked at, where that is not this machine's own gateway."""
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By MAC: those that somebody named, strangers, and trusted ones last."""
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=MAX_FLOWS))
    totals: list[dict[str, Any]] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)
    policy: str = ""
    picked: str = ""
    """MAC of the device that is looked at; empty: all."""
    message: str = ""
    notice: str = ""
    """What stays in sight."""
    _by_flow: dict[int, Line] = field(default_factory=dict)

    def take(self, event: dict[str, Any], *, now: str) -> Line:
        """One event of the control socket; ``now`` is the time of day."""
        data: dict[str, Any] = event.get("data") or {}
        line = _read(event["event"], data, now)
        if event["event"] == "device":
            self.take_devices([*self.devices.values(), data])
        else:
            self._add(line)
        if event["event"] == "forgetting" and data.get("what") == "forgotten":
            self._forget(data["mac"])
        return line

    def _forget(self, mac: str) -> None:
        """It is not looked at any more, nor what it did."""
        self.devices.pop(mac, None)
        self.picked = "" if self.picked == mac else self.picked
        kept = [line for line in self.lines if line.mac != mac]
        self.lines.clear()
        self.lines.extend(kept)

    def _add(self, line: Line) -> None:
        """A flow that comes again, tried again or judged anew, moves to the end: it is one line."""
        before = self._by_flow.pop(line.flow_id, None)
        if before is not None and before in self.lines:
            self.lines.remove(before)
        self.lines.append(line)
        if line.flow_id:
            self._by_flow[line.flow_id] = line
        if len(self._by_flow) > 2 * MAX_FLOWS:
            self._by_flow = {line.flow_id: line for line in self.lines if line.flow_id}

    def take_flows(self, flows: Iterable[dict[str, Any]]) -> None:
        """What happened before we looked."""
        for flow in flows:
            self._add(_read("flow", flow, clock(flow["timestamp"])))

    def take_status(self, status: dict[str, Any]) -> None:
        """The answer to ``status``."""
        self.totals, self.grants, self.policy = status["totals"], status["grants"], status["policy"]

    def take_devices(self, devices: Iterable[dict[str, Any]]) -> None:
        """The answer to ``devices``."""
        known = {device["mac"]: device for device in devices}
        self.devices = dict(sorted(known.items(), key=lambda item: (item[1]["trusted"], item[1]["id"] == item[0], item[0])))

    def pick(self, number: int) -> None:
        """Look at one device (from 1 on); at all of them where it is the one looked at already."""
        macs = list(self.devices)
        if 0 < number <= len(macs):
            self.picked = "" if self.picked == macs[number - 1] else macs[number - 1]

    def shown(self) -> list[Line]:
        """The lines of what is looked at."""
        return [line for line in self.lines if not self.picked or line.mac in ("", self.picked)]

    def camera(self) -> str:
        """Id of the picked device, else of the first camera; empty if there is none."""
        if self.picked:
            return str(self.devices[self.picked]["id"])
        return next((str(device["id"]) for device in self.devices.values() if device["family"] in CAMERAS), "")

    def last_stopped(self) -> Line | None:
        """The last flow in sight that did not pass."""
        stopped = (line for line in reversed(self.shown()) if line.event == "flow" and line.effect not in ("pass", ""))
        return next(stopped, None)

    def has_grant(self, kind: str, device: str) -> bool:
        """Something of this kind is open for a device."""
        return any(grant["kind"] == kind and grant["device"] == device for grant in self.grants)

    def kept(self) -> dict[str, Kept]:
        """By purpose, most stopped first, then most passed; of the picked device, or of all."""
        name = self.devices[self.picked]["id"] if self.picked else None
        found: dict[str, Kept] = {}
        for row in self.totals:
            if name not in (None, row["device"]):
                continue
            line = found.setdefault(row["purpose"], Kept())
            line.stopped += row["stopped"]
            line.held_bytes += row["held_bytes"]
            line.passed += row["passed"]
        return dict(sorted(found.items(), key=lambda item: (-item[1].stopped, -item[1].passed, item[0])))

    def label(self, mac: str, name: str, *, short: bool = False) -> str:
        """What to call a device: its name, else what it calls itself, else its MAC (or the end of it)."""
        if name != mac or not mac:
            return name
        said = self.devices.get(mac, {}).get("hostname")
        return printable(said) if said else f"…{mac[-8:]}" if short else mac

    def rows(self) -> Iterator[tuple[str, dict[str, Any], int, int]]:
        """(MAC, device, passed, stopped) of each device."""
        for mac, device in self.devices.items():
            mine = [row for row in self.totals if row["device"] == device["id"]]
            yield mac, device, sum(row["passed"] for row in mine), sum(row["stopped"] for row in mine)

    def summary(self) -> str:
        """One sentence about what stayed at home."""
        kept = self.kept().values()
        stopped, held = sum(line.stopped for line in kept), sum(line.held_bytes for line in kept)
        return f"{stopped} tries stopped, {size(held)} held back; {sum(line.passed for line in kept)} flows passed"


def _read(kind: str, data: dict[str, Any], now: str) -> Line:
    """An event as a line."""
    if kind == "flow":
        own = data["netcurtain"]
        return Line(
            time=now,
            event=kind,
            rule=own["rule"] or "",
            flow_id=data["flow_id"],
            tries=own["attempts"],
            device=printable(own["device_id"] or own["device"] or ""),
            mac=own["device"] or "",
            purpose=own["purpose"] or "",
            name=printable(own["server_name"] or data["dest_ip"]),
            effect=own["effect"] or "",
            why=printable(own["reason"] or ""),
        )
    if kind == "device":
        said = printable(data.get("hostname") or "")
        why = f"calls itself {said}" if said else ""
        return Line(time=now, event=kind, device=printable(data["id"]), mac=data["mac"], why=why)
    if kind == "question":
        name = printable(data["name"])
        return Line(time=now, event=kind, device=printable(data["device"]), purpose=data["purpose"], name=name, why="may it?")
    words = _words(kind, data)
    return Line(time=now, event=kind, device=words.get("device", ""), purpose=words.get("purpose", ""), why=words["why"])


def _words(kind: str, data: dict[str, Any]) -> dict[str, str]:
    if kind == "viewing":
        state, grant = next(iter(data.items()))
        why = f": {printable(grant['because'])}" if grant.get("because") else ""
        words = f"{grant['kind']} {state}{why}"
        return {"device": printable(grant["device"]), "purpose": grant["purpose"] or "", "why": words}
    if kind == "forgetting":
        says = {"waiting": "is to be forgotten", "kept": "is not forgotten after all", "forgotten": "a device was forgotten"}
        gone = data["what"] == "forgotten"
        return {"device": "" if gone else printable(data["mac"]), "why": says[data["what"]]}
    if kind == "policy":
        return {"why": "a new policy is in force" if data.get("changed") else "the policy files were read: nothing changed"}
    if kind == "gap":
        return {"why": "some events were missed: this reader was too slow"}
    if kind == "problem":
        return {"why": printable(data.get("message") or "; ".join(map(str, data.get("faults", []))))}
    return {"why": printable(data)}
