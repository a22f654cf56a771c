"""The time, and what is in force for a while."""

from dataclasses import dataclass

from .device import Mac
from .purpose import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Something that was opened for a while, on the monotonic clock.

    A *pause* suspends refusals of one device (or all: ``mac`` None) for one purpose (or all: None); an *allowance* lets one
    purpose of one device pass; a *viewing* opens the video of one camera.
    """

    kind: str
    """``pause``, ``allowance`` or ``viewing``."""
    mac: Mac | None
    purpose: Purpose | None
    until: float
    """Monotonic seconds."""
    since: float = 0.0
    """When it was opened, monotonic seconds."""
    by: str = ""
    """What opened a viewing: ``panel`` (a person who said so), ``home``, ``evidence`` or ``bell``."""
    because: str = ""
    """Who or what that was, for people; empty where a person said so."""
    confidence: float = 1.0
    """How sure it is that somebody who may see it is viewing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a decision is made."""

    wall: float
    """Seconds since 1970."""
    wall_trusted: bool = True
    """False until the clock is synchronised: schedules then take their stricter side, and no exception applies."""
    grants: tuple[Grant, ...] = ()
    """Those in force now."""
