"""The control socket: one JSON object per line over a UNIX socket, both ends of it.

The server belongs to a selector of the packet loop and never waits: each client has bounded buffers, a reader that falls
behind loses events (and is told: ``gap``), one that does not read its replies is left. Bytes that are no request get an
error for a reply, never an exception. ``client`` is the end for the command line, the panel and the bridge.
"""

import contextlib
import errno
import os
import selectors
import socket
import stat
import struct
from pathlib import Path

from gateway.model.command import Publish, Reply
from gateway.model.control import MAX_LINE_BYTES, Request, Response
from gateway.model.event import Asked
from gateway.model.record import FlowRecord

from .control_client import ControlClient, ControlError
from .control_line import encode_event, encode_response, parse_request

__all__ = ["ControlClient", "ControlError", "ControlServer"]

MAX_CLIENTS = 32
MAX_BACKLOG_BYTES = 256 * 1024
"""Events beyond it are lost to a reader that falls behind."""
MAX_REPLY_BYTES = 8 * 1024 * 1024
"""A client that leaves more than this unread is disconnected."""
MAX_OPEN_REQUESTS = 64
MAX_FAULTS = 64
"""Lines that are no JSON, after which a client is left."""
_RECV_BYTES = 8_192
"""Few enough that one readiness holds no more lines than the packet loop has time for."""
_SEND_BYTES = 65_536


class _Client:
    """One connection."""

    __slots__ = (
        "closing", "faults", "inbox", "is_subscribed", "lost_seq", "mask", "number", "open_requests", "outbox", "sock", "uid",
    )  # fmt: skip

    def __init__(self, number: int, sock: socket.socket, uid: int) -> None:
        self.number = number
        self.sock = sock
        self.uid = uid
        self.inbox = bytearray()
        self.outbox = bytearray()
        self.open_requests = 0
        self.is_subscribed = False
        self.faults = 0
        self.lost_seq = 0
        """The last event that it lost and was not told of; 0 if none."""
        self.closing = False
        self.mask = selectors.EVENT_READ


