"""Pauses, timed allowances and viewings: what a person opened for a while, on the monotonic clock."""

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

    def stop(self, mac: Mac | None) -> tuple[Grant, ...]:
        """End all grants of a device (None: all there are); returns what ended."""
        ended = tuple(grant for grant in self.in_force if mac is None or grant.mac == mac)
        self.in_force = tuple(grant for grant in self.in_force if grant not in ended)
        return ended

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
            {"kind": grant.kind, "mac": grant.mac, "purpose": grant.purpose, "remaining_s": grant.until - mono, "mono": mono}
            for grant in self.in_force
        ]

    def restore(self, dumped: list[dict[str, Any]], *, mono: float) -> bool:
        """The inverse of ``dump``; True if any ran out meanwhile.

        The monotonic clock goes on while no gateway runs, and begins anew with the machine: then nothing has run out.
        """
        ended = False
        for row in dumped:
            remaining_s = float(row["remaining_s"]) - max(0.0, mono - float(row["mono"]))
            if remaining_s <= 0:
                ended = True
                continue
            self.open(
                Grant(
                    kind=str(row["kind"]),
                    mac=Mac(row["mac"]) if row["mac"] else None,
                    purpose=Purpose(row["purpose"]) if row["purpose"] else None,
                    until=mono + remaining_s,
                )
            )
        return ended


def _subject(grant: Grant) -> Grant:
    return replace(grant, until=0.0)
