"""Pauses, timed allowances and viewings: what is open for a while, on the monotonic clock."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.model.device import Mac
from gateway.model.moment import Grant
from gateway.model.purpose import Purpose

MAX_GRANTS = 256


class Grants:
    """Those in force; a new one for the same thing replaces the old."""

    def __init__(self) -> None:
        self.in_force: tuple[Grant, ...] = ()

    def open(self, grant: Grant) -> None:
        """Put a grant in force; ValueError when there are too many."""
        others = tuple(other for other in self.in_force if _subject(other) != _subject(grant))
        if len(others) >= MAX_GRANTS:
            raise ValueError(f"{MAX_GRANTS} pauses, allowances and viewings are in force already")
        self.in_force = (*others, grant)

    def viewing(self, mac: Mac) -> Grant | None:
        """The viewing of a camera, if one is open."""
        return next((grant for grant in self.in_force if grant.kind == "viewing" and grant.mac == mac), None)

    def renew(self, grant: Grant, until: float) -> None:
        """It goes on until then; nothing happens if it ended meanwhile."""
        self.in_force = tuple(replace(other, until=until) if other is grant else other for other in self.in_force)

    def stop(self, mac: Mac | None, *, kind: str = "", purpose: Purpose | None = None) -> tuple[Grant, ...]:
        """End all grants of a device (None: all there are), or only those of a kind or purpose; returns what ended."""
        ended = tuple(
            grant
            for grant in self.in_force
            if mac in (None, grant.mac) and kind in ("", grant.kind) and purpose in (None, grant.purpose)
        )
        self.in_force = tuple(grant for grant in self.in_force if grant not in ended)
        return ended

    def say(self, again: Callable[[str], str]) -> None:
        """Their reasons in other words."""
        self.in_force = tuple(replace(grant, because=again(grant.because)) for grant in self.in_force)

    def expire(self, mono: float) -> tuple[Grant, ...]:
        """End what has run out; returns what ended."""
        if not self.in_force or all(grant.until > mono for grant in self.in_force):
            return ()
        ended = tuple(grant for grant in self.in_force if grant.until <= mono)
        self.in_force = tuple(grant for grant in self.in_force if grant.until > mono)
        return ended

    def dump(self, mono: float) -> list[dict[str, Any]]:
        """Plain values for ``state.json``: what remains, and on which clock that was so."""
        return [
            {
                "kind": grant.kind, "mac": grant.mac, "purpose": grant.purpose, "remaining_s": grant.until - mono, "mono": mono,
                "open_s": mono - grant.since, "by": grant.by, "because": grant.because, "confidence": grant.confidence,
            }
            for grant in self.in_force
        ]  # fmt: skip

    def restore(self, dumped: list[dict[str, Any]], *, mono: float) -> bool:
        """The inverse of ``dump``; True if any ran out meanwhile.

        The monotonic clock goes on while no gateway runs, and begins anew with the machine: then nothing has run out.
        """
        ended = False
        for row in dumped:
            gone_s = max(0.0, mono - float(row["mono"]))
            remaining_s = float(row["remaining_s"]) - gone_s
            if remaining_s <= 0:
                ended = True
                continue
            self.open(
                Grant(
                    kind=str(row["kind"]),
                    mac=Mac(row["mac"]) if row["mac"] else None,
                    purpose=Purpose(row["purpose"]) if row["purpose"] else None,
                    until=mono + remaining_s,
                    since=mono - gone_s - float(row.get("open_s", 0.0)),
                    by=str(row.get("by", "")),
                    because=str(row.get("because", "")),
                    confidence=float(row.get("confidence", 1.0)),
                )
            )
        return ended


def _subject(grant: Grant) -> tuple[str, Mac | None, Purpose | None]:
    return grant.kind, grant.mac, grant.purpose
