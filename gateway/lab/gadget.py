"""The handle of one gadget or phone: give it commands, learn what happened to it."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .behaviour import Behaviour
from .namespace import LabError, Namespace
from .outcome import Outcome

START_TIMEOUT_S = 15.0


@dataclass(slots=True)
class Pending:
    """A command under way."""

    number: int
    reports: "queue.SimpleQueue[Outcome | None]"
    gadget: str

    def wait(self, timeout_s: float = 20.0) -> list[Outcome]:
        """All outcomes, once the last step ended."""
        deadline = time.monotonic() + timeout_s
        outcomes: list[Outcome] = []
        while True:
            try:
                outcome = self.reports.get(timeout=max(deadline - time.monotonic(), 0.01))
            except queue.Empty:
                raise LabError(f"{self.gadget} is still busy after {timeout_s} s; so far: {outcomes}") from None
            if outcome is None:
                return outcomes
            outcomes.append(outcome)


class Gadget:
    """A running process in its own network namespace."""

    def __init__(self, behaviour: Behaviour, machine: Namespace, config: Mapping[str, Any]) -> None:
        self.behaviour = behaviour
        self.machine = machine
        self.resolver = ""
        self.address = ""
        self._numbers = iter(range(1, 1_000_000))
        self._pending: dict[int, queue.SimpleQueue[Outcome | None]] = {}
        self._ready: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._process = machine.spawn(
            [sys.executable, "-m", "gateway.lab.actor", json.dumps(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def await_ready(self) -> None:
        """Until it has joined the network."""
        try:
            ready = self._ready.get(timeout=START_TIMEOUT_S)
        except queue.Empty:
            ready = False
        if not ready:
            raise LabError(f"{self.behaviour.id} did not come up (no address? see its output above)")

    def begin(self, what: str | Iterable[Mapping[str, Any]]) -> Pending:
        """Start a trigger of its behaviour, or steps of the caller's own, and do not wait."""
        number = next(self._numbers)
        if isinstance(what, str) and what not in self.behaviour.triggers:
            raise LabError(f"{self.behaviour.id} knows no {what!r}. Available: {', '.join(self.behaviour.triggers)}")
        reports: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self._pending[number] = reports
        self._tell({"id": number, "do": what} if isinstance(what, str) else {"id": number, "steps": list(what)})
        return Pending(number, reports, self.behaviour.id)

    def do(self, what: str | Iterable[Mapping[str, Any]], *, timeout_s: float = 20.0) -> list[Outcome]:
        """The same, to its end."""
        return self.begin(what).wait(timeout_s)

    def one(self, **step: Any) -> Outcome:
        """One step; its outcome (the last one, where it had an alternative)."""
        return self.do([step])[-1]

    def stop(self) -> None:
        """End what is under way."""
        self._tell({"stop": True})

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _tell(self, command: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            report = json.loads(line)
            if "ready" in report:
                self.resolver, self.address = report["resolver"], report["address"]
                self._ready.put(True)
            elif report.get("done"):
                self._pending.pop(report["id"]).put(None)
            else:
                number = report.pop("id")
                self._pending[number].put(Outcome(**report))
        self._ready.put(False)
        for waiting in self._pending.values():
            waiting.put(None)
