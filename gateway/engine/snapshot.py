"""What a successor needs to go on: ``state.json`` as plain values, and back."""

from typing import Any

from gateway.model.command import SaveState
from gateway.model.decision import Question
from gateway.model.device import Mac
from gateway.model.event import Now
from gateway.model.purpose import Purpose

from .state import State

VERSION = 1


def snapshot(state: State, now: Now) -> SaveState:
    """All that was seen, or told for a while."""
    return SaveState(
        state={
            "version": VERSION,
            "devices": state.roster.dump(),
            "bindings": state.bindings.dump(at=now.mono),
            "grants": state.grants.dump(now.mono),
            "questions": [
                {"mac": known.mac, "purpose": known.purpose, "name": known.name, "asked_at": known.asked_at}
                for known in state.questions.values()
            ],
            "next_change": state.next_change,
            "epoch": state.epoch,
        }
    )


def restore(state: State, saved: dict[str, Any], now: Now) -> bool:
    """Put a snapshot back; True if a schedule flipped since it was taken. One of another version is left alone."""
    if saved.get("version") != VERSION:
        return False
    if not state.epoch:  # no ruleset stands, but connections may: their marks must not look current
        state.epoch = int(saved["epoch"])
    state.roster.restore(saved["devices"])
    state.bindings.restore(saved["bindings"], at=now.mono)
    state.grants.restore(saved["grants"], mono=now.mono)
    for row in saved["questions"]:
        mac, purpose = Mac(row["mac"]), Purpose(row["purpose"])
        question = Question(mac=mac, purpose=purpose, name=row["name"], asked_at=row["asked_at"])
        state.questions[mac, str(purpose), question.name] = question
    next_change = saved["next_change"]
    return next_change is not None and next_change <= now.wall
