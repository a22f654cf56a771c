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


class Child:
    """``watch`` is called often, and tells what is wrong; nothing here raises."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = -1
        """The read end of what it writes to standard error."""
        self._said: deque[str] = deque(maxlen=20)
        self._failures = 0
        self._started_at = 0.0
        self._restart_at: float | None = None

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it, or plan the next try."""
        self._restart_at = None
        self._log, log_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log_end, bufsize=0
            )
        except OSError as err:
            self._said.append(f"{self._name} cannot be started: {err}")
            self._close_log()
            self._retry(time.monotonic())
            return
        finally:
            os.close(log_end)
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._started_at = time.monotonic()

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
        self._listen()
        if self._restart_at is not None:
            if now < self._restart_at:
                return [self._said[-1]] if self._process is None and self._said else [], False
            self.start()
            return [], self._process is not None
        if self._process is None or self._process.poll() is None:
            return [], False
        status, why = self._process.returncode, (self._said[-1] if self._said else "it said nothing")
        self._close()
        if now - self._started_at > STEADY_S:
            self._failures = 0
        return [f"{self._name} ended (status {status}): {why}; it starts again in {self._retry(now):.0f} s"], False

    def stop(self) -> None:
        """End it within a second, for good."""
        self._restart_at = None
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def kill(self) -> None:
        """End it at once; ``watch`` starts it again."""
        if self._process is not None:
            self._process.kill()

    def _retry(self, now: float) -> float:
        """Plan the next start, later each time; returns the seconds until then."""
        wait_s = min(MAX_BACKOFF_S, 2.0**self._failures)
        self._failures += 1
        self._restart_at = now + wait_s
        return wait_s

    def _listen(self) -> None:
        """Take what it says of itself, so that it never waits for us."""
        with contextlib.suppress(BlockingIOError):
            while self._log >= 0 and (chunk := os.read(self._log, 65_536)):
                for line in chunk.decode(errors="replace").splitlines():
                    self._said.append(line)
                    log.debug("%s: %s", self._name, line)

    def _close(self) -> None:
        self._listen()
        self._close_log()
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._process = None

    def _close_log(self) -> None:
        if self._log >= 0:
            os.close(self._log)
        self._log = -1
