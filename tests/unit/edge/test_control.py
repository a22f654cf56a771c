"""Both ends of the control socket: what is asked is answered, and nothing that a client does harms the others."""

import json
import os
import select
import selectors
import socket
import stat
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge import control
from gateway.edge.control import ControlClient, ControlError, ControlServer
from gateway.model.command import Publish, Reply
from gateway.model.control import MAX_LINE_BYTES, Response
from gateway.model.event import Asked


class Loop(threading.Thread):
    """A packet loop that only serves the control socket: echoes each request, or answers by ``answers[do]``."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.selector = selectors.DefaultSelector()
        self.server = ControlServer(path, self.selector)
        self.answers: dict[str, object] = {}
        self.seen: list[Asked] = []
        self.publishing: list[Publish] = []
        self.ending = False
        self.start()

    def run(self) -> None:
        while not self.ending:
            for key, mask in self.selector.select(0.005):
                for asked in self.server.handle(key, mask):
                    self.seen.append(asked)
                    request = asked.request
                    data = self.answers.get(request.do, dict(request.args))
                    response = data if isinstance(data, Response) else Response(id=request.id, data=data)
                    self.server.reply(Reply(client=asked.client, response=response))
            while self.publishing and self.server.subscribers:
                self.server.publish(self.publishing.pop(0))
        self.server.close()
        self.selector.close()

    def stop(self) -> None:
        self.ending = True
        self.join(5)


@pytest.fixture
def loop(tmp_path: Path):
    served = Loop(tmp_path / "control.sock")
    yield served
    served.stop()


@pytest.fixture
def path(loop: Loop, tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def raw(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(5)
    sock.connect(str(path))
    return sock


def test_a_request_reaches_the_engine_and_its_answer_the_client(loop: Loop, path: Path) -> None:
    with ControlClient(path) as client:
        assert client.ask("pause", device="front-door", seconds=60, purpose=None) == {"device": "front-door", "seconds": 60}
    assert loop.seen[0].request.do == "pause"
    assert loop.seen[0].request.uid == os.getuid()


def test_a_refusal_is_an_error_with_a_hint(loop: Loop, path: Path) -> None:
    loop.answers["devices"] = Response(id=1, error_code="nope", message="not now", hint="later")
    with ControlClient(path) as client, pytest.raises(ControlError, match="not now") as caught:
        client.ask("devices")
    assert (caught.value.code, caught.value.hint) == ("nope", "later")


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"totals": rows}], ids=["a list", "an object"])
def test_a_long_answer_comes_in_lines_of_the_promised_length(loop: Loop, path: Path, wrap) -> None:
    rows = wrap([{"n": number, "text": '"\\\u2026' * 300} for number in range(500)])
    loop.answers["flows"] = rows
    with ControlClient(path) as client:
        assert client.ask("flows") == rows
        assert client.ask("status") == {}
    with raw(path) as sock, sock.makefile("rb") as lines:
        sock.sendall(b'{"v":1,"id":1,"do":"flows"}\n')
        while True:
            line = lines.readline()
            assert len(line) <= MAX_LINE_BYTES
            if "more" not in json.loads(line):
                break


def test_events_carry_rising_numbers(loop: Loop, path: Path) -> None:
    with ControlClient(path) as client:
        client.start()
        loop.publishing += [Publish(kind="flow", data={"n": number}) for number in range(3)]
        events: list[dict[str, object]] = []
        while len(events) < 3:
            events += client.receive(5)
        assert client.ask("status") == {}
    assert [event["seq"] for event in events] == [1, 2, 3]
    assert events[2] == {"v": 1, "event": "flow", "seq": 3, "data": {"n": 2}}


def test_a_slow_reader_is_bounded_and_told(loop: Loop, path: Path) -> None:
    with raw(path) as slow, ControlClient(path) as fast:
        slow.sendall(b'{"v":1,"id":1,"do":"subscribe"}\n')
        assert b'"ok":true' in slow.recv(100)
        fast.start()
        loop.publishing += [Publish(kind="flow", data={"text": "x" * 1_000}) for _ in range(3_000)]
        taken, deadline = 0, time.monotonic() + 20
        last = 0
        while last < 3_000 and time.monotonic() < deadline:
            for event in fast.receive(1):
                taken += 1
                last = event["seq"]
        assert last == 3_000, "the other subscriber is not held up"
        (client,) = [known for known in loop.server._clients.values() if known.lost_seq]
        assert len(client.outbox) <= control.MAX_BACKLOG_BYTES
        with slow.makefile("rb") as lines:
            seen = []
            while not seen or seen[-1]["event"] != "gap":
                seen.append(json.loads(lines.readline()))
        assert seen[-1]["seq"] == 3_000 and len(seen) < 3_000


BAD = {
    "no JSON": (b"hello", "bad-json"),
    "no object": (b"[1,2]", "bad-json"),
    "deep": (b"[" * 60_000, "bad-json"),
    "no verb": (b'{"id":3}', "unknown-verb"),
    "an unknown verb": (b'{"id":3,"do":"explode"}', "unknown-verb"),
    "a verb that is no text": (b'{"id":3,"do":{"a":1}}', "unknown-verb"),
    "a false id": (b'{"id":"x","do":"status"}', "bad-id"),
    "another version": (b'{"id":3,"v":2,"do":"status"}', "bad-version"),
    "a wrong type": (b'{"id":3,"do":"pause","device":5,"seconds":60}', "bad-argument"),
    "a truth for a number": (b'{"id":3,"do":"pause","device":"a","seconds":true}', "bad-argument"),
    "not a number": (b'{"id":3,"do":"pause","device":"a","seconds":NaN}', "bad-argument"),
    "endless": (b'{"id":3,"do":"pause","device":"a","seconds":1e999}', "bad-argument"),
    "a negative number": (b'{"id":3,"do":"flows","limit":-1}', "bad-argument"),
    "no argument": (b'{"id":3,"do":"view"}', "bad-argument"),
    "one too many": (b'{"id":3,"do":"status","now":1}', "bad-argument"),
    "no purpose": (b'{"id":3,"do":"flows","purpose":"world-peace"}', "bad-argument"),
    "a lone surrogate": (b'{"id":3,"do":"view","device":"\\ud800"}', "bad-argument"),
}


@pytest.mark.parametrize(("line", "code"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_told(loop: Loop, path: Path, line: bytes, code: str) -> None:
    with raw(path) as sock, sock.makefile("rb") as lines:
        sock.sendall(line + b"\n")
        answer = json.loads(lines.readline())
        assert answer["ok"] is False
        assert answer["error"]["code"] == code
        assert answer["error"]["message"]
        sock.sendall(b'{"id":4,"do":"status"}\n')
        assert json.loads(lines.readline()) == {"id": 4, "ok": True, "data": {}}
    assert [asked.request.do for asked in loop.seen] == ["status"]


def test_a_line_without_end_is_cut(path: Path) -> None:
    with raw(path) as sock, sock.makefile("rb") as lines:
        sock.sendall(b"x" * (MAX_LINE_BYTES + 8_192))
        assert json.loads(lines.readline())["error"]["code"] == "line-too-long"
        assert lines.readline() == b""


def test_thousands_of_lines_are_answered_or_left(loop: Loop, path: Path) -> None:
    with raw(path) as sock:
        sock.settimeout(0.5)
        sent = 0
        try:
            for _ in range(20):
                sock.sendall(b'{"id":1,"do":"flows"}\n' * 500)
                sent += 500
        except OSError:
            pass
        with ControlClient(path) as other:
            started = time.monotonic()
            assert other.ask("status") == {}
            assert time.monotonic() - started < 1.0, "another client is served meanwhile"
    assert sent >= 500
    for client in loop.server._clients.values():
        assert len(client.outbox) <= control.MAX_REPLY_BYTES


def test_nonsense_without_end_is_left(path: Path) -> None:
    with raw(path) as sock, sock.makefile("rb") as lines:
        sock.sendall(b"x\n" * control.MAX_FAULTS)
        assert len(lines.readlines()) == control.MAX_FAULTS


def test_one_client_too_many_is_refused(path: Path) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(raw(path)) for _ in range(control.MAX_CLIENTS)]
        with pytest.raises(ControlError, match="connected already"), ControlClient(path) as client:
            client.ask("status")
        clients.pop().close()
        time.sleep(0.05)
        with ControlClient(path) as client:
            assert client.ask("status") == {}


def test_a_refusal_is_heard_by_a_client_that_asks_late(path: Path) -> None:
    with ExitStack() as stack:
        for _ in range(control.MAX_CLIENTS):
            stack.enter_context(raw(path))
        client = stack.enter_context(ControlClient(path))
        assert select.select([client], [], [], 5.0)[0], "it was refused before it asked"
        with pytest.raises(ControlError, match="connected already"):
            client.ask("status")


@given(data=st.binary(max_size=2_000))
def test_any_bytes_leave_the_server_serving(data: bytes) -> None:
    selector = selectors.DefaultSelector()
    server = ControlServer.__new__(ControlServer)
    here, there = socket.socketpair(socket.AF_UNIX)
    try:
        _serve_bytes(server, selector, here, there, data)
    finally:
        here.close()
        there.close()
        selector.close()


def _serve_bytes(
    server: ControlServer, selector: selectors.BaseSelector, here: socket.socket, there: socket.socket, data: bytes
) -> None:
    server._selector, server._seq, server._clients = selector, 0, {}
    server._listener = there  # never ready: only the client's end is used
    here.setblocking(False)
    client = control._Client(1, here, 0)
    server._clients[1] = client
    key = selector.register(here, selectors.EVENT_READ, server)
    there.sendall(data + b"\n")
    for _ in range(4):
        for asked in server.handle(key, selectors.EVENT_READ) if 1 in server._clients else []:
            assert isinstance(asked, Asked)
            server.reply(Reply(client=1, response=Response(id=asked.request.id, data={})))
    there.shutdown(socket.SHUT_WR)
    answers = b""
    here.close()
    while chunk := there.recv(65_536):
        answers += chunk
    for line in answers.splitlines():
        assert "ok" in json.loads(line)


class Crowd:
    """A server and clients that behave in any way, in one thread, so that each step is looked at when it is over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.selector = selectors.DefaultSelector()
        self.server = ControlServer(path, self.selector)
        self.clients: list[socket.socket] = []
        self.asked: list[Asked] = []

    def serve(self) -> None:
        """Until nothing is left to do."""
        for _ in range(2_000):
            ready = self.selector.select(0)
            if not ready:
                break
            for key, mask in ready:
                self.asked += self.server.handle(key, mask)
        else:
            raise AssertionError("the server never rests")
        for client in self.server._clients.values():
            assert len(client.inbox) <= MAX_LINE_BYTES + control._RECV_BYTES
            assert len(client.outbox) <= control.MAX_REPLY_BYTES
            assert client.open_requests <= control.MAX_OPEN_REQUESTS
        assert len(self.server._clients) <= control.MAX_CLIENTS + 1

    def do(self, number: int, deed: str | bytes) -> None:
        """One deed of a client, or of the gateway."""
        if deed == "come":
            sock = socket.socket(socket.AF_UNIX)
            sock.setblocking(False)
            with suppress(BlockingIOError):
                sock.connect(str(self.path))
            self.clients.append(sock)
        elif deed == "answer":
            for asked in self.asked:
                data = "\u2026" * (number * 5_000)
                self.server.reply(Reply(client=asked.client, response=Response(id=asked.request.id, data=data)))
            self.asked.clear()
        elif deed == "tell":
            for _ in range(20):
                self.server.publish(Publish(kind="flow", data={"text": "x" * (number * 500)}))
        elif self.clients:
            self._of_one(self.clients[number % len(self.clients)], deed)

    def _of_one(self, sock: socket.socket, deed: str | bytes) -> None:
        with suppress(OSError):
            if isinstance(deed, bytes) or deed in BULK:
                sock.send(deed if isinstance(deed, bytes) else BULK[deed])
            elif deed == "read":
                sock.recv(1 << 16)
            elif deed == "stop writing":
                sock.shutdown(socket.SHUT_WR)
            else:
                sock.close()
                self.clients.remove(sock)

    def close(self) -> None:
        for sock in self.clients:
            sock.close()
        self.serve()
        self.server.close()
        self.selector.close()


