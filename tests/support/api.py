"""The panel's API in front of a gateway that answers what a test says: the real control socket, a real ledger, real files."""

import asyncio
import selectors
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from http.cookies import SimpleCookie
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from starlette.requests import Request as PlainRequest
from starlette.responses import Response as PlainResponse

from gateway.edge.control import ControlServer
from gateway.edge.ledger import Ledger
from gateway.model.command import Reply
from gateway.model.control import Request
from gateway.model.control import Response as Answer
from gateway.model.record import FlowRecord
from gateway.panel.access import Access, Keep
from gateway.panel.access.cookie import SESSION, Cookie, Cookies
from gateway.panel.access.csrf import Csrf
from gateway.panel.access.session import Role
from gateway.panel.app import build
from gateway.panel.panel import Panel, PanelSettings
from tests.support.panel import DOOR, HOUSEHOLD, LAMP, YARD, Told, row

OWNER, READER = "seven green kettles", "eleven odd umbrellas"
ROLES: dict[str, Role] = {"household": "owner", "bea": "reader"}
FIRST_ID = 1_000
GUESS = {
    "vendor": "philips-hue", "profile": "hue-bridge", "confidence": 0.62, "sure": False,
    "because": ["calls itself Philips-hue"],
}  # fmt: skip


def flow(number: int, now: float, **changes: Any) -> FlowRecord:
    """The flow of this number, one a minute, the last one now; every third one passed."""
    plain = FlowRecord(
        flow_id=FIRST_ID - number, started=now - 60.0 * number, proto=6, src=bytes([192, 168, 50, 40]), sport=40_000,
        dst=bytes([192, 0, 2, 7]), dport=443, device=DOOR, device_id="front-door", profile="ring-doorbell", app_proto="tls",
        server_name="es.example.com", name_source="sni", purpose="telemetry", confidence=0.9, action="block", effect="refuse",
        rule="profiles/ring-doorbell.yaml:12", reason="usage reports stay at home", held_bytes=517, attempts=2,
    )  # fmt: skip
    passed = {"effect": "pass", "purpose": "control", "action": "allow", "held_bytes": 0, "bytes_toserver": 1_500}
    return plain._replace(**(({} if number % 3 else passed) | changes))


def write_ledger(path: Path, records: list[FlowRecord]) -> None:
    """A ledger that holds them."""
    ledger = Ledger(path, wall=time.time, batch_s=0.005, may_prune=lambda: False)
    for record in records:
        ledger.put(record)
    assert ledger.flush()
    ledger.close()


class Talking(threading.Thread):
    """A gateway that only talks: ``answers`` by verb, a value or what makes one of the arguments."""

    def __init__(self, path: Path, answers: Mapping[str, Any]) -> None:
        super().__init__(daemon=True)
        self._selector = selectors.DefaultSelector()
        self.server = ControlServer(path, self._selector)
        self.answers = dict(answers)
        self.asked: list[Request] = []
        self._over = False
        self.start()

    def run(self) -> None:
        """Serve."""
        while not self._over:
            for key, mask in self._selector.select(0.01):
                for asked in self.server.handle(key, mask):
                    self.asked.append(asked.request)
                    self.server.reply(Reply(client=asked.client, response=self._answer(asked.request)))
        self.server.close()
        self._selector.close()

    def _answer(self, request: Request) -> Answer:
        found = self.answers.get(request.do, {})
        data = found(request.args) if callable(found) else found
        return replace(data, id=request.id) if isinstance(data, Answer) else Answer(id=request.id, data=data)

    def stop(self) -> None:
        """Go."""
        self._over = True
        self.join(5)


