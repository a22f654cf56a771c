"""How a device is told no: each takes it differently, so the gateway tries what calms it, and remembers.

One gadget retries at once when it is refused and waits when it meets silence; another restarts when it meets silence; a third
falls back to addresses it was born with unless its resolver gives it one. A device that makes more trouble than it has to is
met in each manner for a while; the one that it makes least trouble with stays. What is let out does not depend on any of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from gateway.model.action import Effect
from gateway.model.decision import Decision
from gateway.model.device import Mac
from gateway.model.event import Now

TRIAL_S = 120.0
"""How long a manner is tried."""
CALM_PER_MINUTE = 10.0
"""A device that tries no more often than this is left as it is."""
RESTART_COSTS = 100
"""Tries that a restart is worth: the household notices."""
AFTERMATH = 0.5
"""Of a trial: a restart this early was begun in the manner before. It takes a device a while, and a lease to be noticed."""
ALIKE = 1.25
"""A manner that is so little worse than another is as good: the one tried first stays, and that is what the policy says."""
A_FEW = 2
"""Tries by which two trials differ by chance."""
WORSE = 4.0
"""So many times more trouble than when a manner was chosen, and all is tried anew."""
TELLING = 20
"""With fewer tries than these nothing has proved wrong, however short the time."""
LEARNT_FOR_S = 7 * 86_400.0
MAX_DEVICES = 512


class Manner(StrEnum):
    """What a device meets in place of what it wanted."""

    REFUSAL = "refusal"
    """A reset; names have no address. What ``block`` means."""
    SILENCE = "silence"
    """Nothing comes back; names do not exist. What ``drop`` means."""
    NO_NAME = "no-name"
    """A reset; names do not exist."""
    LOCAL = "local"
    """A reset; names lead to the gateway, where nobody answers."""


@dataclass(slots=True)
class Temper:
    """What is known of one device."""

    manner: Manner
    since: float
    """Monotonic seconds: when the trial under way began."""
    tries: int = 0
    """In it, restarts included."""
    scores: dict[Manner, float] = field(default_factory=dict)
    """Tries a minute that each manner led to."""
    settled_at: float | None = None
    before: Manner | None = None
    """The manner whose trial ended last."""


class Manners:
    """By device; bounded."""

    def __init__(self, *, trial_s: float = TRIAL_S) -> None:
        self._trial_s = trial_s
        self._tempers: dict[Mac, Temper] = {}
        self.unsaved = False
        """Something was chosen since the last ``dump``: it took minutes of a household's patience."""

    def note(self, mac: Mac, effect: Effect, now: Now, *, tries: int = 1) -> None:
        """It tried what it may not; ``effect`` is what the policy has for that."""
        temper = self._tempers.get(mac)
        if temper is None:
            if len(self._tempers) >= MAX_DEVICES:
                return
            first = Manner.SILENCE if effect is Effect.DROP else Manner.REFUSAL
            temper = self._tempers[mac] = Temper(first, now.mono)
        temper.tries += tries

    def knocked(self, mac: Mac, tries: int) -> bool:
        """It tried the gateway itself; True where names lead there, so that it was told to."""
        temper = self._tempers.get(mac)
        if temper is None or temper.manner is not Manner.LOCAL:
            return False
        temper.tries += tries
        return True

    def restarted(self, mac: Mac, now: Now) -> None:
        """It has just been switched on again – by itself, if something made it."""
        temper = self._tempers.get(mac)
        if temper is None:
            return
        if temper.before is None or now.mono - temper.since >= AFTERMATH * self._trial_s:
            temper.tries += RESTART_COSTS
        else:
            temper.scores[temper.before] += 60.0 * RESTART_COSTS / self._trial_s

    def forget(self, mac: Mac) -> None:
        """What calmed it is not known."""
        self._tempers.pop(mac, None)

    def of(self, mac: Mac) -> Manner | None:
        """The manner that is tried, or was chosen; None: as the policy says."""
        temper = self._tempers.get(mac)
        return temper.manner if temper is not None and temper.scores else None

    def against(self, mac: Mac, decision: Decision) -> Manner | None:
        """The manner of one refusal: not silence, where its device is known to suffer from that. None: as the policy says."""
        manner = self.of(mac)
        spared = manner is Manner.SILENCE and decision.advice is not None and decision.advice.never_silence
        return None if spared else manner

    def apply(self, mac: Mac, decision: Decision) -> Decision:
        """The same refusal, in the manner that this device takes best."""
        manner = self.against(mac, decision) if decision.effect in (Effect.REFUSE, Effect.DROP) else None
        if manner is None:
            return decision
        effect = Effect.DROP if manner is Manner.SILENCE else Effect.REFUSE
        return decision if effect is decision.effect else replace(decision, effect=effect)

    def tick(self, now: Now) -> list[Mac]:
        """End the trials that have lasted; the devices that are met in another manner from now on."""
        over = [(mac, temper) for mac, temper in self._tempers.items() if now.mono - temper.since >= self._trial_s]
        changed = [mac for mac, temper in over if _judge(temper, now, trial_s=self._trial_s)]
        self.unsaved |= any(temper.settled_at == now.mono for _, temper in over)
        return changed

    def dump(self, now: Now) -> dict[str, Any]:
        """What was chosen, as plain values for ``state.json``; trials under way begin anew."""
        self.unsaved = False
        return {
            mac: {"manner": temper.manner, "scores": dict(temper.scores), "age_s": now.mono - temper.settled_at}
            for mac, temper in self._tempers.items()
            if temper.settled_at is not None and temper.scores
        }

    def restore(self, dumped: Mapping[str, Any], now: Now) -> None:
        """The inverse of ``dump``."""
        for mac, row in dumped.items():
            scores = {Manner(name): float(score) for name, score in row["scores"].items()}
            settled_at = now.mono - float(row["age_s"])
            self._tempers[Mac(mac)] = Temper(Manner(row["manner"]), now.mono, scores=scores, settled_at=settled_at)


