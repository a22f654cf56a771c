"""The household's files, compiled in a child process whenever they change: each result is an event."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from gateway.edge.loop import Loop
from gateway.edge.watch import Watch
from gateway.edge.worker import Finished, Worker
from gateway.model.event import PolicyChanged, PolicyRefused
from gateway.model.policy import Policy
from gateway.policy import load, parse

log = logging.getLogger("netcurtain")
COMPILER = "gateway.policy"


class Compilation:
    """One at a time: what changes meanwhile is compiled afterwards."""

    def __init__(self, folders: Iterable[Path], loop: Loop) -> None:
        self._folders = tuple(folders)
        self._loop = loop
        self._worker = Worker(COMPILER)
        self._again = False
        self._tell: Callable[[PolicyChanged | PolicyRefused], None] = lambda event: None
        self._refused_at_start: PolicyRefused | None = None
        self._watch: Watch | None = None
        self._worker.start(self._existing())

    def first(self) -> Policy:
        """The household's policy; where its files hold faults, the shipped one, and the faults are told by ``follow``."""
        event = _event(finished := self._worker.wait())
        if isinstance(event, PolicyChanged):
            return event.policy
        log.error("the policy files hold faults; the shipped policy is in force until they are mended\n%s", finished.complaints)
        self._refused_at_start = event
        shipped = load().policy
        if shipped is None:
            raise ValueError("the shipped policy holds faults: install the package again")
        return shipped

    def follow(self, tell: Callable[[PolicyChanged | PolicyRefused], None]) -> None:
        """From now on ``tell`` is called with every result."""
        self._tell = tell
        self._watch = Watch(self._folders)
        self._loop.read(self._watch, self._watch.receive)
        if self._refused_at_start is not None:
            tell(self._refused_at_start)

    def look(self) -> None:
        """Compile what changed and has settled."""
        if self._watch is not None and self._watch.settled():
            self.start()

    def start(self) -> None:
        """Compile the files anew."""
        if self._worker.busy:
            self._again = True
            return
        output = self._worker.start(self._existing())
        self._loop.read(output, lambda: self._receive(output))

    def close(self) -> None:
        """End what runs."""
        self._worker.close()
        if self._watch is not None:
            self._watch.close()

    def _receive(self, output: int) -> None:
        finished = self._worker.receive(before_close=lambda: self._loop.forget(output))
        if finished is None:
            return
        self._tell(_event(finished))
        if self._again:
            self._again = False
            self.start()

    def _existing(self) -> list[str]:
        """The folders that exist now: the watch tells when another one comes."""
        return [str(folder) for folder in self._folders if folder.is_dir()]


def _event(finished: Finished) -> PolicyChanged | PolicyRefused:
    """What a compilation came to."""
    if finished.status == 0:
        return PolicyChanged(policy=parse(finished.output))
    return PolicyRefused(faults=tuple(finished.complaints.splitlines()) or ("the compiler ended without a word",))
