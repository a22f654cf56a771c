"""The one loop of a process: what can be read, what is due, and which signals came."""

import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

Handler = Callable[[selectors.SelectorKey, int], None]


@dataclass(slots=True)
class Beat:
    """Something that is done again and again."""

    interval_s: float
    do: Callable[[], None]
    due: float = 0.0
    """Monotonic seconds."""


class Loop:
    """Waits for file descriptors and beats. Nothing that is called from it may wait."""

    def __init__(self, other: Handler) -> None:
        """``other`` serves what was registered with the selector by somebody else."""
        self.selector = selectors.DefaultSelector()
        self._parts = ExitStack()
        self._parts.callback(self.selector.close)
        self._other = other
        self._beats: list[Beat] = []
        self._running = True

    def read(self, source: Any, do: Callable[[], None]) -> None:
        """Call ``do`` whenever a file or socket can be read."""
        self.selector.register(source, selectors.EVENT_READ, do)

    def forget(self, source: Any) -> None:
        """Watch it no longer."""
        self.selector.unregister(source)

    def every(self, interval_s: float, do: Callable[[], None]) -> None:
        """Call ``do`` at once, and then again and again."""
        self._beats.append(Beat(interval_s, do))

    def catch(self, **handlers: Callable[[], None]) -> None:
        """Call a handler when a signal came, by its name: ``SIGHUP=…``; SIGTERM and SIGINT end the loop."""
        calls = {int(signal.Signals[name]): do for name, do in handlers.items()}
        calls |= {int(number): self.stop for number in (signal.SIGTERM, signal.SIGINT)}
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
            self._parts.callback(end.close)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        self._parts.callback(signal.set_wakeup_fd, -1)
        for number in calls:
            signal.signal(number, lambda *_: None)


        def receive() -> None:
            for number in reader.recv(64):
                calls.get(number, self._ignore)()

        self.read(reader, receive)

    def run(self) -> None:
        """Until somebody says ``stop``."""
        while self._running:
            self._turn()

    def stop(self) -> None:
        """End after this turn."""
        self._running = False

    def close(self) -> None:
        """Give everything back."""
        self._parts.close()

    def _ignore(self) -> None:
        """A signal that somebody else asked for."""

    def _turn(self) -> None:
        due = min((beat.due for beat in self._beats), default=time.monotonic() + 1.0)
        for key, mask in self.selector.select(max(0.0, due - time.monotonic())):
            if callable(key.data):
                key.data()
            else:
                self._other(key, mask)
        now = time.monotonic()
        for beat in self._beats:
            if beat.due <= now:
                beat.due = now + beat.interval_s
                beat.do()