def _judge(temper: Temper, now: Now, *, trial_s: float) -> bool:
    """A trial is over; True if another manner begins."""
    score = 60.0 * temper.tries / max(now.mono - temper.since, 1e-3)
    tries = temper.tries
    temper.since, temper.tries, temper.before = now.mono, 0, None
    if temper.settled_at is not None:
        return _watch(temper, score, tries, now)
    if score <= CALM_PER_MINUTE and not temper.scores:
        return False  # it takes it well as it is
    temper.scores[temper.manner] = score
    untried = [manner for manner in Manner if manner not in temper.scores]
    if score <= CALM_PER_MINUTE or not untried:
        temper.settled_at = now.mono
        return _change(temper, _best(temper.scores, slack=60.0 * A_FEW / trial_s))
    return _change(temper, untried[0])


def _best(scores: Mapping[Manner, float], *, slack: float) -> Manner:
    least = min(scores.values())
    return next(manner for manner, score in scores.items() if score <= max(ALIKE * least, least + slack, CALM_PER_MINUTE))


def _watch(temper: Temper, score: float, tries: int, now: Now) -> bool:
    """A choice was made long ago, or proves wrong: it is made anew."""
    assert temper.settled_at is not None
    chosen = max(CALM_PER_MINUTE, temper.scores[temper.manner])
    if now.mono - temper.settled_at >= LEARNT_FOR_S or (score > WORSE * chosen and tries >= TELLING):
        temper.scores = {temper.manner: score}
        temper.settled_at = None
        return _change(temper, next(manner for manner in Manner if manner is not temper.manner))
    return False


def _change(temper: Temper, manner: Manner) -> bool:
    """True if it is another one. One that stays has no aftermath: what follows proves it right or wrong."""
    if temper.manner is manner:
        return False
    temper.before, temper.manner = temper.manner, manner
    return True
