"""A gateway in this process: the real control socket, served by a thread, that answers what a test has written down."""

import queue
import selectors
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.edge.control import ControlServer
from gateway.model.command import Publish, Reply
from gateway.model.control import Request, Response

Answer = Callable[[Mapping[str, Any]], Any]
"""From a request's arguments to its data; a ``Refusal`` is raised."""


class Refusal(Exception):
    """What the gateway does not do: code and message."""


class ScriptedGateway:
    """``asked`` is what it was asked so far; ``answers`` may be changed meanwhile."""

    def __init__(self, path: Path, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.asked: list[Request] = []
        self._told: queue.SimpleQueue[Publish] = queue.SimpleQueue()
        self._selector = selectors.DefaultSelector()
        self._server = ControlServer(path, self._selector)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def tell(self, kind: str, **data: Any) -> None:
        """An event for all who listen."""
        self._told.put(Publish(kind=kind, data=data))

    def verbs(self) -> list[str]:
        """What it was asked for, in order."""
        return [request.do for request in self.asked]

    @property
    def listeners(self) -> int:
        """How many hear what it tells."""
        return self._server.subscribers

    def close(self) -> None:
        """Leave everybody."""
        self._over.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._over.is_set():
            for key, mask in self._selector.select(0.005):
                for asked in self._server.handle(key, mask):
                    self.asked.append(asked.request)
                    self._server.reply(Reply(client=asked.client, response=self._answer(asked.request)))
            while not self._told.empty():
                self._server.publish(self._told.get())
        self._server.close()
        self._selector.close()

    def _answer(self, request: Request) -> Response:
        try:
            return Response(id=request.id, data=self.answers[request.do](request.args))
        except Refusal as err:
            code, message = err.args
            return Response(id=request.id, error_code=code, message=message)


@contextmanager
def scripted(path: Path, **answers: Answer) -> Iterator[ScriptedGateway]:
    """One that lives as long as the block, or until it is closed there."""
    gateway = ScriptedGateway(path, dict(answers))
    try:
        yield gateway
    finally:
        gateway.close()
