"""Writes states behind the packet loop: the newest counts, and what the medium refuses is tried again."""

import threading
from dataclasses import replace

from gateway.model.command import SaveState

from .store import Store

RETRY_S = 5.0


class Saver:
    """A thread of its own beside one store."""

    def __init__(self, store: Store, *, retry_s: float = RETRY_S) -> None:
        self.last_error = ""
        """Why the last state is not on the medium; the one before still is. Empty again once writing works."""
        self._store = store
        self._retry_s = retry_s
        self._next: SaveState | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write, name="state", daemon=True)
        self._thread.start()

    def put(self, state: SaveState) -> None:
        """Write this state, in place of one that still waits. Never blocks for long, never raises."""
        with self._changed:
            self._next = _after(self._next, state)
            self._changed.notify()

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what waits, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _write(self) -> None:
        while (state := self._take()) is not None:
            try:
                self._store.write(state.state, alone=state.alone)
            except (OSError, ValueError, TypeError) as err:
                self.last_error = str(err)
                if self._closing:
                    return
                self._put_back(state)
            else:
                self.last_error = ""

    def _take(self) -> SaveState | None:
        with self._changed:
            self._changed.wait_for(lambda: self._next is not None or self._closing)
            state, self._next = self._next, None
            return state

    def _put_back(self, state: SaveState) -> None:
        """Rest, then try again – with a newer state if one has come."""
        with self._changed:
            if self._next is None and not self._closing:
                self._changed.wait(self._retry_s)
            self._next = _after(state, self._next or state)


def _after(before: SaveState | None, state: SaveState) -> SaveState:
    """A state in another's place: what that one was to leave no trace of, this one does."""
    return replace(state, alone=state.alone or (before is not None and before.alone))
