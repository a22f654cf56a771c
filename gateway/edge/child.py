"""A process of ours that is to run as long as we do: started, listened to, started again when it ends – later each time."""

import contextlib
import logging
import os
import subprocess
import time
from collections import deque
from collections.abc import Sequence

log = logging.getLogger("netcurtain.child")
MAX_BACKOFF_S = 60.0
STEADY_S = 30.0
"""After so long without an end, the next one counts as the first."""


class Trace:
    """What a process says of itself on standard error, and when it is to be started again."""

    def __init__(self, name: str, to: logging.Logger) -> None:
        self._name = name
        self._logger = to
        self._said: deque[str] = deque(maxlen=20)
        self._failures = 0
        self._started_at = 0.0
        self.pipe = -1
        """The read end of its standard error."""
        self.restart_at: float | None = None
        """Monotonic seconds; None: it runs, or is to stay away."""

    @property
    def last(self) -> str:
        """The last line; empty if there was none."""
        return self._said[-1] if self._said else ""

    def open(self) -> int:
        """It is about to start: the end that it writes to. Whoever opened it closes it."""
        self.restart_at = None
        self.pipe, end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._started_at = time.monotonic()
        return end

    def fail(self, why: str) -> None:
        """It could not be started: the next try is planned."""
        self._said.append(why)
        self.close()
        self._retry(time.monotonic())

    def ended(self, now: float) -> float:
        """It ended: the seconds until it is started again, more each time."""
        self.close()
        if now - self._started_at > STEADY_S:
            self._failures = 0
        return self._retry(now)

    def listen(self) -> None:
        """Take what it says, so that it never waits for us."""
        with contextlib.suppress(BlockingIOError):
            while self.pipe >= 0 and (chunk := os.read(self.pipe, 65_536)):
                for line in chunk.decode(errors="replace").splitlines():
                    self._said.append(line)
                    self._logger.debug("%s: %s", self._name, line)

    def close(self) -> None:
        """It is gone: take its last words."""
        self.listen()
        if self.pipe >= 0:
            os.close(self.pipe)
        self.pipe = -1

    def _retry(self, now: float) -> float:
        wait_s = min(MAX_BACKOFF_S, 2.0**self._failures)
        self._failures += 1
        self.restart_at = now + wait_s
        return wait_s


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it after a second."""
    process.terminate()
    try:
        process.wait(timeout=1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Child:
    """``watch`` is called often, and tells what is wrong; nothing here raises."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._trace = Trace(name, log)

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it, or plan the next try."""
        log_end = self._trace.open()
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log_end, bufsize=0
            )
        except OSError as err:
            self._trace.fail(f"{self._name} cannot be started: {err}")
            return
        finally:
            os.close(log_end)
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)

    def write(self, data: bytes) -> bool:
        """Write to its standard input; False where it does not take it: it hangs, or has ended."""
        if self._process is None or self._process.stdin is None:
            return False
        with contextlib.suppress(OSError):  # BlockingIOError and BrokenPipeError among them
            return self._process.stdin.write(data) == len(data)
        return False

    def watch(self) -> tuple[list[str], bool]:
        """(What is wrong now, in sentences; whether it was started anew)."""
        now = time.monotonic()
        self._trace.listen()
        if self._trace.restart_at is not None:
            if now < self._trace.restart_at:
                return [self._trace.last] if self._process is None and self._trace.last else [], False
            self.start()
            return [], self._process is not None
        if self._process is None or self._process.poll() is None:
            return [], False
        status, why = self._process.returncode, self._trace.last or "it said nothing"
        self._close()
        return [f"{self._name} ended (status {status}): {why}; it starts again in {self._trace.ended(now):.0f} s"], False

    def stop(self) -> None:
        """End it within a second, for good."""
        self._trace.restart_at = None
        if self._process is not None:
            end(self._process)
            self._close()

    def kill(self) -> None:
        """End it at once; ``watch`` starts it again."""
        if self._process is not None:
            self._process.kill()

    def _close(self) -> None:
        self._trace.close()
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._process = None
