"""How a box gets its owner, and how its owner gets back in.

Until it is claimed, anybody on the home's side may claim it, for 15 minutes after it was switched on (``window``): long
enough to set it up, too short for whoever comes by later. A hostile gadget that is quicker than its household has the box:
whoever fears that lets a link alone claim it (``panel.first_contact_s = 0``). After the window it is switched off and on, or
a **login link** is made by who has a shell on the box.

A link is valid once and for 10 minutes. Each is an empty file, named after its token's hash: so another process can make one,
and removing the file is the one step by which it is used up, whoever asks at the same time. Looking at a link does not use it
up, since messengers fetch what is sent through them."""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LINK_S = 600.0
TICKET_S = 1_800.0
"""So long whoever came by a link may take to claim."""
MAX_LINKS = 8
MAX_TICKETS = 16
_HASH = re.compile(r"[0-9a-f]{64}").fullmatch
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch


class Claim:
    """Links, and who came by one."""

    def __init__(
        self, folder: Path, *, wall: Callable[[], float] = time.time, mono: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._wall = wall
        self._mono = mono
        self._tickets: dict[str, float] = {}

    def new_link(self) -> str:
        """A token. OSError where its file cannot be made."""
        token = secrets.token_urlsafe(32)
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        with _as_owner(self._folder.parent):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._prune()
            path = self._path(token)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            os.utime(path, (self._wall(), self._wall()))
        return token

    def is_valid(self, token: str) -> bool:
        """The link would work now."""
        return bool(_TOKEN(token)) and self._is_fresh(self._path(token))

    def use(self, token: str) -> bool:
        """Use a link up: True for exactly one of all who ask."""
        if not self.is_valid(token):
            return False
        try:
            self._path(token).unlink()
        except OSError:
            return False
        return True

    def drop_links(self) -> None:
        """None that were made so far works any more."""
        for path in self._links():
            path.unlink(missing_ok=True)

    def give_ticket(self, visitor: str) -> None:
        """This visitor came by a link and may claim, whatever the hour."""
        while len(self._tickets) >= MAX_TICKETS:
            del self._tickets[min(self._tickets, key=self._tickets.__getitem__)]
        self._tickets[visitor] = self._mono() + TICKET_S

    def has_ticket(self, visitor: str) -> bool:
        """Given, and not too long ago."""
        return bool(visitor) and self._tickets.get(visitor, 0.0) > self._mono()

    def take_tickets(self) -> None:
        """Somebody has claimed."""
        self._tickets.clear()

    def _path(self, token: str) -> Path:
        return self._folder / hashlib.sha256(token.encode()).hexdigest()

    def _is_fresh(self, path: Path) -> bool:
        try:
            return abs(self._wall() - path.stat().st_mtime) <= LINK_S
        except OSError:
            return False

    def _links(self) -> list[Path]:
        try:
            found = (path for path in self._folder.iterdir() if _HASH(path.name))
            return sorted(found, key=lambda path: path.stat().st_mtime)
        except OSError:
            return []

    def _prune(self) -> None:
        links = self._links()
        for path in (*links[: max(0, len(links) - MAX_LINKS + 1)], *(one for one in links if not self._is_fresh(one))):
            path.unlink(missing_ok=True)


@contextmanager
def _as_owner(folder: Path) -> Iterator[None]:
    """Where root calls, with its owner's rights: the panel has to remove what is made, and may have put a link there."""
    owner = folder.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
