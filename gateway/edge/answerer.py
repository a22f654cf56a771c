"""The child process that answers plain HTTP in the internet's place: told what to say, watched, started again."""

import sys
from collections.abc import Iterable

from gateway.answer.table import dump_table
from gateway.model.assessment import FixedReply

from .child import Child

MODULE = "gateway.answer"


class Answerer:
    """Nothing here raises: without it checks over plain HTTP fail, and the household is told."""

    def __init__(self, port: int) -> None:
        self._child = Child("the HTTP responder", (sys.executable, "-I", "-m", MODULE, str(port)))
        self._line = b""

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return self._child.pid

    def start(self, replies: Iterable[FixedReply]) -> None:
        """Start it with these replies. It ends by itself when we do."""
        self._child.start()
        self.say(replies)

    def say(self, replies: Iterable[FixedReply]) -> None:
        """From now on these are the replies."""
        line = dump_table(replies)
        if line != self._line:
            self._line = line
            self._tell()

    def watch(self) -> list[str]:
        """Look after it; returns what is wrong now, in sentences."""
        problems, started = self._child.watch()
        if started:
            self._tell()
        return problems

    def stop(self) -> None:
        """End it."""
        self._child.stop()

    def _tell(self) -> None:
        if not self._child.write(self._line):
            self._child.kill()
