"""What a successor needs to go on: ``state.json`` as plain values, and back."""

from typing import Any

from gateway.model.command import SaveState
from gateway.model.decision import Question
from gateway.model.device import Mac
from gateway.model.event import Now
from gateway.model.purpose import Purpose

from .state import State
from .term import Term

VERSION = 2


def snapshot(state: State, now: Now, *, alone: bool = False) -> SaveState:
    """All that was seen, or told for a while; ``alone``: it takes the place of what was saved before."""
    return SaveState(
        alone=alone,
        state={
            "version": VERSION,
            "devices": state.roster.dump(),
            "numbers": state.roster.numbers.dump(),
            "bindings": state.bindings.dump(at=now.mono),
            "grants": state.grants.dump(now.mono),
            "questions": [
                {"mac": known.mac, "purpose": known.purpose, "name": known.name, "asked_at": known.asked_at}
                for known in state.questions.values()
            ],
            "manners": state.manners.dump(now),
            "viewings": state.viewings.dump(now),
            "trials": state.trials.dump(now),
            "acquaintances": state.acquaintances.dump(now),
            "forgettings": state.forgettings.dump(now),
            "term": state.term.dump(),
            "epoch": state.epoch,
        }
    )


def restore(state: State, saved: dict[str, Any], now: Now) -> bool:
    """Put a snapshot back; True if what the kernel holds was judged in its epoch, and still is right.

    One of another version is left alone.
    """
    if saved.get("version") != VERSION:
        state.acquaintances.begin({}, now)
        return False
    if not state.epoch:  # no ruleset stands, but connections may: their marks must not look current
        state.epoch = int(saved["epoch"])
    state.roster.restore(saved["devices"])
    state.roster.numbers.restore(saved.get("numbers", {}))
    state.bindings.restore(saved["bindings"], at=now.mono)
    ended = state.grants.restore(saved["grants"], mono=now.mono)
    state.manners.restore(saved.get("manners", {}), now)
    state.viewings.restore(saved.get("viewings", {}), now)
    over = state.acquaintances.begin(saved, now)
    state.trials.restore(saved.get("trials", ()), now)
    state.forgettings.restore(saved.get("forgettings", ()), now)
    state.take_back()
    for row in saved["questions"]:
        mac, purpose = Mac(row["mac"]), Purpose(row["purpose"])
        question = Question(mac=mac, purpose=purpose, name=row["name"], asked_at=row["asked_at"])
        state.questions[mac, str(purpose), question.name] = question
    return bool(saved["epoch"] == state.epoch and not ended and not over and Term(*saved["term"]).holds(now))
