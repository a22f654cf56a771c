"""The other end of the control socket: for the command line, the panel and the bridge."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.model.control import MAX_LINE_BYTES

from .control_line import encode_request

_RECV_BYTES = 65_536


class ControlError(Exception):
    """A request that was refused, or a gateway that was not reached (``not-running``, ``no-permission``, ``gone``, …)."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class ControlClient:
    """One connection; a context manager."""

    def __init__(self, path: Path | str, *, timeout_s: float = 5.0) -> None:
        """Connect. ControlError if no gateway answers at ``path``."""
        self._path = Path(path)
        self._timeout_s = timeout_s
        self._buffer = bytearray()
        self._events: list[dict[str, Any]] = []
        self._next_id = 0
        self._sock = self._connect()

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._sock.close()

    def fileno(self) -> int:
        """For a selector: readable when ``receive`` has something to take."""
        return self._sock.fileno()

    def ask(self, do: str, **args: Any) -> Any:
        """One request and its data. ControlError where it is refused, or no answer comes in time."""
        self._next_id += 1
        given = {key: value for key, value in args.items() if value is not None}
        self._send(encode_request(self._next_id, do, given))
        parts: list[str] = []
        while True:
            answer = self._next_answer()
            if not answer.get("ok"):
                error = answer.get("error") or {}
                raise ControlError(error.get("code", "failed"), error.get("message", "refused"), error.get("hint", ""))
            if "part" not in answer:
                return answer.get("data")
            parts.append(answer["part"])
            if not answer.get("more"):
                return json.loads("".join(parts))

    def subscribe(self) -> Iterator[dict[str, Any]]:
        """Events as they come, until the gateway goes: ``{"event": …, "seq": n, "data": …}``."""
        self.start()
        while True:
            yield from self.receive()

    def start(self) -> None:
        """Ask for events; ``receive`` takes them."""
        self.ask("subscribe")

    def receive(self, timeout_s: float | None = None) -> list[dict[str, Any]]:
        """Events that have come; waits for the first one, at most ``timeout_s`` (None: for ever). ControlError at the end."""
        if not self._events and not self._take_lines():
            self._sock.settimeout(timeout_s)
            try:
                self._fill()
            except (TimeoutError, BlockingIOError):
                return []
            self._take_lines()
        events, self._events = self._events, []
        return events

    def _next_answer(self) -> dict[str, Any]:
        self._sock.settimeout(self._timeout_s)
        while True:
            for message in self._messages():
                if "event" in message:
                    self._events.append(message)
                elif message.get("id") in (self._next_id, 0):
                    return message
            try:
                self._fill()
            except TimeoutError as err:
                hint = "it may be busy; look at its log"
                raise ControlError("no-answer", f"the gateway did not answer within {self._timeout_s:g} s", hint) from err

    def _take_lines(self) -> bool:
        self._events += [message for message in self._messages() if "event" in message]
        return bool(self._events)

    def _messages(self) -> Iterator[dict[str, Any]]:
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            try:
                message = json.loads(line)
            except ValueError as err:
                raise self._stranger() from err
            if not isinstance(message, dict):
                raise self._stranger()
            yield message

    def _fill(self) -> None:
        try:
            chunk = self._sock.recv(_RECV_BYTES)
        except (TimeoutError, BlockingIOError):
            raise
        except OSError:
            chunk = b""
        if not chunk:
            raise ControlError("gone", "the gateway closed the connection", "it was stopped, or restarts")
        self._buffer += chunk
        if len(self._buffer) > 2 * MAX_LINE_BYTES and b"\n" not in self._buffer:
            raise self._stranger()

    def _send(self, line: bytes) -> None:
        self._sock.settimeout(self._timeout_s)
        try:
            self._sock.sendall(line)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has left already: what it said before, or that it left, is read next
        except OSError as err:
            raise ControlError("gone", "the gateway closed the connection", "it was stopped, or restarts") from err

    def _stranger(self) -> ControlError:
        return ControlError("bad-answer", f"what answers at {self._path} does not speak Netcurtain's protocol", "")

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        sock.settimeout(self._timeout_s)
        try:
            sock.connect(str(self._path))
        except OSError as err:
            sock.close()
            raise _unreachable(self._path, err) from err
        return sock


def _unreachable(path: Path, err: OSError) -> ControlError:
    if isinstance(err, PermissionError):
        hint = "use sudo, or join the group that owns the socket"
        return ControlError("no-permission", f"you may not use the control socket {path}", hint)
    hint = "start it with `netcurtain run`, or say where it is with --control SOCKET; `netcurtain doctor` tells what is missing"
    if isinstance(err, FileNotFoundError):
        return ControlError("not-running", f"the gateway is not running: there is no control socket {path}", hint)
    if isinstance(err, ConnectionRefusedError):
        return ControlError("not-running", f"the gateway is not running: nobody answers at {path}", hint)
    return ControlError("not-running", f"the gateway cannot be reached at {path}: {err.strerror or err}", hint)