class ControlServer:
    """The gateway's end."""

    def __init__(self, path: Path, selector: selectors.BaseSelector, *, group: int = -1) -> None:
        """Listen at ``path`` (mode 0660, and that group's where one is given). OSError if another gateway does."""
        self._path = path
        self._selector = selector
        self._clients: dict[int, _Client] = {}
        self._next_number = 0
        self._seq = 0
        self._listener = _listen(path, group)
        self._selector.register(self._listener, selectors.EVENT_READ, self)

    @property
    def subscribers(self) -> int:
        """How many want to hear events: with none, nothing needs to be published."""
        return sum(client.is_subscribed for client in self._clients.values())

    def handle(self, key: selectors.SelectorKey, mask: int) -> list[Asked]:
        """Serve one readiness of the selector; requests that are well formed come back as events."""
        if key.fileobj is self._listener:
            self._accept()
            return []
        client = self._by_socket(key.fd)
        if client is None:
            return []
        asked: list[Asked] = []
        if mask & selectors.EVENT_READ:
            asked = self._receive(client)
        if mask & selectors.EVENT_WRITE:
            self._flush(client)
        return asked

    def reply(self, command: Reply) -> None:
        """Answer; a client that has left meanwhile gets nothing."""
        client = self._clients.get(command.client)
        if client is None:
            return
        client.open_requests = max(0, client.open_requests - 1)
        self._answer(client, command.response)

    def publish(self, command: Publish) -> None:
        """Tell every subscriber."""
        self._seq += 1
        line = b""
        for client in [client for client in self._clients.values() if client.is_subscribed]:
            if not line:
                data = command.data.eve() if isinstance(command.data, FlowRecord) else command.data
                line = encode_event(command.kind, self._seq, data)
            self._tell(client, line)

    def close(self) -> None:
        """Leave every client, and remove the socket."""
        for client in list(self._clients.values()):
            self._flush(client)
            self._drop(client)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _tell(self, client: _Client, line: bytes) -> None:
        """An event, or once for all that had no room: a gap."""
        if len(client.outbox) + len(line) > MAX_BACKLOG_BYTES:
            client.lost_seq = self._seq
            return
        self._admit_gap(client)
        client.outbox += line
        self._flush(client)

    def _admit_gap(self, client: _Client) -> None:
        if client.lost_seq:
            client.outbox += encode_event("gap", client.lost_seq, {})
            client.lost_seq = 0

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # it left before we looked, or descriptors ran out: the next readiness tries again
        sock.setblocking(False)
        self._next_number += 1
        client = _Client(self._next_number, sock, _peer_uid(sock))
        self._clients[client.number] = client
        self._selector.register(sock, selectors.EVENT_READ, self)
        if len(self._clients) > MAX_CLIENTS:
            self._refuse(client, 0, "busy", f"{MAX_CLIENTS} clients are connected already", "close another one first")

    def _receive(self, client: _Client) -> list[Asked]:
        try:
            chunk = client.sock.recv(_RECV_BYTES)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            chunk = b""
        if not chunk:
            self._drop(client)
            return []
        client.inbox += chunk
        *lines, rest = client.inbox.split(b"\n")
        client.inbox = rest
        asked = [event for line in lines for event in self._take(client, bytes(line)) if not client.closing]
        if len(rest) > MAX_LINE_BYTES and not client.closing:
            self._refuse(client, 0, "line-too-long", f"a line has more than {MAX_LINE_BYTES} bytes", "send one request a line")
        self._watch(client)
        return asked

    def _take(self, client: _Client, line: bytes) -> list[Asked]:
        """One line -> the event, or none where it is answered here."""
        if not line.strip() or client.closing:
            return []
        parsed = parse_request(line, uid=client.uid)
        if isinstance(parsed, Response):
            client.faults += parsed.error_code == "bad-json"
            client.closing = client.faults >= MAX_FAULTS
            self._answer(client, parsed)
        elif parsed.do == "subscribe":
            self._subscribe(client, parsed)
        elif client.open_requests >= MAX_OPEN_REQUESTS:
            busy = f"{MAX_OPEN_REQUESTS} requests of this connection wait for their answers"
            self._answer(client, Response(id=parsed.id, error_code="busy", message=busy, hint="read the answers first"))
        else:
            client.open_requests += 1
            return [Asked(request=parsed, client=client.number)]
        return []

    def _subscribe(self, client: _Client, request: Request) -> None:
        client.is_subscribed = True
        self._answer(client, Response(id=request.id, data={"seq": self._seq}))

    def _refuse(self, client: _Client, number: int, code: str, message: str, hint: str) -> None:
        """Answer, and leave once that was read."""
        client.closing = True
        self._answer(client, Response(id=number, error_code=code, message=message, hint=hint))

    def _answer(self, client: _Client, response: Response) -> None:
        client.outbox += encode_response(response)
        if len(client.outbox) > MAX_REPLY_BYTES:
            self._drop(client)
            return
        self._flush(client)

    def _flush(self, client: _Client) -> None:
        try:
            while client.outbox:
                del client.outbox[: client.sock.send(memoryview(client.outbox)[:_SEND_BYTES].tobytes())]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._drop(client)
            return
        if client.closing and not client.outbox:
            self._drop(client)
            return
        if client.lost_seq and not client.outbox:
            self._admit_gap(client)
        self._watch(client)

    def _watch(self, client: _Client) -> None:
        """Ask the selector for what this client can do now: one that does not read is not read from."""
        if client.number not in self._clients:
            return
        is_reading = not client.closing and len(client.outbox) < MAX_BACKLOG_BYTES
        mask = (selectors.EVENT_READ if is_reading else 0) | (selectors.EVENT_WRITE if client.outbox else 0)
        if mask and mask != client.mask:
            self._selector.modify(client.sock, mask, self)
            client.mask = mask

    def _drop(self, client: _Client) -> None:
        if self._clients.pop(client.number, None) is None:
            return
        client.closing = True
        self._selector.unregister(client.sock)
        client.sock.close()

    def _by_socket(self, fd: int) -> _Client | None:
        for client in self._clients.values():
            if client.sock.fileno() == fd:
                return client
        return None


def _listen(path: Path, group: int) -> socket.socket:
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    mask = os.umask(0o117)  # from its first moment on nobody else may connect
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        listener.bind(str(path))
    except OSError as err:
        listener.close()
        raise OSError(err.errno or 0, f"cannot listen at {path}: {err.strerror or err}") from err
    finally:
        os.umask(mask)
    if group >= 0:
        os.chown(path, -1, group)
    listener.listen(MAX_CLIENTS)
    listener.setblocking(False)
    return listener


def _remove_stale(path: Path) -> None:
    """Remove a socket that a gateway left behind when it was killed. OSError if one still answers there."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError(errno.EEXIST, f"{path} exists and is no socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
                return
        raise OSError(errno.EADDRINUSE, f"another gateway serves {path}")


def _peer_uid(sock: socket.socket) -> int:
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", raw)[1])
