"""The gateway's own questions to its resolver, which never make the packet loop wait.

Each question has a socket of its own: a source port that the kernel chooses at random, connected, so that answers from
anybody else than the resolver never arrive. All of them hang on one descriptor for the selector.
"""

import contextlib
import os
import secrets
import select
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from time import monotonic

from gateway.model.event import NameResolved
from gateway.wire.dns import AAAA, A, build_query, parse_dns

from .timer import Timer

MAX_OUTSTANDING = 64
GIVE_UP_S = 0.25
"""Somebody's packet is held for it, for at most 0.3 s."""
LATE_S = 3.0
"""An answer that comes so late is told all the same: the next try will profit."""
_ANSWER_BYTES = 4_096


class _Question:
    """One name, both families."""

    __slots__ = ("addresses", "given_up", "name", "pending", "since", "sock")

    def __init__(self, name: str, sock: socket.socket, since: float) -> None:
        self.name = name
        self.sock = sock
        self.since = since
        self.pending: dict[int, int] = {}
        """Id -> type that was asked for."""
        self.addresses: dict[bytes, None] = {}
        self.given_up = False

    def ask(self) -> None:
        """Send both; ValueError where the name cannot be asked for, OSError where nobody listens."""
        for kind in (A, AAAA):
            ident = secrets.randbelow(1 << 16)
            while ident in self.pending:
                ident = secrets.randbelow(1 << 16)
            query = build_query(self.name, kind, id=ident)
            if query is None:
                raise ValueError(f"no host can be called {self.name!r}")
            self.pending[ident] = kind
            self.sock.send(query)

    def take(self, data: bytes) -> bool:
        """A datagram came; True if it answers one of the two."""
        message = parse_dns(data)
        if message is None or not message.is_response or len(message.questions) != 1 or message.truncated:
            return False
        asked = message.questions[0]
        if asked.name != self.name or self.pending.get(message.id) != asked.type:
            return False
        del self.pending[message.id]
        self.addresses.update(dict.fromkeys(message.addresses if message.rcode == 0 else ()))
        return True


class Asker:
    """``ask``; then ``receive``, whenever it is readable, tells what became of it."""

    def __init__(self, *, port: int = 53) -> None:
        self._port = port
        self._server = ""
        self._poll = select.epoll()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        """Rings where something can be told at once."""
        self._poll.register(self._bell, select.EPOLLIN)
        self._timer = Timer()
        self._poll.register(self._timer, select.EPOLLIN)
        self._questions: dict[int, _Question] = {}
        """By descriptor, oldest first."""
        self._at_once: list[NameResolved] = []

    def __len__(self) -> int:
        return len(self._questions)

    def fileno(self) -> int:
        """For a selector."""
        return self._poll.fileno()

    def use(self, addresses: Iterable[bytes]) -> None:
        """Our resolver listens at the curtain's own addresses: take one of them (loopback is not served)."""
        known = [ip_address(address) for address in addresses]
        usable = sorted((address for address in known if not address.is_link_local), key=lambda one: (one.version, int(one)))
        self._server = str(usable[0]) if usable else ""

    def ask(self, name: str) -> None:
        """Ask for the addresses of a name. Where that is impossible, the answer is empty."""
        if len(self._questions) >= MAX_OUTSTANDING and not self._drop_late():
            self._tell_at_once(name)
            return
        try:
            self._send(name)
        except (OSError, ValueError):
            self._tell_at_once(name)
        self._timer.set(self.due)

    def receive(self) -> list[NameResolved]:
        """What became of questions: answered, given up, or answered late."""
        told: list[NameResolved] = []
        for descriptor, _ in self._poll.poll(0):
            if descriptor == self._bell:
                os.eventfd_read(self._bell)
                told += self._at_once
                self._at_once.clear()
            elif descriptor == self._timer.fileno():
                self._timer.stop_ringing()
                told += self.expire(monotonic())
            elif (question := self._questions.get(descriptor)) is not None:
                told += self._listen(question)
        self._timer.set(self.due)
        return told

    @property
    def due(self) -> float:
        """When ``expire`` has something to do, in monotonic seconds; infinite where nothing is asked."""
        ends = (one.since + (LATE_S if one.given_up else GIVE_UP_S) for one in self._questions.values())
        return min(ends, default=float("inf"))

    def expire(self, now: float) -> list[NameResolved]:
        """Give up what was asked too long ago, with what is known of it; a late answer is told again."""
        told: list[NameResolved] = []
        for question in list(self._questions.values()):
            if now - question.since >= LATE_S:
                self._close(question)
            if not question.given_up and now - question.since >= GIVE_UP_S:
                question.given_up = True
                told.append(_resolved(question))
        return told

    def close(self) -> None:
        """Ask no more."""
        for question in list(self._questions.values()):
            self._close(question)
        os.close(self._bell)
        self._timer.close()
        self._poll.close()

    def _send(self, name: str) -> None:
        if not self._server:
            raise OSError("the curtain has no address")
        family = socket.AF_INET6 if ":" in self._server else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        with contextlib.ExitStack() as undo:
            undo.callback(sock.close)
            sock.connect((self._server, self._port))
            question = _Question(name, sock, monotonic())
            question.ask()
            undo.pop_all()
        self._questions[sock.fileno()] = question
        self._poll.register(sock.fileno(), select.EPOLLIN)

    def _tell_at_once(self, name: str) -> None:
        self._at_once.append(NameResolved(name=name))
        os.eventfd_write(self._bell, 1)

    def _listen(self, question: _Question) -> list[NameResolved]:
        before = len(question.addresses)
        try:
            while question.pending:
                question.take(question.sock.recv(_ANSWER_BYTES))
        except BlockingIOError:
            return []
        except OSError:
            pass  # refused: nobody listens there now
        self._close(question)
        is_news = len(question.addresses) > before
        return [_resolved(question)] if is_news or not question.given_up else []

    def _drop_late(self) -> bool:
        late = next((question for question in self._questions.values() if question.given_up), None)
        if late is not None:
            self._close(late)
        return late is not None

    def _close(self, question: _Question) -> None:
        del self._questions[question.sock.fileno()]
        self._poll.unregister(question.sock.fileno())
        question.sock.close()


def _resolved(question: _Question) -> NameResolved:
    return NameResolved(name=question.name, addresses=tuple(question.addresses))