LINES = [b'{"v":1,"id":1,"do":"%s"}\n' % verb.encode() for verb in ("status", "flows", "subscribe", "devices")]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "v", "do", "flow", "x"]), inner, max_size=4)
    ),
    max_leaves=9,
)
BULK = {
    "ask much": LINES[1] * 300,
    "empty lines": b"\n" * 3_000,
    "half a line": b"x" * 9_000,
    "nest": b"[" * 70_000,
    "babble": b"x\n" * 80,
}
WORDS = st.sampled_from(["come", "read", "answer", "tell", "tell", "stop writing", "go", *LINES, LINES[2], *BULK])
SENT = (
    st.sampled_from([LINES[0][:9], LINES[0][9:]])
    | st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode() + b"\n")
)
DEEDS = st.tuples(st.integers(0, 40), WORDS | WORDS | SENT)


@given(deeds=st.lists(DEEDS, min_size=20, max_size=60), crowd=st.sampled_from([0, 5, control.MAX_CLIENTS + 3]))
def test_whatever_clients_do_others_are_served(deeds: list[tuple[int, str | bytes]], crowd: int) -> None:
    with TemporaryDirectory() as folder:
        served = Crowd(Path(folder) / "s")
        arriving = [each for number in range(crowd) for each in ((0, "come"), (number, LINES[number % 4]))]
        for number, deed in arriving + deeds:
            served.do(number, deed)
            served.serve()
        for sock in served.clients[: max(0, len(served.clients) - control.MAX_CLIENTS + 2)]:
            served._of_one(sock, "go")
        served.serve()
        served.asked.clear()
        with raw(served.path) as sock:
            sock.sendall(LINES[0])
            served.serve()
            served.do(1, "answer")
            assert json.loads(sock.recv(1 << 16))["ok"] is True
        served.close()


