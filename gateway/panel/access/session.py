"""Sessions: who is logged in, from where, since when.

The browser holds a token of 256 bits, the disk its hash only. A session ends after 14 days without use and 60 days in all.
Times are wall times, since sessions outlive a restart; a clock that was set back makes none younger than new. The time of
the last use is written every ten minutes at most: a card is not worn by people who look."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from threading import RLock
from typing import Any, Literal

from .keep import Keep

Role = Literal["owner", "reader"]
IDLE_S = 14 * 86_400.0
ABSOLUTE_S = 60 * 86_400.0
MAX_SESSIONS = 32
FRESH_LINK_S = 900.0
"""So long somebody who came by a link may set a new password without the old one."""
_WRITE_EVERY_S = 600.0
_MAX_AGENT_CHARS = 160
_TABLE = "sessions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser that is logged in."""

    id: str
    """The token's hash: it names the session and opens nothing."""
    account: str
    role: Role
    opened: float
    seen: float
    address: str
    agent: str
    by: Literal["password", "link"] = "password"


class Sessions:
    """All that are open, oldest first; bounded."""

    def __init__(self, keep: Keep, wall: Callable[[], float]) -> None:
        self._keep = keep
        self._wall = wall
        self._lock = RLock()
        self._written: dict[str, float] = {}
        self._open = {session.id: session for session in map(_session, keep.rows(_TABLE)) if session is not None}

    def open(
        self, *, account: str, role: Role, address: str, agent: str, by: Literal["password", "link"]
    ) -> tuple[Session, str]:
        """A new one and its token. Where there are too many, the one that was not used for longest ends."""
        token = secrets.token_urlsafe(32)
        now = self._wall()
        said = "".join(letter for letter in agent if letter.isprintable())[:_MAX_AGENT_CHARS]
        session = Session(
            id=_hash(token), account=account, role=role, opened=now, seen=now, address=address, agent=said, by=by
        )  # fmt: skip
        with self._lock:
            self._drop_expired()
            while len(self._open) >= MAX_SESSIONS:
                del self._open[min(self._open.values(), key=lambda one: one.seen).id]
            self._open[session.id] = session
            self._write()
        return session, token

    def find(self, token: str, address: str = "") -> Session | None:
        """The session of a token, used now."""
        now = self._wall()
        with self._lock:
            session = self._open.get(_hash(token))
            if session is None:
                return None
            if _is_over(session, now):
                self.revoke(session.id)
                return None
            session = replace(session, seen=now, address=address or session.address)
            self._open[session.id] = session
            if abs(now - self._written.get(session.id, 0.0)) >= _WRITE_EVERY_S:
                self._write()
            return session

    def listed(self, account: str | None = None) -> tuple[Session, ...]:
        """Those of an account, or all; the one used last comes first."""
        now = self._wall()
        with self._lock:
            found = [one for one in self._open.values() if account in (None, one.account) and not _is_over(one, now)]
        return tuple(sorted(found, key=lambda one: one.seen, reverse=True))

    def revoke(self, session_id: str) -> bool:
        """End one; False where there is none such."""
        with self._lock:
            if self._open.pop(session_id, None) is None:
                return False
            self._write()
            return True

    def revoke_all(self, account: str, *, but: str = "") -> int:
        """End all of an account except one."""
        with self._lock:
            gone = [one.id for one in self._open.values() if one.account == account and one.id != but]
            for session_id in gone:
                del self._open[session_id]
            if gone:
                self._write()
        return len(gone)

    def is_fresh_link(self, session: Session) -> bool:
        """It was opened by a link a short while ago."""
        return session.by == "link" and 0 <= self._wall() - session.opened <= FRESH_LINK_S

    def _drop_expired(self) -> None:
        now = self._wall()
        self._open = {one.id: one for one in self._open.values() if not _is_over(one, now)}

    def _write(self) -> None:
        self._written = {one.id: one.seen for one in self._open.values()}
        self._keep.try_put(_TABLE, map(asdict, self._open.values()))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _is_over(session: Session, now: float) -> bool:
    return now - session.opened > ABSOLUTE_S or now - session.seen > IDLE_S


def _session(row: dict[str, Any]) -> Session | None:
    """None for a row of another version: whoever it was logs in again."""
    try:
        return Session(**row)
    except TypeError:
        return None
