"""Who may see and change what: accounts, passwords, sessions, login throttling, form tokens, claiming.

    keep.py      panel.json, crash-safe, mode 0600          password.py  argon2id, and what is too weak
    account.py   owner and read-only accounts                session.py   who is logged in
    throttle.py  waiting after wrong guesses, the trade-off  claim.py     login links
    cookie.py    signed cookies                              csrf.py      tokens in forms
    window.py    first contact                               guard.py     ASGI middleware: Host, Origin, body sizes, headers

The entry point is ``Access``; the guard stands by itself. Imports: ``edge.store``, ``edge.disk``, argon2, itsdangerous,
Starlette's requests and responses. Nothing in here knows the gateway, the household or a page."""

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from .account import HOUSEHOLD, Account, AccountError, Accounts, normal_name
from .claim import Claim
from .cookie import SESSION, VISITOR, Cookie, Cookies
from .csrf import FIELD, Csrf
from .keep import Keep
from .password import Weakness, give_back, weaknesses
from .session import ABSOLUTE_S, Role, Session, Sessions
from .throttle import Throttle
from .window import LENGTH_S, Window

__all__ = ["FIELD", "HOUSEHOLD", "Access", "Account", "AccountError", "Keep", "LogIn", "Role", "Session", "Weakness"]

MAX_HASHES_WAITING = 3
"""Passwords are looked at one at a time; who comes while so many wait is told to come again."""
BUSY_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """What became of a try."""

    session: Session | None = None
    wait_s: float = 0.0
    """It was not looked at: so long until one is."""