def test_the_socket_is_for_its_owner_and_group(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "control.sock"))
    stale.close()
    loop = Loop(tmp_path / "control.sock")
    with ControlClient(tmp_path / "control.sock") as client:
        assert client.ask("status") == {}
    loop.stop()
    assert not (tmp_path / "control.sock").exists()


def test_a_second_gateway_is_refused(loop: Loop, path: Path) -> None:
    with pytest.raises(OSError, match="another gateway"), selectors.DefaultSelector() as selector:
        ControlServer(path, selector)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(OSError, match="no socket"), selectors.DefaultSelector() as selector:
        ControlServer(tmp_path / "file", selector)
    assert (tmp_path / "file").read_text() == "precious"


def test_a_path_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot listen"), selectors.DefaultSelector() as selector:
        ControlServer(tmp_path / ("x" * 120), selector)


def test_a_gateway_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ControlError) as caught:
        ControlClient(tmp_path / "control.sock")
    assert caught.value.code == "not-running"
    assert str(tmp_path) in caught.value.message and "netcurtain run" in caught.value.hint


def test_a_gateway_that_goes(loop: Loop, path: Path) -> None:
    with ControlClient(path) as client:
        client.start()
        loop.stop()
        with pytest.raises(ControlError) as caught:
            list(client.subscribe())
    assert caught.value.code == "gone"


def test_a_gateway_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "control.sock"))
        silent.listen()
        with ControlClient(tmp_path / "control.sock", timeout_s=0.05) as client, pytest.raises(ControlError) as caught:
            client.ask("status")
    assert caught.value.code == "no-answer"
