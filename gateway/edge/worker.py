"""A child process whose output is waited for by the event loop: slow work stays out of the packet loop."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

MAX_OUTPUT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a worker left behind."""

    status: int
    output: bytes
    complaints: str
    """What it wrote to standard error, its end."""


class Worker:
    """Runs one Python module at a time; ``fileno`` becomes readable as it writes, and at its end."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._child: subprocess.Popen[bytes] | None = None
        self._output = bytearray()
        self._complaints: IO[bytes] = tempfile.TemporaryFile()

    @property
    def busy(self) -> bool:
        """A child is running."""
        return self._child is not None

    def start(self, arguments: Sequence[str]) -> int:
        """Start the module; returns the file descriptor to wait for. RuntimeError if it runs already."""
        if self._child is not None:
            raise RuntimeError("the worker is busy")
        self._output.clear()
        self._complaints.seek(0)
        self._complaints.truncate()
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-m", self._module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )
        assert self._child.stdout is not None
        os.set_blocking(self._child.stdout.fileno(), False)
        return self._child.stdout.fileno()

    def receive(self, before_close: Callable[[], object]) -> Finished | None:
        """Take what the child wrote; its result once it has ended, else None. ``before_close``: stop waiting for its output."""
        child = self._child
        if child is None or child.stdout is None:
            return None
        while (chunk := child.stdout.read(1 << 16)) is not None:
            if not chunk:
                before_close()
                return self._finish()
            self._output += chunk
            if len(self._output) > MAX_OUTPUT_BYTES:
                child.kill()
        return None

    def wait(self) -> Finished:
        """Wait for the end; for start-up, where nothing else is to be done."""
        child = self._child
        if child is None or child.stdout is None:
            raise RuntimeError("the worker was not started")
        os.set_blocking(child.stdout.fileno(), True)
        self._output += child.stdout.read()
        return self._finish()

    def close(self) -> None:
        """End a child that still runs."""
        if self._child is not None:
            self._child.kill()
            self._finish()

    def _finish(self) -> Finished:
        child = self._child
        assert child is not None and child.stdout is not None
        status = child.wait()
        child.stdout.close()
        self._complaints.seek(0)
        complaints = self._complaints.read(1 << 20)[-8_192:].decode(errors="replace")
        self._child = None
        return Finished(status=status, output=bytes(self._output), complaints=complaints)
