"""Rules on trial: each holds for a stated time while its device is watched, and is taken back if the device suffers.

A device suffers where it does more of something than ``SYMPTOMS`` has room for, or no longer what it did on a beat. What it did
before is read from the flows that were judged before the trial began. What is known of a trial is kept: the same rule is not
tried twice with the same device. No policy file is ever written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from gateway.model.action import Action
from gateway.model.device import Device, Mac
from gateway.model.event import Now
from gateway.model.policy import DevicePolicy, Level, Policy, Rule
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from gateway.policy.codec import rule_terms
from gateway.policy.ruling import entry_for, written_for

from .habit import REGULAR, Habit, habit_of, place_of
from .manner import CALM_PER_MINUTE, TELLING, WORSE, Manner

WINDOW_TRIALS = 5
"""A window is so many trials of a manner of refusing (``manner``): each of the four has had its turn in the first one, which is
therefore not judged. What a device makes of being told no is first a matter of how, then of whether."""
RESTARTS_WINDOWS = 6
MANY_RESTARTS = 2
"""Within that many windows (an hour): one restart may be the household's own. Those in a manner that is not the rule's own may
be the manner's: they count beside one that cannot be, and it takes one more."""
SILENT_BEATS = 3
MAX_TRIALS = 1_024


class Symptom(NamedTuple):
    """Something that a device does more of when it suffers."""

    says: str
    calm: float
    """So often in a minute is nothing."""
    worse: float
    """And so many times as often as before is nothing either."""


SYMPTOMS = {
    "retries": Symptom("tried what it may not {rate:.0f} times a minute ({before})", CALM_PER_MINUTE, WORSE),
    "reconnects": Symptom("opened {rate:.0f} other connections a minute ({before})", CALM_PER_MINUTE, WORSE),
}


class Standing(StrEnum):
    """What became of a trial."""

    ON_TRIAL = "on trial"
    TAKEN_BACK = "taken back"
    STAYS = "stays"


class Restart(NamedTuple):
    """A device started over."""

    at: float
    """Monotonic seconds."""
    foreign: bool
    """It was told no in a manner that is not the rule's own: it may be that which it does not bear."""


class Key(NamedTuple):
    """Which rule, with which device. Where it is written does not matter."""

    mac: Mac
    purpose: Purpose
    terms: str


@dataclass(slots=True, kw_only=True)
class Trial:
    """One rule and one device."""

    key: Key
    action: str
    rule: str
    """Where it stood when it began."""
    remaining_s: float
    lasts_s: float
    before: Habit = Habit()
    standing: Standing = Standing.ON_TRIAL
    note: str = ""
    at: float = 0.0
    """Wall time of its end."""
    stopped: int = 0
    """Tries that were refused under it."""
    windows: int = 0
    since: float = 0.0
    """Monotonic seconds: when the window under way began."""
    counted: dict[str, int] = field(default_factory=dict)
    """Symptom -> how often in this window."""
    restarts: list[Restart] = field(default_factory=list)
    heard: dict[str, float] = field(default_factory=dict)
    """Destination with a beat -> when it was called last."""
    calls: set[str] = field(default_factory=set)
    """Destinations that were called since the last tick."""

    def begin(self, now: Now) -> None:
        """Watch from now on."""
        self.since, self.heard = now.mono, dict.fromkeys(self.before.beats, now.mono)

    def hear(self, record: FlowRecord, before: FlowRecord | None) -> None:
        """A flow of its device was judged (``before`` None), or its record was written anew."""
        more = record.attempts - (before.attempts if before else 0)
        said = before is not None and record.bytes_toserver > before.bytes_toserver
        if record.local or not (more > 0 or said):
            return
        self.calls.add(place_of(record))  # also who only goes on speaking has not fallen silent
        if more <= 0:
            return
        if record.purpose != self.key.purpose:
            if record.effect == "pass" and before is None:
                self._count("reconnects", 1)
        elif record.effect != "pass":
            self._count("retries", more)
            self.stopped += more

    def knock(self, tries: int) -> None:
        """Tries that no record holds."""
        self._count("retries", tries)

    def watch(self, now: Now, window_s: float) -> str:
        """What its device suffers from; empty where it does not seem to."""
        self.heard |= dict.fromkeys(self.calls & self.heard.keys(), now.mono)
        self.calls.clear()
        self.restarts = [one for one in self.restarts if now.mono - one.at < RESTARTS_WINDOWS * window_s]
        found = self._restarted(window_s) or self._lost_beat(now)
        if found or now.mono - self.since < window_s:
            return found
        found = self._too_often(now.mono - self.since) if self.windows else ""
        self.windows, self.since, self.counted = self.windows + 1, now.mono, {}
        return found

    def end(self, standing: Standing, note: str, now: Now) -> None:
        """It is over."""
        self.standing, self.note, self.at = standing, note, now.wall

    def _count(self, symptom: str, more: int) -> None:
        self.counted[symptom] = self.counted.get(symptom, 0) + more

    def _restarted(self, window_s: float) -> str:
        own = sum(not restart.foreign for restart in self.restarts)
        if own < MANY_RESTARTS and not (own and len(self.restarts) > MANY_RESTARTS):
            return ""
        return f"it restarted {len(self.restarts)} times within {_span(RESTARTS_WINDOWS * window_s)}"

    def _lost_beat(self, now: Now) -> str:
        for place, at in self.heard.items():
            beat_s = self.before.beats[place]
            if now.mono - at > SILENT_BEATS * (1 + REGULAR) * beat_s:
                return f"it has not called {place} for {_span(now.mono - at)}, as it did every {_span(beat_s)} before"
        return ""

    def _too_often(self, span_s: float) -> str:
        for name, symptom in SYMPTOMS.items():
            count, before = self.counted.get(name, 0), getattr(self.before, name)
            rate = 60.0 * count / span_s
            if before is None and name != "retries":
                continue  # how busy it is by itself, nobody knows
            if count >= TELLING and rate > max(symptom.calm, symptom.worse * (before or 0.0)):
                known = "it is not known how often before" if before is None else f"{before:.1f} before"
                return "it " + symptom.says.format(rate=rate, before=known)
        return ""