class Opened:
    """What is open for a while, as the gateway keeps it."""

    def __init__(self) -> None:
        self.grants: list[dict[str, Any]] = []
        self.forgetting: list[dict[str, Any]] = []

    def forget(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The verb that begins to forget a device."""
        begun = {"mac": args["device"], "remaining_s": args["seconds"], "erasing": False}
        self.forgetting = [one for one in self.forgetting if one["mac"] != args["device"]] + [begun]
        return begun

    def keep(self, args: Mapping[str, Any]) -> Any:
        """The verb that takes that back."""
        kept = [one for one in self.forgetting if one["mac"] == args["device"]]
        self.forgetting = [one for one in self.forgetting if one not in kept]
        return kept[0] if kept else TOO_LATE

    def open(self, kind: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        """The verb that opens one."""

        def do(args: Mapping[str, Any]) -> dict[str, Any]:
            grant = {
                "kind": kind, "device": args["device"], "purpose": "video" if kind == "viewing" else args.get("purpose"),
                "remaining_s": args.get("seconds", 900.0), "open_s": 0.0, "by": "", "because": "", "confidence": 1.0,
            }  # fmt: skip
            self.grants.append(grant)
            return grant

        return do

    def stop(self, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The verb that ends them."""
        wanted = {key: value for key, value in args.items() if key in ("device", "kind", "purpose") and value}
        ended = [one for one in self.grants if all(one[key] == value for key, value in wanted.items())]
        self.grants = [one for one in self.grants if one not in ended]
        return ended


def answers(opened: Opened) -> dict[str, Any]:
    """What the gateway says where a test says nothing else."""
    told = Told()
    explained = {"flow": {}, "grant": "", "cost": "", "would_pass_if": "telemetry were allowed"}
    devices = [*told.devices, row(LAMP, "192.168.50.45", hostname="Philips-hue", guess=GUESS, set_up_s=700)]
    problems = [
        {"what": "dnsmasq", "message": "it ended", "at": 1_795_340_000.0},
        {"what": "queue", "message": "it was full", "at": 1.0, "over_at": 2.0},
    ]
    questions = [{"device": YARD, "purpose": "unknown", "name": "odd.example.com", "asked_at": 1_795_340_000.0}]
    return {
        "status": lambda args: told.status | {"problems": problems, "questions": questions} | vars(opened),
        "devices": devices,
        "explain": lambda args: explained if args["flow"] == FIRST_ID - 1 else UNKNOWN_FLOW,
        "pause": opened.open("pause"), "allow": opened.open("allowance"), "view": opened.open("viewing"), "stop": opened.stop,
        "forget": opened.forget, "keep": opened.keep,
    }  # fmt: skip


UNKNOWN_FLOW = Answer(id=0, error_code="unknown-flow", message="that flow is not among the last", hint="`netcurtain flows`")
TOO_LATE = Answer(id=0, error_code="too-late", message="nobody waits for it to be forgotten")


@dataclass(slots=True, kw_only=True)
class Program:
    """Somebody's program, with a session's cookie."""

    app: FastAPI
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    language: str = "en"

    def send(self, method: str, path: str, **more: Any) -> Response:
        """One request; what changes something bears the token."""
        headers = {"accept-language": self.language, "x-csrf-token": self.token} | more.pop("headers", {})
        return asyncio.run(self._send(method, path, headers=headers, **more))

    async def _send(self, method: str, path: str, **more: Any) -> Response:
        transport = ASGITransport(app=self.app, client=("127.0.0.1", 50_000), raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://127.0.0.1", cookies=self.cookies) as client:
            return await client.request(method, path, **more)

    def get(self, path: str) -> Any:
        """A document; AssertionError where there is none."""
        response = self.send("GET", path)
        assert response.status_code == 200, response.text
        return response.json()


@dataclass(slots=True, kw_only=True)
class ServedApi:
    """The parts that a test looks at."""

    app: FastAPI
    panel: Panel
    gateway: Talking
    opened: Opened
    household: Path
    now: float

    @property
    def owner(self) -> Program:
        """Who may change things."""
        return self.session("household")

    @property
    def reader(self) -> Program:
        """Who may only look."""
        return self.session("bea")

    @property
    def stranger(self) -> Program:
        """Nobody."""
        return Program(app=self.app)

    def session(self, account: str) -> Program:
        """A program that an account has logged in with."""
        access = self.panel.access
        session, token = access.sessions.open(
            account=account, role=ROLES[account], address="127.0.0.1", agent="Test/1.0", by="password"
        )  # fmt: skip
        response = PlainResponse()
        plain = PlainRequest({"type": "http", "scheme": "http", "server": ("127.0.0.1", 80), "path": "/", "headers": []})
        Cookies(access.keep.secret).write(plain, response, Cookie(name=SESSION, value=token))
        cookie = SimpleCookie(response.headers["set-cookie"])[SESSION].value
        return Program(app=self.app, cookies={SESSION: cookie}, token=Csrf(access.keep.secret).token(session.id))


@cache
def _claimed() -> bytes:
    """The file of a claimed panel: its passwords are hashed once, which takes long."""
    with TemporaryDirectory() as folder:
        access = Access(Keep(Path(folder) / "panel.json"))
        access.accounts.add("household", "owner", OWNER)
        access.add_reader("bea", READER)
        return (Path(folder) / "panel.json").read_bytes()


@contextmanager
def serving_api(folder: Path, *, flows: int = 12) -> Iterator[ServedApi]:
    """A claimed panel with an account that may only look, over ``folder``; the ledger holds so many flows."""
    now = time.time()
    policies = folder / "policies"
    policies.mkdir()
    household = policies / "household.yaml"
    household.write_text(HOUSEHOLD, encoding="utf-8")
    write_ledger(folder / "ledger.db", [flow(number, now) for number in reversed(range(flows))])
    state = folder / "state"
    state.mkdir()
    (state / "panel.json").write_bytes(_claimed())
    opened = Opened()
    gateway = Talking(folder / "control.sock", answers(opened))
    panel = Panel(
        PanelSettings(
            control=folder / "control.sock", policies=(policies,), state_dir=state, ledger=folder / "ledger.db"
        )  # fmt: skip
    )
    try:
        yield ServedApi(app=build(panel), panel=panel, gateway=gateway, opened=opened, household=household, now=now)
    finally:
        panel.close()
        gateway.stop()
