"""The gateway, as the panel reaches it: asked over its control socket, its events kept in a ring that every browser reads.

Requests of the same kind within a second share an answer: many browsers must not cost the packet loop more than one does. One
thread listens; a browser that falls behind loses its place in the ring, and is told so.
"""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gateway.edge.control_client import ControlClient, ControlError

log = logging.getLogger("netcurtain.panel")
FRESH_S = 1.0
RETRY_S = 1.0
MAX_EVENTS = 512
MAX_IDLE = 4
"""Connections kept for the next request."""


class Event(NamedTuple):
    """Something that happened."""

    number: int
    kind: str
    data: dict[str, Any]


class Ring:
    """The last events, numbered from the process's start on. Whoever wants to be woken is called from the listening thread."""

    def __init__(self, size: int = MAX_EVENTS) -> None:
        self._events: deque[Event] = deque(maxlen=size)
        self._lock = threading.Lock()
        self._wakers: set[Callable[[], object]] = set()
        self.last = 0

    def push(self, kind: str, data: dict[str, Any]) -> None:
        """Add one, and wake those who wait."""
        with self._lock:
            self.last += 1
            self._events.append(Event(self.last, kind, data))
            wakers = tuple(self._wakers)
        for wake in wakers:
            wake()

    def after(self, number: int) -> tuple[list[Event], bool]:
        """(what came after it, whether some of that is lost)."""
        with self._lock:
            first = self._events[0].number if self._events else self.last + 1
            lost = number + 1 < first or number > self.last
            return [event for event in self._events if event.number > number or number > self.last], lost

    @contextlib.contextmanager
    def waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """``wake`` is called at every event meanwhile."""
        with self._lock:
            self._wakers.add(wake)
        try:
            yield
        finally:
            with self._lock:
                self._wakers.discard(wake)


class GatewayLink:
    """One gateway."""

    def __init__(self, control: Path, *, mono: Callable[[], float] = time.monotonic) -> None:
        self.control = control
        self.events = Ring()
        self._mono = mono
        self._lock = threading.Lock()
        self._idle: list[ControlClient] = []
        self._known: dict[str, tuple[float, Any]] = {}
        self._asking = {verb: threading.Lock() for verb in ("status", "devices")}
        self._over = threading.Event()

    def start(self) -> None:
        """Listen to its events from now on, in a thread of our own."""
        threading.Thread(target=self._listen, name="events", daemon=True).start()

    def close(self) -> None:
        """Let go."""
        self._over.set()
        with self._lock:
            idle, self._idle = self._idle, []
        for client in idle:
            client.close()

    def status(self) -> dict[str, Any]:
        """What it says of itself, at most a second old. ControlError where it is not there."""
        found: dict[str, Any] = self._recent("status")
        return found

    def devices(self) -> list[dict[str, Any]]:
        """Whom it has seen, at most a second old. ControlError where it is not there."""
        found: list[dict[str, Any]] = self._recent("devices")
        return found

    def ask(self, do: str, **args: Any) -> Any:
        """One request. ControlError where it is refused, or the gateway not there."""
        client = self._take()
        try:
            answer = client.ask(do, **args)
        except ControlError as err:
            if err.code in ("gone", "no-answer", "bad-answer"):
                client.close()
            else:
                self._give(client)
            raise
        self._give(client)
        return answer

    def change(self, do: str, **args: Any) -> Any:
        """A request after which what was known is old."""
        try:
            return self.ask(do, **args)
        finally:
            self.forget()

    def forget(self) -> None:
        """Ask anew next time."""
        self._known.clear()

    def _recent(self, verb: str) -> Any:
        with self._asking[verb]:  # one asks, the others wait for its answer
            at, answer = self._known.get(verb, (float("-inf"), None))
            if self._mono() - at >= FRESH_S:
                answer = self._ask_again(verb)
                self._known[verb] = (self._mono(), answer)
            return answer

    def _ask_again(self, verb: str) -> Any:
        """A kept connection may be of a gateway that is gone by now: then a new one is tried, once."""
        try:
            return self.ask(verb)
        except ControlError as err:
            if err.code != "gone":
                raise
            with self._lock:
                idle, self._idle = self._idle, []
            for client in idle:
                client.close()
            return self.ask(verb)

    def _take(self) -> ControlClient:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return ControlClient(self.control)

    def _give(self, client: ControlClient) -> None:
        with self._lock:
            if len(self._idle) < MAX_IDLE and not self._over.is_set():
                self._idle.append(client)
                return
        client.close()

    def _listen(self) -> None:
        was_there = True
        while not self._over.is_set():
            try:
                with ControlClient(self.control) as client:
                    client.start()
                    self.forget()
                    if not was_there:
                        self.events.push("gateway", {"there": True})
                    was_there = True
                    self._take_events(client)
            except ControlError as err:
                self.forget()
                if was_there and not self._over.is_set():
                    log.warning("%s", err.message)
                    self.events.push("gateway", {"there": False})
                was_there = False
                self._over.wait(RETRY_S)

    def _take_events(self, client: ControlClient) -> None:
        while not self._over.is_set():
            for event in client.receive(RETRY_S):
                if event["event"] in ("device", "policy", "viewing", "question", "problem", "trial", "forgetting"):
                    self.forget()
                self.events.push(event["event"], event.get("data") or {})