class Trials:
    """By device, purpose and rule; bounded."""

    def __init__(self, *, window_s: float) -> None:
        self._window_s = window_s
        self._trials: dict[Key, Trial] = {}
        self._running: dict[Mac, list[Trial]] = {}
        self._at: float | None = None
        """When time was last taken from the trials."""

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials.values())

    def meet(self, policy: Policy, devices: Iterable[Device], records: Iterable[FlowRecord], now: Now) -> bool:
        """Begin what is new; True if anything did."""
        new = [
            (Key(device.mac, purpose, rule_terms(rule)), rule)
            for device in devices
            if not device.trusted
            for purpose, rule in entry_for(policy, device).trials
        ]
        new = [(key, rule) for key, rule in new if key not in self._trials][: MAX_TRIALS - len(self._trials)]
        if new:
            known = list(records)
            for key, rule in new:
                self._begin(key, rule, habit_of(known, *key[:2], now, least_s=self._window_s), now)
        return bool(new)

    def hear(self, record: FlowRecord, before: FlowRecord | None) -> None:
        """A flow was judged, or its record was written anew."""
        for trial in self._running.get(Mac(record.device), ()) if self._running else ():
            trial.hear(record, before)

    def knocked(self, mac: Mac, tries: int) -> None:
        """It tried what it may not at the gateway itself, where names led it."""
        for trial in self._running.get(mac, ()):
            trial.knock(tries)

    def restarted(self, mac: Mac, now: Now, *, manner: Manner | None) -> None:
        """A device started over; ``manner``: how it is told no, where that is not left to its rule."""
        for trial in self._running.get(mac, ()):
            foreign = manner is not None and (manner is Manner.SILENCE) is not (trial.action == Action.DROP)
            trial.restarts.append(Restart(now.mono, foreign))

    def tick(self, now: Now) -> list[Trial]:
        """Time went by; the trials that ended with it."""
        passed_s, self._at = now.mono - (now.mono if self._at is None else self._at), now.mono
        if not self._running:
            return []
        ended = [trial for trials in self._running.values() for trial in trials if self._judge(trial, passed_s, now)]
        if ended:
            self._sort()
        return ended

    def forget(self, policy: Policy, devices: Mapping[Mac, Device]) -> None:
        """Another policy, or somebody left: what no rule is on trial for any more can be tried anew some day."""
        kept: dict[Mac, set[tuple[Purpose, str]]] = {}
        for mac in {key.mac for key in self._trials}:
            device = devices.get(mac) or (policy.devices[mac].device if mac in policy.devices else None)
            kept[mac] = set(_on_trial(written_for(policy, device))) if device else set()
        self._trials = {key: trial for key, trial in self._trials.items() if (key.purpose, key.terms) in kept[key.mac]}
        self._sort()

    def without_taken_back(self, policy: Policy, devices: Mapping[Mac, Device]) -> Policy:
        """The policy without what was taken back."""
        entries: dict[Mac, DevicePolicy] = {}
        for key in (trial.key for trial in self._trials.values() if trial.standing is Standing.TAKEN_BACK):
            device = devices.get(key.mac) or (policy.devices[key.mac].device if key.mac in policy.devices else None)
            if device is not None:
                entry = entries.get(key.mac) or written_for(policy, device)
                entries[key.mac] = replace(entry, levels=tuple(_without(level, key) for level in entry.levels))
        return policy if entries == policy.taken_back else replace(policy, taken_back=entries)

    def dump(self, now: Now) -> list[dict[str, Any]]:
        """Plain values for ``state.json``: what remains, and on which clock that was so."""
        return [
            {
                "mac": trial.key.mac, "purpose": trial.key.purpose, "terms": trial.key.terms, "action": trial.action,
                "rule": trial.rule, "remaining_s": trial.remaining_s, "lasts_s": trial.lasts_s, "mono": now.mono,
                "standing": trial.standing, "note": trial.note, "at": trial.at, "stopped": trial.stopped,
                "retries": trial.before.retries, "reconnects": trial.before.reconnects, "beats": dict(trial.before.beats),
            }
            for trial in self._trials.values()
        ]  # fmt: skip

    def restore(self, dumped: Iterable[Mapping[str, Any]], now: Now) -> None:
        """The inverse of ``dump``. The monotonic clock goes on while no gateway runs, and begins anew with the machine."""
        for row in dumped:
            trial = Trial(
                key=Key(Mac(row["mac"]), Purpose(row["purpose"]), str(row["terms"])),
                action=str(row["action"]),
                rule=str(row["rule"]),
                remaining_s=float(row["remaining_s"]) - max(0.0, now.mono - float(row["mono"])),
                lasts_s=float(row["lasts_s"]),
                before=Habit(retries=row["retries"], reconnects=row["reconnects"], beats=dict(row["beats"])),
                standing=Standing(row["standing"]),
                note=str(row["note"]),
                at=float(row["at"]),
                stopped=int(row["stopped"]),
            )
            trial.begin(now)
            self._trials[trial.key] = trial
        self._sort()

    def _begin(self, key: Key, rule: Rule, known: Habit, now: Now) -> None:
        trial = Trial(
            key=key, action=rule.action, rule=str(rule.ref), remaining_s=rule.trial_s, lasts_s=rule.trial_s, before=known
        )
        trial.begin(now)
        self._trials[key] = trial
        self._sort()

    def _judge(self, trial: Trial, passed_s: float, now: Now) -> bool:
        trial.remaining_s = max(0.0, trial.remaining_s - max(0.0, passed_s))
        suffers, what = trial.watch(now, self._window_s), f"{trial.action} for {trial.key.purpose} ({trial.rule})"
        if suffers:
            lasted = _span(trial.lasts_s - trial.remaining_s)
            trial.end(Standing.TAKEN_BACK, f"{what} was taken back after {lasted} on trial: {suffers}", now)
        elif trial.remaining_s <= 0:
            tries = f"it stopped {trial.stopped} tries" if trial.stopped else "but there was nothing to stop"
            note = f"{what} was on trial for {_span(trial.lasts_s)} and stays: no harm was seen, {tries}"
            trial.end(Standing.STAYS, note, now)
        return trial.standing is not Standing.ON_TRIAL

    def _sort(self) -> None:
        self._running = {}
        for trial in self._trials.values():
            if trial.standing is Standing.ON_TRIAL:
                self._running.setdefault(trial.key.mac, []).append(trial)


def _on_trial(entry: DevicePolicy) -> Iterator[tuple[Purpose, str]]:
    for level in entry.levels:
        yield from ((purpose, rule_terms(rule)) for purpose, rule in level.rules.items() if rule.trial_s)


def _without(level: Level, key: Key) -> Level:
    rule = level.rules.get(key.purpose)
    if rule is None or rule_terms(rule) != key.terms:
        return level
    return replace(level, rules={purpose: other for purpose, other in level.rules.items() if purpose is not key.purpose})


def _span(seconds: float) -> str:
    """``1.5 s``, ``40 s``, ``12 min``, ``5 h``, ``3 d``."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s".replace(".0 ", " ")
