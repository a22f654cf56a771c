"""Accounts: the household's own, and others that may look but change nothing."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from threading import RLock
from typing import Any

from .keep import Keep
from .password import hash_password, is_outdated, nobodys_hash, verify_password
from .session import Role

HOUSEHOLD = "household"
"""The account that claiming makes: its password is the household's."""
MAX_ACCOUNTS = 8
MAX_NAME_CHARS = 32
_NAME = re.compile(r"[\w.-]{1,32}").fullmatch
_TABLE = "accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may log in."""

    name: str
    role: Role
    hash: str
    created: float


class AccountError(ValueError):
    """``taken``, ``bad-name``, ``too-many`` or ``household`` (which cannot be removed): its argument says which."""


class Accounts:
    """All accounts by name; bounded."""

    def __init__(self, keep: Keep, wall: Callable[[], float]) -> None:
        self._keep = keep
        self._wall = wall
        self._lock = RLock()
        self._nobody = nobodys_hash()
        self._known = {account.name: account for account in map(_account, keep.rows(_TABLE)) if account is not None}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: str) -> Account | None:
        """By its name, in whatever case it was typed."""
        return self._known.get(normal_name(name))

    def listed(self) -> tuple[Account, ...]:
        """The household's first."""
        return tuple(sorted(self._known.values(), key=lambda one: (one.role != "owner", one.created)))

    def add(self, name: str, role: Role, password: str) -> Account:
        """A new account. AccountError where it cannot be, OSError where it cannot be kept."""
        name = normal_name(name)
        if not _NAME(name):
            raise AccountError("bad-name")
        encoded = hash_password(password)
        with self._lock:
            if name in self._known:
                raise AccountError("taken")
            if len(self._known) >= MAX_ACCOUNTS:
                raise AccountError("too-many")
            account = Account(name=name, role=role, hash=encoded, created=self._wall())
            self._write(self._known | {name: account})
        return account

    def set_password(self, name: str, password: str) -> None:
        """Another password. KeyError where there is no such account, OSError where it cannot be kept."""
        encoded = hash_password(password)
        with self._lock:
            self._write(self._known | {name: replace(self._known[name], hash=encoded)})

    def remove(self, name: str) -> None:
        """Take an account away. AccountError for the household's own; none is no fault."""
        if name == HOUSEHOLD:
            raise AccountError("household")
        with self._lock:
            self._write({key: account for key, account in self._known.items() if key != name})

    def verify(self, name: str, password: str) -> Account | None:
        """The account, if the password is its own. It costs the same whether the account exists or not."""
        account = self.get(name)
        fits = verify_password(account.hash if account else self._nobody, password)
        if account is None or not fits:
            return None
        if is_outdated(account.hash):
            self._rehash(account, password)
        return account

    def _rehash(self, account: Account, password: str) -> None:
        try:
            self.set_password(account.name, password)
        except OSError:
            pass  # the old hash is as good as it was yesterday

    def _write(self, known: dict[str, Account]) -> None:
        self._keep.put(_TABLE, map(asdict, known.values()))
        self._known = known


def normal_name(name: str) -> str:
    """As it is kept and compared."""
    return name.strip().casefold()[: MAX_NAME_CHARS + 1]


def _account(row: dict[str, Any]) -> Account | None:
    try:
        return Account(**row)
    except TypeError:
        return None