class Access:
    """The parts, and what pages do with them."""

    def __init__(
        self,
        keep: Keep,
        *,
        window_s: float = LENGTH_S,
        wall: Callable[[], float] = time.time,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        give_back()
        self.keep = keep
        self.accounts = Accounts(keep, wall)
        self.sessions = Sessions(keep, wall)
        self.throttle = Throttle(keep, wall)
        self.claim = Claim(keep.path.with_name("panel-links"), wall=wall, mono=mono)
        self._window = Window(keep.path.with_name("panel-window"), length_s=window_s, mono=mono)
        self._cookies = Cookies(keep.secret)
        self._csrf = Csrf(keep.secret)
        self._hashing = threading.Lock()
        self._waiting = threading.BoundedSemaphore(1 + MAX_HASHES_WAITING)

    # Who it is.

    @property
    def is_claimed(self) -> bool:
        """The box has an owner."""
        return self.accounts.get(HOUSEHOLD) is not None

    @property
    def is_first_run(self) -> bool:
        """It was claimed, and nobody has come to the end of its first run yet."""
        return bool(self.keep.rows("first_run"))

    def finish_first_run(self) -> None:
        """That is over."""
        if self.is_first_run:
            self.keep.try_put("first_run", [])

    @property
    def window_left_s(self) -> float:
        """How long anybody on the home's side may still claim it; 0 where it has an owner, or had one whom nobody knows now."""
        is_new = not self.keep.is_lost and not self.keep.rows("accounts")
        return self._window.left_s if is_new else 0.0

    def may_claim(self, request: Request) -> bool:
        """It has none, and this visitor may become it."""
        if self.is_claimed:
            return False
        return self.window_left_s > 0 or self.claim.has_ticket(self._cookies.read(request, VISITOR))

    def who(self, request: Request) -> Session | None:
        """By the signed cookie; looked up once a request."""
        if not hasattr(request.state, "session"):
            token = self._cookies.read(request, SESSION)
            session = self.sessions.find(token, address_of(request)) if token else None
            known = session and self.accounts.get(session.account)
            request.state.session = session if known and session and known.role == session.role else None
        found: Session | None = request.state.session
        return found

    def csrf(self, request: Request) -> str:
        """The token for this visitor's forms; ``leave`` has to see the response."""
        return self._csrf.token(self._binding(request) or self._new_visitor(request))

    def csrf_fits(self, request: Request, token: str) -> bool:
        """The form came from one of our pages, given to this browser; perhaps before it showed its session.

        A page that is opened from elsewhere gets no strict cookie, and what is sent from it does.
        """
        return any(
            self._csrf.fits(binding, token) for binding in (self._binding(request), self._cookies.read(request, VISITOR))
        )

    def leave(self, request: Request, response: Response) -> None:
        """Put the cookies that this request earned into its response."""
        for cookie in getattr(request.state, "cookies", {}).values():
            self._cookies.write(request, response, cookie)

    # What they do.

    def log_in(self, request: Request, name: str, password: str) -> LogIn:
        """Look at a password, unless this address or account has to wait. Right: a new session, its cookie with ``leave``."""
        account, wait_s = self._look_at(request, normal_name(name) or HOUSEHOLD, password)
        if account is None:
            return LogIn(wait_s=wait_s)
        return LogIn(session=self.open_session(request, account.name, by="password"))

    def enter(self, request: Request, token: str) -> Literal["in", "claiming", "refused"]:
        """Use a login link: in as the household, or allowed to claim where there is none yet."""
        visitor = self._cookies.read(request, VISITOR)
        if not self.claim.use(token):
            return "refused"
        if self.is_claimed:
            self.throttle.passed(address_of(request), HOUSEHOLD)
            self.open_session(request, HOUSEHOLD, by="link")
            return "in"
        self.claim.give_ticket(visitor)
        return "claiming"

    def take(self, request: Request, password: str) -> None:
        """Claim the box. AccountError where it is too late, OSError where it cannot be kept; the password is strong enough."""
        if not self.may_claim(request):
            raise AccountError("taken")
        with self._hashing:
            self.accounts.add(HOUSEHOLD, "owner", password)
        self.claim.take_tickets()
        self.throttle.passed(address_of(request), HOUSEHOLD)
        self.keep.try_put("first_run", [{"step": "phone"}])
        self.open_session(request, HOUSEHOLD, by="password")

    def change_password(self, request: Request, name: str, password: str) -> int:
        """Another password for an account; how many of its other sessions ended by that. Links made before are void."""
        with self._hashing:
            self.accounts.set_password(name, password)
        self.claim.drop_links()
        mine = self.who(request)
        return self.sessions.revoke_all(name, but=mine.id if mine else "")

    def fits(self, request: Request, name: str, password: str) -> LogIn:
        """The password of somebody who is in already, asked for again; throttled like a login, opens nothing."""
        account, wait_s = self._look_at(request, name, password)
        return LogIn(session=self.who(request) if account else None, wait_s=wait_s)

    def add_reader(self, name: str, password: str) -> Account:
        """An account that may only look. AccountError, OSError as ``Accounts.add``."""
        with self._hashing:
            return self.accounts.add(name, "reader", password)

    def remove_account(self, name: str) -> None:
        """With its sessions."""
        name = normal_name(name)
        self.accounts.remove(name)
        self.sessions.revoke_all(name)
        self.throttle.forget(name)

    def open_session(self, request: Request, name: str, *, by: Literal["password", "link"]) -> Session:
        """A new one for this browser; the one that it had ends."""
        account = self.accounts.get(name)
        if account is None:
            raise KeyError(name)
        self.log_out(request)
        agent = request.headers.get("user-agent", "")
        session, token = self.sessions.open(
            account=account.name, role=account.role, address=address_of(request), agent=agent, by=by
        )  # fmt: skip
        self._earn(request, Cookie(name=SESSION, value=token, max_age_s=int(ABSOLUTE_S)))
        self._earn(request, Cookie(name=VISITOR, value=""))
        request.state.session = session
        return session

    def log_out(self, request: Request) -> None:
        """End this browser's session, if it has one."""
        session = self.who(request)
        if session is not None:
            self.sessions.revoke(session.id)
        self._earn(request, Cookie(name=SESSION, value=""))
        request.state.session = None

    def too_weak(self, password: str, *names: str) -> tuple[Weakness, ...]:
        """What is wrong with a new password; ``names`` beside the box's own."""
        return weaknesses(password, _box_names(names))

    # Inside.

    def _look_at(self, request: Request, name: str, password: str) -> tuple[Account | None, float]:
        """(the account, if it is its password; else how long to wait)."""
        if not self._waiting.acquire(blocking=False):
            return None, BUSY_S
        try:
            with self._hashing:
                return self._verify(request, name, password)
        finally:
            self._waiting.release()

    def _verify(self, request: Request, name: str, password: str) -> tuple[Account | None, float]:
        """Asked, looked at and told under one lock: tries at the same time are tries one after the other."""
        address = address_of(request)
        wait_s = self.throttle.wait_s(address, name)
        if wait_s > 0:
            return None, wait_s
        account = self.accounts.verify(name, password)
        if account is None:
            self.throttle.failed(address, name)
        else:
            self.throttle.passed(address, name)
        return account, 0.0

    def _binding(self, request: Request) -> str:
        session = self.who(request)
        return session.id if session else self._cookies.read(request, VISITOR)

    def _new_visitor(self, request: Request) -> str:
        earned: dict[str, Cookie] = getattr(request.state, "cookies", {})
        if VISITOR in earned and earned[VISITOR].value:
            return earned[VISITOR].value
        visitor = secrets.token_urlsafe(16)
        self._earn(request, Cookie(name=VISITOR, value=visitor))
        return visitor

    @staticmethod
    def _earn(request: Request, cookie: Cookie) -> None:
        if not hasattr(request.state, "cookies"):
            request.state.cookies = {}
        request.state.cookies[cookie.name] = cookie


def address_of(request: Request) -> str:
    """Where it comes from, in one spelling: an IPv4 address that came over an IPv6 socket is an IPv4 address."""
    host = request.client.host if request.client else ""
    return host.removeprefix("::ffff:").partition("%")[0]


def _box_names(names: Iterable[str]) -> tuple[str, ...]:
    return ("netcurtain", HOUSEHOLD, *(name for name in names if name))
